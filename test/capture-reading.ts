import { Readable } from 'node:stream';
import { formatEndpoint } from '../daemon/ingest/address.ts';
import { type CaptureCounters, readCapture } from '../daemon/ingest/capture-file.ts';
import { pcap, type TimedFrame } from './capture-writer.ts';

/** Reads made captures and keeps what came out. */

export const A = '192.0.2.1:5060';
export const B = '198.51.100.2:5070';
export const A6 = '[2001:db8::1]:5060';
export const B6 = '[2001:db8::2]:5070';
export const TIME_MS = 1_795_305_312_345.678;

export function message(callId: string, body = ''): string {
  return `MESSAGE sip:b@198.51.100.2 SIP/2.0\r\nCall-ID: ${callId}\r\nl: ${Buffer.byteLength(body)}\r\n\r\n${body}`;
}

export interface Seen {
  from: string;
  to: string;
  timeMs: number;
  ttl: number;
  transport: string;
  text: string;
}

export async function read(
  capture: Buffer,
  chunkBytes = capture.length,
): Promise<{ counters: CaptureCounters; seen: Seen[]; texts: string[] }> {
  const seen: Seen[] = [];
  const pieces: Buffer[] = [];
  for (let at = 0; at < capture.length; at += chunkBytes) pieces.push(capture.subarray(at, at + chunkBytes));
  const counters = await readCapture(Readable.from(pieces), (packet) =>
    seen.push({
      from: formatEndpoint(packet.source),
      to: formatEndpoint(packet.destination),
      timeMs: packet.timeMs,
      ttl: packet.ttl,
      transport: packet.transport,
      text: packet.bytes.toString('latin1', packet.start, packet.end),
    }),
  );
  return { counters, seen, texts: seen.map(({ text }) => text) };
}

/** Frames one millisecond apart. */
export function timed(frames: Buffer[]): TimedFrame[] {
  return frames.map((bytes, i) => ({ bytes, timeMs: TIME_MS + i }));
}

export function readFrames(...frames: Buffer[]) {
  return read(pcap(timed(frames)));
}
