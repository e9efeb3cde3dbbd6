/** SIP as tshark reads it from a capture, and counts made of that without any of Vigie's code. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';

export function runTool(tool: string, ...parameters: string[]): string {
  const { status, stdout, stderr, error } = spawnSync(tool, parameters, {
    encoding: 'utf8',
    maxBuffer: 1 << 28,
  });
  assert.equal(status, 0, `${tool} ${parameters.join(' ')}: ${error?.message ?? stderr}`);
  return stdout;
}

export interface SeenSip {
  /** Seconds since the epoch. */
  readonly time: number;
  readonly source: string;
  readonly sourcePort: number;
  readonly destination: string;
  /** Of a request, else empty. */
  readonly method: string;
  /** Of a response, else 0. */
  readonly status: number;
  readonly branch: string;
  readonly callId: string;
  readonly cseqMethod: string;
  readonly toTag: string;
}

/** The SIP messages of a capture. ICMP errors quote messages that did not arrive; they are left out. */
export function sipOf(capture: string): SeenSip[] {
  const fields = [
    ...['frame.time_epoch', 'ip.src', 'udp.srcport', 'ip.dst', 'sip.Method', 'sip.Status-Code'],
    ...['sip.Via.branch', 'sip.Call-ID', 'sip.CSeq.method', 'sip.to.tag'],
  ];
  const output = runTool(
    'tshark',
    ...['-r', capture, '-Y', 'sip && !icmp', '-T', 'fields', '-E', 'occurrence=f'],
    ...fields.flatMap((field) => ['-e', field]),
  );
  return output
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => {
      const [time, source, port, destination, method, status, branch, callId, cseqMethod, toTag] =
        line.split('\t');
      return {
        ...{ time: Number(time), source: source!, sourcePort: Number(port), destination: destination! },
        ...{ method: method!, status: Number(status || 0), branch: branch!, callId: callId! },
        ...{ cseqMethod: cseqMethod!, toTag: toTag ?? '' },
      };
    });
}

export interface SourceCounts {
  messages: number;
  transactions: number;
  peakMessagesPerSecond: number;
  peakTransactionsPerSecond: number;
}

/** Most of these times, in seconds, within less than one second. */
function peak(times: readonly number[]): number {
  let most = 0;
  for (const end of times)
    most = Math.max(most, times.filter((time) => time <= end && Math.round((end - time) * 1e6) < 1e6).length);
  return most;
}

/** What each of these addresses sent: the plainest way to count it. */
export function countSources(messages: readonly SeenSip[], addresses: readonly string[]) {
  return new Map<string, SourceCounts>(
    addresses.map((address) => {
      const sent = messages.filter(({ source }) => source === address);
      const first = new Map<string, number>();
      for (const { method, branch, sourcePort, time } of sent) {
        const key = `${method} ${branch} ${sourcePort}`;
        if (method !== '' && method !== 'ACK' && !first.has(key)) first.set(key, time);
      }
      return [
        address,
        {
          messages: sent.length,
          transactions: first.size,
          peakMessagesPerSecond: peak(sent.map(({ time }) => time)),
          peakTransactionsPerSecond: peak([...first.values()]),
        },
      ];
    }),
  );
}
