import Type, { type Static } from 'typebox';
import { Count, Duration } from '../parameters.ts';
import type { EventDetector, Measure } from '../vocabulary.ts';

const parameters = Type.Object({
  perSecond: Count({
    default: 1,
    minimum: 1,
    maximum: 1000,
    unit: 'messages',
    description: 'Messages that one second may hold; one more breaks the rule.',
  }),
  perMinute: Count({
    default: 10,
    minimum: 1,
    maximum: 10_000,
    unit: 'messages',
    description: 'Messages that one minute may hold; one more breaks the rule.',
  }),
  clearAfter: Duration({
    default: '60s',
    description: 'A breach is over, and may alert again, when both limits have been kept for this long.',
  }),
});

export const smsRate: EventDetector<Static<typeof parameters>> = {
  name: 'sms-rate',
  title: 'More SIP MESSAGE requests (SMS) than one second or one minute may hold.',
  subjects: ['line', 'trunk', 'customer'],
  parameters,
  measures: ({ perSecond, perMinute }) => [messages(perSecond, 1000), messages(perMinute, 60_000)],
  judge: ([second, minute], { perSecond, perMinute }, event) => {
    if (second.kind !== 'rate' || minute.kind !== 'rate') return null;
    const inSecond = second.count > perSecond;
    const value = inSecond ? second.count : minute.count;
    return {
      value,
      limit: inSecond ? perSecond : perMinute,
      unit: 'messages',
      windowSeconds: inSecond ? 1 : 60,
      breached: inSecond || minute.count > perMinute,
      significant: true,
      sample: null,
      evidence: {
        lastSecond: second.count,
        lastMinute: minute.count,
        callIds: event?.type === 'sms' ? [event.callId] : [],
      },
    };
  },
};

function messages(limit: number, windowMs: number): Measure {
  return { kind: 'rate', name: 'sms', limit, windowMs, add: (event) => event.type === 'sms' };
}
