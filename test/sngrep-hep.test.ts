/** sngrep as a capture agent: it listens on the loopback and sends what it sees as HEPv2 or HEPv3. */
import assert from 'node:assert/strict';
import { createSocket } from 'node:dgram';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { formatEndpoint } from '../daemon/ingest/address.ts';
import { HepReceiver } from '../daemon/ingest/hep-server.ts';
import { startChild, waitFor } from './harness/child.ts';
import { freePort } from './harness/ports.ts';

const ID = 2002;

for (const version of [2, 3])
  test(`sngrep's HEPv${version}: every message once, its time in either byte order, its id in whatever order`, async (context) => {
    const directory = mkdtempSync(join(tmpdir(), 'vigie-sngrep-'));
    context.after(() => rmSync(directory, { recursive: true }));
    const seen = new Map<string, number>();
    const unlike: string[] = [];
    const port = await freePort();
    const startedMs = Date.now();
    let from = '';
    const receiver = new HepReceiver({
      udp: '127.0.0.1:0',
      agents: [ID],
      clock: Date.now,
      sink: ({ bytes, start, end, source, destination, agentId, timeMs, transport }) => {
        const callId = /Call-ID: (\S+)/.exec(bytes.toString('latin1', start, end))?.[1] ?? '';
        seen.set(callId, (seen.get(callId) ?? 0) + 1);
        const way = `${formatEndpoint(source)} ${formatEndpoint(destination)} ${transport} ${agentId}`;
        const timely = timeMs >= startedMs - 1_000 && timeMs <= Date.now() + 1_000;
        if (way !== `${from} 127.0.0.1:${port} udp ${ID}` || !timely) unlike.push(`${way} ${timeMs}`);
      },
    });
    await receiver.start();
    context.after(() => receiver.stop());
    const settings = join(directory, 'sngreprc');
    writeFileSync(settings, `set eep.send.version ${version}\nset eep.send.id ${ID}\n`);
    const sngrep = startChild('sngrep', [
      ...['-N', '-q', '-f', settings, '-d', 'lo', '-H', `udp:${receiver.udpAddress()}`, 'udp', 'port'],
      String(port),
    ]);
    context.after(() => sngrep.stop());
    // Whoever hears the requests is no matter, but a closed port would answer by ICMP.
    const server = createSocket('udp4');
    await new Promise<void>((resolve) => server.bind(port, '127.0.0.1', resolve));
    context.after(() => server.close());
    const client = createSocket('udp4');
    await new Promise<void>((resolve) => client.bind(0, '127.0.0.1', resolve));
    context.after(() => client.close());
    from = `127.0.0.1:${client.address().port}`;
    let sent = 0;
    const ask = (): Promise<void> => {
      const id = `call-${++sent}`;
      const message = [
        'OPTIONS sip:a@127.0.0.1 SIP/2.0',
        `Via: SIP/2.0/UDP ${from};branch=z9hG4bK${id}`,
        'From: <sip:a@example.org>;tag=1',
        'To: <sip:b@example.org>',
        `Call-ID: ${id}`,
        'CSeq: 1 OPTIONS',
        'Content-Length: 0',
        '\r\n',
      ].join('\r\n');
      return new Promise((resolve) => client.send(message, port, '127.0.0.1', () => resolve()));
    };
    // What was sent before it listens is not seen; from the first that is, there is each.
    const isSeen = async (): Promise<boolean> => {
      await ask();
      return seen.size > 0;
    };
    await waitFor('sngrep to see one', isSeen, sngrep);
    const first = sent;
    for (let i = 0; i < 25; i++) await ask();
    await waitFor('all the others', () => seen.has(`call-${first + 25}`), sngrep);
    for (let i = first + 1; i <= first + 25; i++) assert.equal(seen.get(`call-${i}`), 1, `call-${i}`);
    assert.deepEqual(unlike, []);
    assert.equal(receiver.counters.unknownAgents, 0);
    assert.ok(Object.values(receiver.counters.malformed).every((count) => count === 0));
    // Written in another byte order, it is listed all the same, and statistics are of the listed id.
    assert.deepEqual([...receiver.agents.keys()], [ID]);
  });
