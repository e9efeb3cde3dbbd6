/** A capture agent of a test: SIP requests in HEP frames over TCP. */

import { readFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { encodeHep3 } from '../../daemon/ingest/hep-encode.ts';
import { onceOnly, type TestVigie } from './vigie.ts';

export interface HepClient {
  /** Sends an OPTIONS of `source` (an address) as captured at `timeMs`; its Call-ID and branch are `id`. */
  options(source: string, id: string, timeMs: number): void;
  /** An INVITE of `source` captured at `timeMs`, refused by the proxy with 486, and its ACK. */
  refusedCall(source: string, id: string, timeMs: number): void;
  close(): void;
}

export const proxyAddress = '10.0.0.1';

export async function hepClient(hep: string): Promise<HepClient> {
  const [host, port] = hep.split(':');
  const socket = connect(Number(port), host);
  await new Promise<void>((resolve, reject) => {
    socket.once('connect', () => resolve());
    socket.once('error', reject);
  });
  const send = (timeMs: number, from: string, to: string, lines: readonly string[]) => {
    const payload = [...lines, 'Max-Forwards: 70', 'Content-Length: 0', '\r\n'].join('\r\n');
    socket.write(encodeHep3({ timeMs, source: `${from}:5060`, destination: `${to}:5060`, payload }));
  };
  const headers = (source: string, id: string, method: string, toTag: string) => [
    `Via: SIP/2.0/UDP ${source}:5060;branch=z9hG4bK${id}`,
    `From: <sip:a@${source}>;tag=${id}`,
    `To: <sip:33155000000@${proxyAddress}>${toTag}`,
    `Call-ID: ${id}@${source}`,
    `CSeq: 1 ${method}`,
  ];
  return {
    options(source, id, timeMs) {
      send(timeMs, source, proxyAddress, [
        `OPTIONS sip:${proxyAddress} SIP/2.0`,
        ...headers(source, id, 'OPTIONS', ''),
      ]);
    },
    refusedCall(source, id, timeMs) {
      const target = `sip:33155000000@${proxyAddress} SIP/2.0`;
      send(timeMs, source, proxyAddress, [`INVITE ${target}`, ...headers(source, id, 'INVITE', '')]);
      send(timeMs + 1, proxyAddress, source, [
        'SIP/2.0 486 Busy Here',
        ...headers(source, id, 'INVITE', ';tag=b'),
      ]);
      send(timeMs + 2, source, proxyAddress, [`ACK ${target}`, ...headers(source, id, 'ACK', ';tag=b')]);
    },
    close: () => socket.destroy(),
  };
}

/** GET with the daemon's local token. */
export async function get<T>(vigie: TestVigie, path: string): Promise<T> {
  const token = readFileSync(join(vigie.directory, 'var', 'admin-token'), 'utf8').trim();
  const answer = await fetch(vigie.http + path, {
    headers: { ...onceOnly, authorization: `Bearer ${token}` },
  });
  if (answer.status !== 200) throw new Error(`${path}: ${answer.status} ${await answer.text()}`);
  return (await answer.json()) as T;
}

/** Value of a metric without labels, or of the first row that begins with `name`. */
export async function metric(vigie: TestVigie, name: string): Promise<number> {
  const text = await vigie.metrics();
  const row = text.split('\n').find((line) => line.startsWith(`${name} `) || line.startsWith(`${name}{`));
  return row === undefined ? Number.NaN : Number(row.slice(row.lastIndexOf(' ') + 1));
}
