/** Takes classic pcap files apart and puts them together again, doubled or shuffled, by a seed. */
import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { pcap, type TimedFrame } from './capture-writer.ts';

/** The frames of a little-endian pcap file with microseconds, on Ethernet. */
export function framesOf(file: string): TimedFrame[] {
  const bytes = readFileSync(file);
  assert.equal(bytes.readUInt32LE(0), 0xa1b2c3d4, `${file} is no little-endian pcap with microseconds`);
  assert.equal(bytes.readUInt32LE(20), 1, `${file} is not of Ethernet`);
  const frames: TimedFrame[] = [];
  for (let at = 24; at + 16 <= bytes.length; ) {
    const length = bytes.readUInt32LE(at + 8);
    frames.push({
      timeMs: bytes.readUInt32LE(at) * 1000 + bytes.readUInt32LE(at + 4) / 1000,
      bytes: bytes.subarray(at + 16, at + 16 + length),
    });
    at += 16 + length;
  }
  return frames;
}

export function writeFrames(file: string, frames: readonly TimedFrame[]): string {
  writeFileSync(file, pcap(frames));
  return file;
}

/** Numbers from 0 to 1, the same for the same seed (mulberry32). */
export function random(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let word = Math.imul(state ^ (state >>> 15), state | 1);
    word ^= word + Math.imul(word ^ (word >>> 7), word | 61);
    return ((word ^ (word >>> 14)) >>> 0) / 4_294_967_296;
  };
}

/** Every frame is followed by a copy of itself with this probability, 0 to 0.5 ms later. */
export function doubled(
  frames: readonly TimedFrame[],
  share: number,
  seed: number,
): { frames: TimedFrame[]; copies: number } {
  const next = random(seed);
  const copies = frames
    .filter(() => next() < share)
    .map(({ timeMs, bytes }) => ({ timeMs: timeMs + Math.round(next() * 500) / 1000, bytes }));
  return {
    frames: [...frames, ...copies].sort((a, b) => a.timeMs - b.timeMs),
    copies: copies.length,
  };
}

/** The frames as they arrive when each is late by 0 to `latenessMs`; they keep their stamps. */
export function reordered(frames: readonly TimedFrame[], latenessMs: number, seed: number): TimedFrame[] {
  const next = random(seed);
  return frames
    .map((frame) => ({ frame, arrivalMs: frame.timeMs + next() * latenessMs }))
    .sort((a, b) => a.arrivalMs - b.arrivalMs)
    .map(({ frame }) => frame);
}
