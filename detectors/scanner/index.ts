import Type, { type Static } from 'typebox';
import { Count, Duration } from '../parameters.ts';
import type { Event, EventDetector } from '../vocabulary.ts';

const parameters = Type.Object({
  limit: Count({
    default: 20,
    minimum: 1,
    maximum: 10_000,
    unit: 'names',
    description:
      'Lines and numbers that a source may ask for without ever proving itself; one more breaks the rule.',
  }),
  badRequests: Count({
    default: 1,
    minimum: 1,
    maximum: 1_000_000,
    unit: 'requests',
    description: 'Requests of a known-bad user agent that break the rule.',
  }),
  patience: Duration({
    default: '32s',
    minimum: '1s',
    maximum: '10min',
    description:
      'A call that nobody has answered to, or whose credentials are still to be judged, does not count for so long (RFC 3261 timer B).',
  }),
  window: Duration({
    default: '1h',
    minimum: '1min',
    maximum: '1d',
    description: 'A name counts for so long after it was last asked for.',
  }),
  clearAfter: Duration({
    default: '1h',
    description: 'A breach is over, and may alert again, when the limit has been kept for this long.',
  }),
});

/** Where lines are at home, only so many times the limit justify a block, which hits them as well. */
const SURE_AT_HOME = 10;
/** Phones register and call; what else they send may name anybody (a busy lamp's extension, an SMS's receiver). */
const METHODS = new Set(['REGISTER', 'INVITE', 'OPTIONS']);

export const scanner: EventDetector<Static<typeof parameters>> = {
  name: 'scanner',
  title: 'A source asks for one name after the other, or says that it is a scanner.',
  subjects: ['source'],
  strangers: true,
  parameters,
  measures: ({ window, patience }) => [
    {
      kind: 'level',
      name: `unproven-names-${window}ms`,
      change: (event) => {
        const change = nameOf(event);
        return change && { ...change, expiresAtMs: event.atMs + window };
      },
    },
    {
      kind: 'sum',
      name: `bad-user-agents-${window}ms`,
      fields: ['bad'],
      period: { kind: 'sliding', windowMs: window, bucketMs: Math.ceil(window / 60_000) * 1000 },
      add: (event) => {
        if (event.type === 'unproven' && event.knownBad != null) return [1];
        return nameOf(event) === null ? null : [0];
      },
    },
    {
      kind: 'level',
      name: `waiting-calls-${patience}ms`,
      change: (event) => {
        const change = waitingOf(event);
        return change && { ...change, expiresAtMs: event.atMs + patience };
      },
    },
  ],
  judge: ([names, agents, waiting], { limit, badRequests, window }, event) => {
    if (names.kind !== 'level' || agents.kind !== 'sum' || waiting.kind !== 'level') return null;
    const [bad] = agents.totals;
    const isBad = bad >= badRequests;
    // Each that waits is one of the names.
    const count = Math.max(0, names.open - waiting.open);
    // Where lines are proven from, an address is somebody's; and whoever forges it wants it blocked.
    const sourceProven = event !== null && 'sourceProven' in event && event.sourceProven === true;
    return {
      value: isBad ? bad : count,
      limit: isBad ? badRequests - 1 : limit,
      unit: isBad ? 'requests' : 'names',
      windowSeconds: window / 1000,
      breached: isBad || count > limit,
      significant: !sourceProven || count > SURE_AT_HOME * limit,
      sample: null,
      evidence: {
        names: count,
        waiting: waiting.open,
        samples: names.samples,
        badRequests: bad,
        userAgent: event?.type === 'unproven' ? event.userAgent : null,
        sourceProven,
        callIds: event !== null && 'callId' in event ? [event.callId] : [],
      },
    };
  },
};

/** A name asked for without proof is open until its window is over, it is proven or the proxy puts the call through. */
function nameOf(event: Event): { readonly member: string; readonly open: boolean } | null {
  switch (event.type) {
    case 'unproven':
    case 'refused':
      return METHODS.has(event.method) ? { member: event.target, open: true } : null;
    case 'credentials':
      return event.provesEarlier === true ? { member: event.claimed, open: false } : null;
    case 'challenged':
      // Of a name that was never asked for without credentials nothing is counted.
      return event.resent && event.asked !== true ? null : { member: event.target, open: true };
    case 'put-through':
      return { member: event.target, open: false };
    case 'attempt':
      return event.provesEarlier === true ? { member: event.leg.called, open: false } : null;
    default:
      return null;
  }
}

/**
 * A call waits from its INVITE until the proxy says something for good, and again from the INVITE with credentials on. Whoever is challenged
 * and does not come back with any waits no longer.
 */
function waitingOf(event: Event): { readonly member: string; readonly open: boolean } | null {
  const name = nameOf(event);
  const waits =
    event.type === 'challenged' ? event.resent : event.type === 'unproven' && event.method === 'INVITE';
  return name && { member: name.member, open: waits };
}
