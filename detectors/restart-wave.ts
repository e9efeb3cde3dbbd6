import Type, { type Static } from 'typebox';
import { Count, Ratio, Switch } from './parameters.ts';
import type { SourceProfile } from './vocabulary.ts';

/** Parameters by which a wave of phones that register again after a power cut is told from an attack. */
export const restartParameters = {
  excuseRestart: Switch({
    default: true,
    description: 'A wave of phones that register again after a power cut alerts and is not acted on.',
  }),
  restartShare: Ratio({
    default: 0.8,
    description: 'A wave: at least this share of the requests are REGISTER or SUBSCRIBE.',
  }),
  restartLines: Count({
    default: 10,
    minimum: 1,
    maximum: 1000,
    description:
      'A wave: at least this many lines register. Fewer phones do not pass the limit by restarting.',
    unit: 'lines',
  }),
  restartKnownShare: Ratio({
    default: 0.8,
    description:
      'A wave: at least this share of them were registered from this address before, or are accepted now.',
  }),
  restartPerLine: Count({
    default: 24,
    minimum: 1,
    description:
      'A wave: at most this many REGISTER and SUBSCRIBE a line on average, retransmissions included.',
    unit: 'requests',
  }),
  restartAcceptedShare: Ratio({
    default: 0.3,
    description: 'A wave: of REGISTER with credentials that have an answer, at least this share is accepted.',
  }),
};

const schema = Type.Object(restartParameters);

/** All of the marks of a restart must be there; why, and what each keeps out, stands in the README of message-rate. */
export function excuseOfRestart(profile: SourceProfile, parameters: Static<typeof schema>): string | null {
  if (!parameters.excuseRestart || profile.requests === 0) return null;
  const { registeringLines: lines, accepted, refused } = profile;
  if (lines < parameters.restartLines) return null;
  const startup = profile.registers + profile.subscribes;
  if (startup < parameters.restartShare * profile.requests) return null;
  if (profile.knownLines < parameters.restartKnownShare * lines) return null;
  if (startup > parameters.restartPerLine * lines) return null;
  if (accepted < parameters.restartAcceptedShare * (accepted + refused)) return null;
  return (
    `looks like phones registering again after a power cut: ${startup} of ${profile.requests} requests are ` +
    `REGISTER or SUBSCRIBE, for ${lines} lines of which ${profile.knownLines} are known here; ${accepted} accepted, ${refused} refused`
  );
}
