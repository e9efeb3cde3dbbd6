import assert from 'node:assert/strict';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { formatEndpoint, parseEndpoint } from '../daemon/ingest/address.ts';
import { HepReceiver } from '../daemon/ingest/hep-server.ts';
import { startChild, waitFor } from './harness/child.ts';
import { freePort } from './harness/ports.ts';

/** A proxy that answers every request and sends what it sees as HEP. */
function config(version: number, listen: string, tcpPort: number, collector: string): string {
  const siptrace = {
    trace_to_database: 0,
    trace_on: 1,
    trace_mode: 1,
    trace_init_mode: 1,
    hep_mode_on: 1,
    hep_version: version,
    hep_capture_id: 2001,
    duplicate_uri: `"sip:${collector}"`,
  };
  return [
    '#!KAMAILIO',
    'children=1',
    'log_stderror=yes',
    `listen=udp:${listen}`,
    `listen=udp:127.0.0.1:${tcpPort}`,
    `listen=tcp:127.0.0.1:${tcpPort}`,
    ...['tm', 'sl', 'pv', 'siptrace'].map((name) => `loadmodule "${name}.so"`),
    ...Object.entries(siptrace).map(([name, value]) => `modparam("siptrace", "${name}", ${value})`),
    'request_route { sl_send_reply("200", "OK"); exit; }',
  ].join('\n');
}

function options(uri: string, via: string, callId: number): string {
  const headers = [
    `Via: SIP/2.0/UDP ${via};branch=z9hG4bK${callId}`,
    'From: <sip:a@example.org>;tag=1',
    'To: <sip:b@example.org>',
    `Call-ID: ${callId}`,
    'CSeq: 1 OPTIONS',
    'Content-Length: 0',
  ];
  return `OPTIONS sip:${uri} SIP/2.0\r\n${headers.join('\r\n')}\r\n\r\n`;
}

for (const { version, overTcp, host } of [
  { version: 3, overTcp: false, host: '127.0.0.1' },
  { version: 3, overTcp: true, host: '127.0.0.1' },
  { version: 3, overTcp: false, host: '[::1]' },
  { version: 2, overTcp: false, host: '127.0.0.1' },
  { version: 2, overTcp: false, host: '[::1]' },
  { version: 1, overTcp: false, host: '127.0.0.1' },
  { version: 1, overTcp: false, host: '[::1]' },
]) {
  test(`Kamailio's HEPv${version} over ${overTcp ? 'TCP' : 'UDP'}, SIP on ${host}`, async (context) => {
    const directory = mkdtempSync(join(tmpdir(), 'vigie-hep-'));
    context.after(() => rmSync(directory, { recursive: true }));
    const seen: string[] = [];
    const stamps: number[] = [];
    const receiver = new HepReceiver({
      udp: '127.0.0.1:0',
      tcp: '127.0.0.1:0',
      clock: Date.now,
      sink: (packet) => {
        const text = packet.bytes.toString('latin1', packet.start, packet.end);
        const startLine = text.slice(0, text.indexOf('\r\n'));
        seen.push(
          `${formatEndpoint(packet.source)} ${formatEndpoint(packet.destination)} ${packet.agentId} ${startLine}`,
        );
        stamps.push(packet.timeMs);
      },
    });
    await receiver.start();
    context.after(() => receiver.stop());
    const collector = overTcp ? `${receiver.tcpAddress()};transport=tcp` : receiver.udpAddress()!;
    const proxy = `${host}:${await freePort(host === '[::1]' ? '::1' : '127.0.0.1')}`;
    const file = join(directory, 'kamailio.cfg');
    const runDirectory = join(directory, 'run');
    mkdirSync(runDirectory);
    writeFileSync(file, config(version, proxy, await freePort(), collector));
    const pid = join(directory, 'kamailio.pid');
    const kamailio = startChild('kamailio', [
      '-f',
      file,
      '-DD',
      '-E',
      '-m',
      '32',
      '-M',
      '8',
      '-P',
      pid,
      '-Y',
      runDirectory,
    ]);
    context.after(() => kamailio.stop());

    const client = createSocket(host === '[::1]' ? 'udp6' : 'udp4');
    client.bind(0, host === '[::1]' ? '::1' : '127.0.0.1');
    await once(client, 'listening');
    context.after(() => client.close());
    const local = `${host}:${client.address().port}`;
    const { port } = parseEndpoint(proxy)!;
    const address = host === '[::1]' ? '::1' : '127.0.0.1';
    let answered = 0;
    let lastAnswer = 0;
    client.on('message', (reply) => {
      answered++;
      lastAnswer = Number(/Call-ID: (\d+)/.exec(reply.toString('latin1'))?.[1]);
    });
    const startedMs = Date.now();
    let sent = 0;
    const ask = (): void => client.send(options(proxy, local, ++sent), port, address);
    // The first requests may be asked in vain; from the first answer on there is one for each.
    const ready = (): boolean => {
      if (answered === 0) ask();
      return answered > 0;
    };
    await waitFor('the proxy answers', ready, kamailio);
    for (let i = 0; i < 20; i++) {
      ask();
      await waitFor('an answer', () => lastAnswer === sent, kamailio);
    }
    await waitFor('two packets an exchange', () => seen.length === 2 * answered, kamailio);
    const id = version === 1 ? 0 : 2001;
    const request = `${local} ${proxy} ${id} OPTIONS sip:${proxy} SIP/2.0`;
    const reply = `${proxy} ${local} ${id} SIP/2.0 200 OK`;
    assert.equal(seen.filter((one) => one === request).length, answered);
    assert.equal(seen.filter((one) => one === reply).length, answered);
    for (const stamp of stamps) assert.ok(stamp >= startedMs - 1000 && stamp <= Date.now() + 1000);
    const { counters } = receiver;
    assert.equal(counters.frames, 2 * answered);
    assert.deepEqual(
      Object.values(counters.malformed).filter((count) => count > 0),
      [],
    );
    assert.equal(counters.connectionsAccepted, overTcp ? 1 : 0);
  });
}
