import Type, { type Static } from 'typebox';
import { Choice, Count, Duration, Ratio } from '../parameters.ts';
import type { Event, EventDetector } from '../vocabulary.ts';

const parameters = Type.Object({
  of: Choice(['minutes', 'calls'], {
    default: 'minutes',
    description: 'What is compared: minutes of outgoing calls, or how many there are.',
  }),
  factor: Count({
    default: 3,
    minimum: 1,
    maximum: 1_000,
    unit: 'times',
    description: 'So many times what the heavy users among the peers reach is still fair.',
  }),
  quantile: Ratio({
    default: 0.9,
    minimum: 0.5,
    maximum: 0.99,
    description: 'Share of the peers who use no more than the heavy user that is meant.',
  }),
  floor: Count({
    default: 1_000,
    maximum: 10_000_000,
    unit: 'minutes or calls',
    description: 'Use in the period that is always fair.',
  }),
  minimumPeers: Count({
    default: 20,
    minimum: 3,
    maximum: 10_000,
    unit: 'lines',
    description: 'With fewer lines that have called in the period nothing is judged.',
  }),
  period: Choice(['day', 'month'], {
    default: 'month',
    description: 'The calendar period that is compared, from its beginning until now.',
  }),
  clearAfter: Duration({
    default: '1d',
    description: 'A breach is over, and may alert again, when the limit has been kept for this long.',
  }),
});

/** Lines of one group that are compared; each takes about 100 bytes. */
const MOST_PEERS = 10_000;

const PERIOD_SECONDS = { day: 86_400, month: 2_592_000 } as const;

export const fairUsage: EventDetector<Static<typeof parameters>> = {
  name: 'fair-usage',
  title: 'A line is used far more than others of the same plan.',
  subjects: ['line', 'trunk'],
  parameters,
  measures: ({ of, period, quantile }) => {
    const name = `fair-usage-${of}`;
    const calendar = { kind: 'calendar', unit: period as 'day' | 'month' } as const;
    const add = (event: Event) => useOf(event, of);
    return [
      {
        kind: 'sum',
        name,
        fields: [of],
        period: calendar,
        add: (event) => {
          const use = add(event);
          return use === null ? null : [use];
        },
      },
      { kind: 'peers', name: `${name}-${quantile}`, period: calendar, cap: MOST_PEERS, quantile, add },
    ];
  },
  judge: ([own, peers], { of, factor, quantile, floor, minimumPeers, period }) => {
    if (own.kind !== 'sum' || peers.kind !== 'peers') return null;
    const size = of === 'minutes' ? 60_000 : 1;
    const value = own.totals[0] / size;
    const heavy = peers.quantile / size;
    const enough = peers.members >= minimumPeers;
    const limit = enough ? Math.max(floor, factor * heavy) : floor;
    return {
      value,
      limit,
      unit: of === 'minutes' ? 'min' : 'calls',
      windowSeconds: PERIOD_SECONDS[period as 'day' | 'month'],
      breached: enough && value > limit,
      significant: value > 2 * limit,
      sample: null,
      evidence: {
        peers: peers.members,
        [`${quantile * 100} % of the peers use at most`]: heavy,
        ...(enough ? {} : { unjudged: `${peers.members} peers of ${minimumPeers} needed` }),
        callIds: own.samples,
      },
    };
  },
  tip: ({ value, limit, unit, evidence }) => {
    if (value > limit || evidence['unjudged'] !== undefined) return null;
    return `${Math.floor(limit - value) + 1} more ${unit === 'min' ? 'minutes' : 'calls'}`;
  },
};

/** Milliseconds, or one call. */
function useOf(event: Event, of: string): number | null {
  if (!('leg' in event) || event.leg.direction !== 'outgoing' || event.leg.emergency) return null;
  if (of === 'calls') return event.type === 'outcome' && !event.refusedByUs ? 1 : null;
  if (event.type !== 'ended' || event.durationMs === null || event.expired) return null;
  return Math.max(0, event.durationMs);
}
