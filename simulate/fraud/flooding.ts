import type { Actor } from '../agenda.ts';
import { mobileNumber } from '../numbers.ts';
import { DOMAIN, type Host, proxyFor } from '../operator.ts';
import { type RequestFacts, request, response } from '../sip-text.ts';
import type { World } from '../world.ts';
import { type Episode, type FraudScript, isOver } from './episode.ts';

/** One request outside a dialog and its answer. */
export function* ask(
  world: World,
  host: Host,
  method: string,
  user: string,
  from: string,
  status: string,
  body = '',
): Actor {
  const id = world.identifier();
  const proxy = proxyFor(host);
  const facts: RequestFacts = {
    method,
    uri: `sip:${user}@${DOMAIN}`,
    vias: [`SIP/2.0/UDP ${host.hostPort};rport;branch=z9hG4bKq${id}`],
    from: `<sip:${from}@${DOMAIN}>;tag=q${id}`,
    to: `<sip:${user}@${DOMAIN}>`,
    callId: `${id}@${host.address}`,
    cseq: 1,
    body,
  };
  world.send(host, proxy, request(facts), true);
  yield world.random.between(2, 25);
  world.send(proxy, host, response(status, facts, `${facts.to};tag=p${id}`));
  if (method !== 'INVITE') return;
  yield 5;
  world.send(
    host,
    proxy,
    request({ ...facts, method: 'ACK', to: `${facts.to};tag=p${id}`, headers: [], body: '' }),
  );
}

/** Text messages to one number after the other, two a second. */
export const smsBurst: FraudScript = {
  hour: 14,
  hours: 0.2,
  byOwner: true,
  commit: (episode) => episode.world.start(writes(episode)),
};

function* writes(episode: Episode): Actor {
  const { world, random, line, label } = episode;
  const first = Number(mobileNumber(random).number);
  for (let i = 0; !isOver(episode); i++) {
    yield random.between(400, 600);
    label.otherRequests++;
    world.start(
      ask(world, line.device.host, 'MESSAGE', String(first + i), line.id, '202 Accepted', 'You have won.'),
    );
  }
}

/** A device gone wild, or an attack: far more transactions than telephony needs. */
export const transactionFlood: FraudScript = {
  hour: 11,
  hours: 0.03,
  byOwner: true,
  commit: (episode) => episode.world.start(floods(episode)),
};

function* floods(episode: Episode): Actor {
  const { world, random, line, label } = episode;
  const pauseMs = 1_000 / (45 + random.below(50));
  while (!isOver(episode)) {
    yield pauseMs;
    label.otherRequests++;
    const method = random.pick(['OPTIONS', 'SUBSCRIBE', 'PUBLISH']);
    world.start(
      ask(
        world,
        line.device.host,
        method,
        line.id,
        line.id,
        method === 'OPTIONS' ? '200 OK' : '489 Bad Event',
      ),
    );
  }
}
