/**
 * Sentences that the daemon says, as it says them with `#` for each figure, and in French. One that is not here is shown as it came.
 */
const french: Readonly<Record<string, string>> = {
  '# more call': '# appel de plus',
  '# more calls': '# appels de plus',
  'one more call at once': 'un appel de plus à la fois',
  '# more calls at once': '# appels de plus à la fois',
  '# more minutes': '# minutes de plus',
  '# more begun minutes': '# minutes entamées de plus',
  '# more minutes in this hour': '# minutes de plus dans l’heure',
  '# more minutes in this day': '# minutes de plus dans la journée',
  '# more of the currency in this hour': '# unités monétaires de plus dans l’heure',
  '# more of the currency in this day': '# unités monétaires de plus dans la journée',
  'more than # EUR of further calls': 'plus de # EUR d’appels encore',
  '# more new number': '# nouveau numéro de plus',
  '# more new numbers': '# nouveaux numéros de plus',
  '# more different numbers': '# numéros différents de plus',
  '# more device': '# appareil de plus',
  '# more devices': '# appareils de plus',
  '# signs in all': '# indices en tout',
  'the first endpoint with that verdict': 'le premier terminal avec ce verdict',
  'the #th transaction within # s': 'la #e transaction en # s',
  'the #th message within # s': 'le #e message en # s',
  '# more unanswered attempt': '# tentative sans réponse de plus',
  '# more unanswered attempts': '# tentatives sans réponse de plus',
  '# more unanswered attempt (minimum sample #)':
    '# tentative sans réponse de plus (échantillon minimal : #)',
  '# more unanswered attempts (minimum sample #)':
    '# tentatives sans réponse de plus (échantillon minimal : #)',
  '# more unanswered attempts (an alert before the minimum sample of #)':
    '# tentatives sans réponse de plus (une alerte avant l’échantillon minimal de #)',
  'a mean under # s once # more calls have ended': 'une moyenne sous # s dès # appels terminés de plus',
  'a call shorter than # s': 'un appel de moins de # s',
  '# more calls of no length': '# appels de durée nulle de plus',
  'embedded Redis answers': 'le Redis intégré répond',
  'Redis answers': 'Redis répond',
  'embedded Redis does not answer: measuring goes on in memory, nothing is suspended or lifted; check redis.url and the server':
    'le Redis intégré ne répond pas : la mesure continue en mémoire, rien n’est suspendu ni levé ; vérifiez redis.url et le serveur',
  'Redis does not answer: measuring goes on in memory, nothing is suspended or lifted; check redis.url and the server':
    'Redis ne répond pas : la mesure continue en mémoire, rien n’est suspendu ni levé ; vérifiez redis.url et le serveur',
  'listening on udp #:#, tcp #:#': 'à l’écoute sur udp #:#, tcp #:#',
  'version # loaded': 'version # chargée',
  'network.proxies is configured': 'network.proxies est configuré',
  '# of # updates wait for Redis, # dropped since the start':
    '# mises à jour sur # attendent Redis, # perdues depuis le démarrage',
  released: 'desserré',
  'notices queued': 'avis mis en file',
  'notice given': 'avis donné',
  'the time of the suspension is over': 'la durée de la suspension est écoulée',
  'lifted with a grace that still runs': 'levée avec une grâce qui court encore',
  'lifted after the finding came in': 'levée après l’arrivée du constat',
  'no proxy is configured that can end calls': 'aucun proxy configuré ne peut couper d’appels',
  '# call to end': '# appel à couper',
  '# calls to end': '# appels à couper',
  'a source address can be forged: only its registrations are blocked, never calls':
    'une adresse source se falsifie : seuls ses enregistrements sont bloqués, jamais les appels',
  'the address is one of network.proxies, network.carriers or network.protected and is never blocked':
    'l’adresse figure dans network.proxies, network.carriers ou network.protected et n’est jamais bloquée',
  'more than # subjects, or # % of the lines, were about to be suspended within # s':
    'plus de # sujets, ou # % des lignes, allaient être suspendus en # s',
  'none of its calls goes on': 'aucun de ses appels ne se poursuit',
};

/** Beside the other words: `said.` and the sentence. English needs none. */
export const said: Readonly<Record<string, readonly [string, string]>> = Object.fromEntries(
  Object.entries(french).map(([sentence, other]) => [`said.${sentence}`, ['', other]]),
);
