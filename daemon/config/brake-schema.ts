/** What holds acts back when an outage of ours, or of a carrier, explains the numbers. */
import Type from 'typebox';
import { Count, Duration, Ratio } from '../../detectors/parameters.ts';

const closed = { additionalProperties: false };

export const BrakeSchema = Type.Object(
  {
    suspensions: Type.Object(
      {
        count: Count({
          description: 'More subjects than this proposed for suspension within the time stop enforcement.',
          unit: 'subjects',
          default: 10,
          minimum: 1,
        }),
        share: Ratio({
          description:
            'More than this share of the active subjects stops it too; judged from `count` / 2 subjects on.',
          default: 0.05,
        }),
        within: Duration({ description: 'The time.', default: '10min', minimum: '1s', maximum: '1d' }),
      },
      closed,
    ),
    carrier: Type.Object(
      {
        failureShare: Ratio({
          description:
            'Attempts of all customers that end in a server failure (5xx) or without answer from upstream: at this share a carrier failure explains the numbers.',
          default: 0.5,
        }),
        minimumSample: Count({
          description: 'Attempts needed to say so.',
          unit: 'attempts',
          default: 50,
          minimum: 1,
        }),
        within: Duration({ description: 'The time.', default: '5min', minimum: '1s', maximum: '1d' }),
      },
      closed,
    ),
    gap: Type.Object(
      {
        silence: Duration({
          description:
            'No signalling at all for this long, though the traffic before let hundreds of messages be expected, is a capture gap.',
          default: '30s',
          minimum: '1s',
          maximum: '1d',
        }),
        lostShare: Ratio({
          description:
            'At this share of captured packets lost in the last minute, the numbers are not relied on.',
          default: 0.01,
        }),
      },
      closed,
    ),
    hold: Duration({
      description: 'How long enforcement stays stopped after the last reason for it has gone.',
      default: '10min',
      maximum: '1d',
    }),
  },
  closed,
);
