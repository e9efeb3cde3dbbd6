/** How long calls are followed, and how much is measured at a time. */
import Type from 'typebox';
import { Count, Duration } from '../../detectors/parameters.ts';

const closed = { additionalProperties: false };

export const CallsSchema = Type.Object(
  {
    maximumAge: Duration({
      description: 'An answered call without BYE is closed, as expired, after this long.',
      default: '4h',
      minimum: '1min',
      maximum: '7d',
    }),
    silentAge: Duration({
      description:
        'An answered call without session timer, of which nothing was heard for this long, is only assumed to go on: it costs no more, counts no longer as simultaneous, and is not taken for a long call until its end is seen.',
      default: '1h',
      minimum: '1min',
      maximum: '7d',
    }),
    unansweredAge: Duration({
      description:
        'An attempt without final response is closed after this long (RFC 3261 timer C is 3 minutes).',
      default: '4min',
      minimum: '10s',
      maximum: '1h',
    }),
    reorder: Duration({
      description: 'How far messages may arrive out of order of their capture time.',
      default: '50ms',
      maximum: '5s',
    }),
  },
  closed,
);

export const CapacitySchema = Type.Object(
  {
    sources: Count({
      description: 'Source addresses measured at a time; past it, the one idle longest is forgotten.',
      unit: 'addresses',
      default: 200_000,
      minimum: 100,
      maximum: 10_000_000,
    }),
    lines: Count({
      description: 'Lines and customers measured at a time.',
      unit: 'lines',
      default: 200_000,
      minimum: 100,
      maximum: 10_000_000,
    }),
    calls: Count({
      description: 'Calls followed at a time.',
      unit: 'calls',
      default: 100_000,
      minimum: 100,
      maximum: 5_000_000,
    }),
    transactions: Count({
      description: 'Transactions remembered at a time.',
      unit: 'transactions',
      default: 500_000,
      minimum: 1_000,
      maximum: 20_000_000,
    }),
    bindings: Count({
      description: 'Registered contacts followed at a time.',
      unit: 'bindings',
      default: 200_000,
      minimum: 100,
      maximum: 10_000_000,
    }),
  },
  closed,
);
