import { HepDecoder } from '../daemon/ingest/hep.ts';
import { HepResult } from '../daemon/ingest/hep-frame.ts';
import { Packet } from '../daemon/ingest/packet.ts';
import { BUSY_HOUR, makeTraffic } from './traffic.ts';

const ROUNDS = 11;
const FRAMES_PER_ROUND = 500_000;

/** Nanoseconds that a HEPv3 frame takes to decode, median of the rounds; frames as Kamailio sends them, in the processor's cache. */
export function benchHep(): number {
  const { steady } = makeTraffic({ lines: 1000, messagesPerRound: 1000, callRounds: 1, ...BUSY_HOUR });
  const decoder = new HepDecoder();
  const packet = new Packet();
  const times: number[] = [];
  for (let round = 0; round < ROUNDS; round++) {
    const begun = process.hrtime.bigint();
    for (let n = 0; n < FRAMES_PER_ROUND; n++) {
      const i = n % steady.length;
      const result = decoder.decode(steady.bytes, steady.starts[i], steady.starts[i + 1], packet, 0);
      if (result !== HepResult['sip']) throw new Error(`frame ${i} was not decoded`);
    }
    times.push(Number(process.hrtime.bigint() - begun) / FRAMES_PER_ROUND);
  }
  return Math.round(times.sort((a, b) => a - b)[ROUNDS >> 1]);
}
