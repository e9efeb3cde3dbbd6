import Type, { type Static } from 'typebox';
import { Choice, Count, Duration } from '../parameters.ts';
import type { Event, EventDetector } from '../vocabulary.ts';
import { FEATURES, type Features, features, scoreOf } from './score.ts';

const parameters = Type.Object({
  limit: Count({
    default: 60,
    minimum: 1,
    maximum: 100,
    unit: 'points',
    description: 'A score of more than so many points of 100 breaks the rule.',
  }),
  sure: Count({
    default: 75,
    minimum: 1,
    maximum: 100,
    unit: 'points',
    description: 'A score of more than so many points is significant.',
  }),
  plans: Choice(['all', 'unlimited'], {
    default: 'all',
    description:
      'Judge every line, or only those whose plan in the directory includes calls without limit, and those of whose plan nothing is known.',
  }),
  window: Duration({
    default: '1h',
    minimum: '10min',
    maximum: '1d',
    description: 'Length of the sliding window.',
  }),
  clearAfter: Duration({
    default: '1h',
    description: 'A breach is over, and may alert again, when the score has kept the limit for this long.',
  }),
});

const BUCKETS = 120;
/** After a longer pause nobody was dialling: neither interval nor idle time. */
const PAUSE_MS = 600_000;
/** An answered call shorter than this led to no conversation. */
const SHORT_MS = 10_000;
/** Steps up to this, either way, are a sequence. */
const STEP = 10;

export const automatedDialling: EventDetector<Static<typeof parameters>> = {
  name: 'automated-dialling',
  title: 'Calls are dialled as a machine dials them.',
  subjects: ['line', 'trunk'],
  parameters,
  measures: ({ window }) => [
    {
      kind: 'sum',
      name: 'dialling',
      fields: FEATURES,
      period: { kind: 'sliding', windowMs: window, bucketMs: Math.ceil(window / BUCKETS / 1000) * 1000 },
      add,
    },
  ],
  judge: ([reading], { limit, sure, window, plans }, _event, { unlimitedPlan = null }) => {
    if (reading.kind !== 'sum') return null;
    // Who pays by the minute may dial as he likes.
    if (plans === 'unlimited' && unlimitedPlan === false) return null;
    const found: Features = features(reading.totals, window / 3_600_000);
    const { score, points } = scoreOf(found);
    return {
      value: score,
      limit,
      unit: 'points',
      windowSeconds: window / 1000,
      breached: score > limit,
      significant: score > sure,
      sample: found.attempts,
      evidence: {
        points,
        ...rounded(found),
        ...(plans === 'unlimited' ? { plan: unlimitedPlan === null ? 'unknown' : 'unlimited' } : {}),
        callIds: reading.samples,
      },
    };
  },
};

/** Fields as `FEATURES` names them. */
function add(event: Event): readonly number[] | null {
  if (!('leg' in event) || event.leg.direction !== 'outgoing' || event.leg.emergency) return null;
  switch (event.type) {
    case 'attempt':
      return attempt(event);
    case 'outcome':
      return event.refusedByUs
        ? null
        : fields({ outcomes: 1, fruitless: event.outcome === 'answered' ? 0 : 1 });
    case 'ended':
      if (event.durationMs === null || event.expired || event.durationMs >= SHORT_MS) return null;
      return fields({ fruitless: 1 });
    default:
      return null;
  }
}

function attempt({ rhythm }: Extract<Event, { type: 'attempt' }>): readonly number[] {
  // A call to a number called just before is a second try, not the next of a list.
  if (!rhythm || rhythm.repeated) return fields({ attempts: 1, fresh: rhythm ? 0 : 1 });
  const interval = rhythm.intervalMs <= PAUSE_MS ? rhythm.intervalMs / 1000 : null;
  const idle = rhythm.idleMs !== null && rhythm.idleMs <= PAUSE_MS ? rhythm.idleMs / 1000 : null;
  return fields({
    attempts: 1,
    fresh: 1,
    intervals: interval === null ? 0 : 1,
    intervalSum: interval ?? 0,
    intervalSquares: (interval ?? 0) ** 2,
    idles: idle === null ? 0 : 1,
    idleSum: idle ?? 0,
    idleSquares: (idle ?? 0) ** 2,
    sequential: rhythm.step !== null && rhythm.step !== 0 && Math.abs(rhythm.step) <= STEP ? 1 : 0,
  });
}

function fields(values: Partial<Record<(typeof FEATURES)[number], number>>): readonly number[] {
  const all = new Array<number>(FEATURES.length);
  for (let field = 0; field < all.length; field++) all[field] = values[FEATURES[field]] ?? 0;
  return all;
}

function rounded(found: Features): Features {
  return {
    attempts: found.attempts,
    freshPerHour: thousandths(found.freshPerHour),
    freshShare: thousandths(found.freshShare),
    intervalVariation: found.intervalVariation === null ? null : thousandths(found.intervalVariation),
    idleVariation: found.idleVariation === null ? null : thousandths(found.idleVariation),
    idleMean: found.idleMean === null ? null : thousandths(found.idleMean),
    sequentialShare: thousandths(found.sequentialShare),
    fruitlessShare: thousandths(found.fruitlessShare),
  };
}

function thousandths(value: number): number {
  return Math.round(value * 1000) / 1000;
}
