import { CHARGED, type DetectorCase, many, NOON_MS } from '../cases-events.ts';
import type { Event, LossSign } from '../vocabulary.ts';

const detector = 'udp-flood-filter';
const MINUTE_MS = 60_000;

const delivery = (minute: number, sign: LossSign | null, well = 0): Event => ({
  type: 'delivery',
  atMs: NOON_MS + minute * MINUTE_MS,
  charged: { ...CHARGED, line: null },
  sign,
  text: 'INVITE sent 5 times in 8 s without any answer, while the trunk was heard',
  well,
});

/** A sign every 20 minutes; every second one of the other kind. */
const signs = (count: number, stepMinutes = 20, well = 0): Event[] =>
  many(count, (n) => delivery(n * stepMinutes, n % 2 === 0 ? 'unanswered' : 'repeated', well));

const at = (minute: number) => NOON_MS + minute * MINUTE_MS;
const of = { detector, subject: 'trunk' } as const;

export const udpFloodFilterCases: readonly DetectorCase[] = [
  { ...of, title: 'the tenth sign confirms', events: signs(10), firesAtMs: [at(180)] },
  { ...of, title: 'nine signs', events: signs(9), firesAtMs: [] },
  {
    ...of,
    title: 'the third sign is a suspicion, the tenth beyond doubt',
    parameters: { from: 'suspected' },
    events: signs(10),
    firesAtMs: [at(40)],
    significantAtMs: at(180),
  },
  {
    ...of,
    title: 'two signs are no suspicion',
    parameters: { from: 'suspected' },
    events: signs(2),
    firesAtMs: [],
  },
  {
    ...of,
    title: 'of one kind they are a suspicion and no more, however many',
    parameters: { from: 'suspected' },
    events: many(40, (n) => delivery(n * 20, 'unanswered')),
    firesAtMs: [at(40)],
    significantAtMs: null,
  },
  {
    ...of,
    title: 'all within two hours: an incident',
    events: signs(50, 2),
    firesAtMs: [],
  },
  {
    ...of,
    title: 'in a third hour: the first sign there confirms',
    events: [...signs(50, 2), delivery(130, 'repeated')],
    firesAtMs: [at(130)],
  },
  {
    ...of,
    title: 'one sign among fifty transactions is two in a hundred',
    events: signs(10, 20, 49),
    firesAtMs: [at(180)],
  },
  { ...of, title: 'one sign among fifty-one', events: signs(10, 20, 50), firesAtMs: [] },
  {
    ...of,
    title: 'what goes well, hour by hour',
    parameters: { from: 'suspected' },
    events: many(24, (n) => delivery(60 * n, null, 100)),
    firesAtMs: [],
  },
];
