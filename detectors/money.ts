import type { Event, Measure, Period } from './vocabulary.ts';

/** Millionths of the currency. */
const MICROS = 1_000_000;

export const amountOf = (micros: number): number => micros / MICROS;
export const microsOf = (amount: number): number => Math.round(amount * MICROS);

/** What a customer owes for calls: ended and going on, what the plan does not include, less the payments recorded. */
export const OWED: Measure = {
  kind: 'sum',
  name: 'owed',
  fields: ['outOfPlanMicros'],
  period: { kind: 'standing' },
  add: (event) => {
    if (event.type === 'account') return [-event.paidMicros];
    return event.type === 'accrued' ? outOfPlan(event) : null;
  },
};

/** What the calls of a period cost beyond the plan; rules over the same period share the window. */
export function spent(period: Period): Measure {
  const add = (event: Event) => (event.type === 'accrued' ? outOfPlan(event) : null);
  return { kind: 'sum', name: 'out-of-plan', fields: ['outOfPlanMicros'], period, add };
}

function outOfPlan({ part }: Extract<Event, { type: 'accrued' }>): readonly number[] | null {
  return part.outOfPlanMicros === 0 ? null : [part.outOfPlanMicros];
}

/** The call that an event about money belongs to, as evidence. */
export function callOf(event: Event | null): { readonly callIds?: readonly string[] } {
  return event !== null && 'leg' in event ? { callIds: [event.leg.callId] } : {};
}
