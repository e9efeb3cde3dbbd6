import { CHARGED, callEvents, type DetectorCase, many, merged, NOON_MS, STRANGER } from '../cases-events.ts';
import type { Charged, Destination, Event } from '../vocabulary.ts';

const detector = 'compromised-account';
const ATTACKER = '198.51.100.66';

const refusals = (count: number): Event[] =>
  many(count, (n) => ({
    type: 'credentials',
    atMs: NOON_MS + n * 10_000,
    charged: STRANGER,
    claimed: '100',
    claimedLine: '100',
    accepted: false,
    method: 'REGISTER',
    userAgent: 'x',
    callId: `guess-${n}`,
    refusedBefore: n,
  }));

function accepted(minute: number, source: string, refusedBefore: number, newNetwork: boolean): Event {
  return {
    type: 'credentials',
    atMs: NOON_MS + minute * 60_000,
    charged: { ...CHARGED, trunk: null, source, newNetwork },
    claimed: '100',
    claimedLine: '100',
    accepted: true,
    method: 'REGISTER',
    userAgent: 'x',
    callId: `in-${minute}`,
    refusedBefore,
  };
}

const calls = (
  count: number,
  fromMinute: number,
  newNetwork: boolean,
  destination: Partial<Destination>,
  places: Partial<Charged> = {},
) =>
  merged(
    ...many(count, (n) =>
      callEvents({
        startMs: at(fromMinute + n),
        callId: `abuse-${n}`,
        charged: { source: newNetwork ? ATTACKER : CHARGED.source, newNetwork, home: 'FR', ...places },
        destination,
      }),
    ),
  );

const at = (minute: number) => NOON_MS + minute * 60_000;
const premium = { kind: 'premium', country: 'FR' } as const;
const abroad = { kind: 'mobile', country: 'CI' } as const;
/** The network is in the Netherlands, the line was only ever used in France. */
const moved = { country: 'NL', countryBefore: 'FR' } as const;

export const compromisedAccountCases: readonly DetectorCase[] = [
  {
    detector,
    title:
      'twenty refusals, then accepted from there, then three premium calls: alert at the acceptance, sure at the third call',
    events: merged(refusals(20), [accepted(10, ATTACKER, 20, true)], calls(3, 11, true, premium)),
    firesAtMs: [at(10)],
    significantAtMs: at(13),
  },
  {
    detector,
    title: 'the same with two premium calls is not sure',
    events: merged(refusals(20), [accepted(10, ATTACKER, 20, true)], calls(2, 11, true, premium)),
    firesAtMs: [at(10)],
    significantAtMs: null,
  },
  {
    detector,
    title: 'nineteen refusals before the acceptance: a phone with a wrong password, put right',
    events: merged(refusals(19), [accepted(10, ATTACKER, 19, true)]),
    firesAtMs: [],
  },
  {
    detector,
    title: 'a thousand refusals, and nobody ever accepted from a new place: the line is not judged',
    events: merged(refusals(1000), [accepted(170, CHARGED.source, 0, false)], calls(5, 171, false, premium)),
    firesAtMs: [],
  },
  {
    detector,
    title: 'guessed from one network, used from another new one: sure with the tenth country call',
    events: merged(refusals(20), [accepted(10, '203.0.113.77', 0, true)], calls(10, 11, true, abroad)),
    firesAtMs: [at(10)],
    significantAtMs: at(20),
  },
  {
    detector,
    title: 'no guessing: three premium calls from a new network alert, nine are sure',
    events: merged([accepted(0, ATTACKER, 0, true)], calls(9, 1, true, premium)),
    firesAtMs: [at(3)],
    significantAtMs: at(9),
  },
  {
    detector,
    title: 'no guessing: two premium calls from a new network',
    events: merged([accepted(0, ATTACKER, 0, true)], calls(2, 1, true, premium)),
    firesAtMs: [],
  },
  {
    detector,
    title: 'no guessing: nine international calls from a new network, someone on a journey',
    events: merged([accepted(0, ATTACKER, 0, true)], calls(9, 1, true, abroad)),
    firesAtMs: [],
  },
  {
    detector,
    title: 'premium calls from a known network',
    events: calls(50, 1, false, premium),
    firesAtMs: [],
  },
  {
    detector,
    title: 'calls within the country from a new network: a move of house',
    events: merged([accepted(0, ATTACKER, 0, true)], calls(50, 1, true, { kind: 'mobile', country: 'FR' })),
    firesAtMs: [],
  },
  {
    detector,
    title: 'in a country new to the line, the fifth call to a third one',
    events: calls(5, 1, true, abroad, moved),
    firesAtMs: [at(5)],
    significantAtMs: null,
  },
  { detector, title: 'four of them', events: calls(4, 1, true, abroad, moved), firesAtMs: [] },
  {
    detector,
    title: 'the same nine calls from a network that is new in a country that is not',
    events: calls(9, 1, true, abroad, { country: 'FR', countryBefore: null }),
    firesAtMs: [],
  },
  {
    detector,
    title: 'on a journey: calls home and within the country are no third one',
    events: merged(
      calls(50, 1, true, { kind: 'mobile', country: 'FR' }, moved),
      calls(9, 60, true, { kind: 'mobile', country: 'NL' }, moved),
    ),
    firesAtMs: [],
  },
  {
    detector,
    title: 'guessed, then used from a new country: sure with the fifth call to a third one',
    events: merged(refusals(20), [accepted(10, ATTACKER, 0, true)], calls(5, 11, true, abroad, moved)),
    firesAtMs: [at(10)],
    significantAtMs: at(15),
  },
  {
    detector,
    title: 'home is the operator’s country: for a Belgian one ten calls to France are international',
    events: calls(10, 1, true, { kind: 'mobile', country: 'FR' }, { home: 'BE' }),
    firesAtMs: [at(10)],
  },
  {
    detector,
    title: 'unless the rule names another home',
    parameters: { home: 'FR' },
    events: calls(50, 1, true, { kind: 'mobile', country: 'FR' }, { home: 'BE' }),
    firesAtMs: [],
  },
];
