/**
 * `vigie ingest`: a capture into a running daemon, live from dumpcap on the loopback, over TCP and TLS. SIPp's own statistics say how many messages
 * there were.
 */
import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { copyFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, afterEach, before, it } from 'node:test';
import { connect as connectTls } from 'node:tls';
import type { IngestReport } from '../cli/ingest.ts';
import { HepDecoder } from '../daemon/ingest/hep.ts';
import { HepResult } from '../daemon/ingest/hep-frame.ts';
import { HepStream, StreamMemory } from '../daemon/ingest/hep-stream.ts';
import { Packet } from '../daemon/ingest/packet.ts';
import { ethernet, ipv4, pcap, type TimedFrame, udp } from './capture-writer.ts';
import { type Authority, authority, type Signed } from './harness/certificates.ts';
import { waitFor } from './harness/child.ts';
import { metric } from './harness/metrics.ts';
import { freePort } from './harness/ports.ts';
import { startRedis, type TestRedis } from './harness/redis.ts';
import { runSipp, startSipp } from './harness/sipp.ts';
import { startVigie, type TestVigie } from './harness/vigie.ts';

const command = new URL('../cli/vigie', import.meta.url).pathname;
const FLOOD = new URL('captures/kamailio/flood-tps.sip.pcap', import.meta.url).pathname;
const CUSTOMER = '127.0.1.1';
const PROVIDER = '127.0.0.20';
const NOW_MS = 1_795_305_312_345;

let directory: string;
let redis: TestRedis;
let vigie: TestVigie;
let ours: Authority;
let server: Signed;
let sender: Signed;
let tlsAddress: string;
let tlsOptions: string[];

before(async () => {
  directory = mkdtempSync(join(tmpdir(), 'vigie-live-'));
  ours = authority(directory, 'ours');
  server = ours.sign('vigie');
  sender = ours.sign('sender');
  tlsAddress = `127.0.0.1:${await freePort()}`;
  tlsOptions = [
    ...['--tls', '--tls-authority', ours.certificate],
    ...['--tls-certificate', sender.certificate, '--tls-key', sender.key],
  ];
  redis = await startRedis();
  vigie = await startVigie({
    redisUrl: redis.url,
    config: {
      ingest: {
        hep: { authKey: 'a key', tls: { listen: tlsAddress, ...server, clientAuthority: ours.certificate } },
      },
      network: { proxies: [PROVIDER] },
    },
  });
  writeFileSync(join(directory, 'key'), 'a key\n');
});
after(async () => {
  await vigie?.remove();
  await redis?.remove();
  rmSync(directory, { recursive: true });
});

/** What a test that failed half-way has left running would keep the whole run from ending. */
const leftOver: (() => void)[] = [];
afterEach(() => {
  for (const end of leftOver.splice(0)) end();
});

interface Ingest {
  readonly child: ChildProcess;
  /** What it said at its end. */
  readonly ended: Promise<{ code: number | null; report: IngestReport | null; talk: string }>;
}

function startIngest(...options: string[]): Ingest {
  const child = spawn(command, ['ingest', '--json', ...options], { stdio: ['pipe', 'pipe', 'pipe'] });
  leftOver.push(() => child.kill('SIGKILL'));
  let [out, talk] = ['', ''];
  child.stdout!.on('data', (text: Buffer) => {
    out += text.toString();
  });
  child.stderr!.on('data', (text: Buffer) => {
    talk += text.toString();
  });
  child.stdin!.on('error', () => {});
  const ended = once(child, 'close').then(([code]) => ({
    code: code as number | null,
    report: out === '' ? null : (JSON.parse(out) as IngestReport),
    talk,
  }));
  return { child, ended };
}

const withKey = () => ['--auth-key-file', join(directory, 'key')];

const count = async (name: string) => metric(await vigie.metrics(), name);

/** Sends line ends, which are no messages, until dumpcap says that it has seen one. */
async function captureRuns(said: () => string): Promise<void> {
  const socket = createSocket('udp4');
  await waitFor('dumpcap to capture', async () => {
    await new Promise((resolve) => socket.send('\r\n\r\n', 9, '127.0.0.1', resolve));
    return /Packets: [1-9]/.test(said());
  });
  socket.close();
}

for (const transport of ['TCP', 'TLS'])
  it(`live from dumpcap over ${transport}: the daemon has as many messages as SIPp sent and received`, async () => {
    const answering = await startSipp({ scenario: 'answer', address: PROVIDER, timeoutSeconds: 60 });
    const to = transport === 'TCP' ? [vigie.hep] : [tlsAddress, ...tlsOptions];
    const { child, ended } = startIngest('--to', ...to, ...withKey());
    const filter = `udp port ${answering.port} or udp dst port 9`;
    const dumpcap = spawn('dumpcap', ['-i', 'lo', '-f', filter, '-w', '-'], {
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    leftOver.push(() => dumpcap.kill('SIGKILL'));
    let said = '';
    dumpcap.stderr.on('data', (text: Buffer) => {
      said += text.toString();
    });
    dumpcap.stdout.pipe(child.stdin!);
    await captureRuns(() => said);
    const before = await count('vigie_sip_messages_total');
    const calls = await runSipp({
      scenario: 'carrier-call',
      address: CUSTOMER,
      target: { address: PROVIDER, port: answering.port },
      rows: ['33199999999;'],
      requestUri: 'sip:33100000001@vigie.example',
      calls: 40,
      perSecond: 80,
    });
    assert.equal(calls.successful, 40, calls.errors);
    // What each sent; what reaches one after the end of a call, as copies do on a busy machine, is not counted as received.
    const onTheWire = calls.sent + (await answering.stop()).sent;
    assert.ok(onTheWire >= 40 * 5);
    await waitFor(
      'all to be counted',
      async () => (await count('vigie_sip_messages_total')) - before >= onTheWire,
    );
    dumpcap.kill('SIGINT');
    const { code, report, talk } = await ended;
    assert.equal(code, 0, talk);
    assert.deepEqual(
      [report?.sipPayloads, report?.sent, report?.lost, report?.malformed, report?.fault],
      [onTheWire, onTheWire, 0, 0, null],
      said,
    );
    assert.ok((report?.ignored.keepAlive ?? 0) >= 1);
    assert.equal((await count('vigie_sip_messages_total')) - before, onTheWire);
    assert.equal(await count('vigie_ingest_malformed_frames_total'), 0);
  });

it('without the certificate that the daemon asks for, nothing is taken, and the command fails', async () => {
  const before = await count('vigie_ingest_frames_total');
  const failed = await count('vigie_ingest_tls_handshakes_failed_total');
  const authorityOnly = tlsOptions.slice(0, 3);
  const { child, ended } = startIngest('--to', tlsAddress, ...authorityOnly, ...withKey());
  child.stdin!.end(readFileSync(FLOOD));
  const { code, report, talk } = await ended;
  assert.equal(code, 1, talk);
  assert.ok(report !== null && (report.connectionFault !== null || report.lost > 0), talk);
  assert.equal(await count('vigie_ingest_frames_total'), before);
  assert.ok((await count('vigie_ingest_tls_handshakes_failed_total')) > failed);
});

it('readiness names the TLS listener, and a plain sender on it is counted', async () => {
  const { body } = await vigie.request('GET', '/readyz');
  assert.ok(JSON.stringify(body).includes(`tls ${tlsAddress}`), JSON.stringify(body));
  const failed = await count('vigie_ingest_tls_handshakes_failed_total');
  const socket = connect(Number(tlsAddress.split(':')[1]), '127.0.0.1');
  socket.on('error', () => {});
  socket.end('HEP3');
  await once(socket, 'close');
  await waitFor(
    'it to be counted',
    async () => (await count('vigie_ingest_tls_handshakes_failed_total')) === failed + 1,
  );
});

it('renewed certificates are taken in on SIGHUP, and one that does not fit its key is refused', async () => {
  const shown = async (): Promise<string> => {
    const socket = connectTls({
      ...{ host: '127.0.0.1', port: Number(tlsAddress.split(':')[1]), ca: readFileSync(ours.certificate) },
      ...{ cert: readFileSync(sender.certificate), key: readFileSync(sender.key) },
    });
    await once(socket, 'secureConnect');
    const { subject } = socket.getPeerCertificate();
    socket.destroy();
    return String(subject.CN);
  };
  assert.equal(await shown(), 'vigie');
  const renewed = ours.sign('renewed');
  copyFileSync(renewed.certificate, server.certificate);
  vigie.signal('SIGHUP');
  await waitFor('the refusal', () => vigie.log().includes('is not the key of the certificate'));
  assert.equal(await shown(), 'vigie');
  copyFileSync(renewed.key, server.key);
  vigie.signal('SIGHUP');
  await waitFor('the new one', async () => (await shown()) === 'renewed');
});

/** A collector that reads only when it is let. */
async function collector(reading: boolean, port = 0) {
  const ttls: number[] = [];
  const decoder = new HepDecoder();
  const packet = new Packet();
  const sockets: Socket[] = [];
  let isReading = reading;
  const server = createServer((socket) => {
    sockets.push(socket);
    const stream = new HepStream(
      (bytes, start, end) => {
        assert.equal(decoder.decode(bytes, start, end, packet, 0), HepResult['sip']);
        ttls.push(packet.ttl);
      },
      new StreamMemory(1 << 20),
      { resyncs: 0, garbageBytes: 0 },
    );
    socket.on('error', () => {});
    socket.on('data', (bytes) => stream.push(bytes, 0, bytes.length));
    if (!isReading) socket.pause();
  });
  server.listen(port, '127.0.0.1');
  await once(server, 'listening');
  leftOver.push(() => {
    server.close();
    for (const socket of sockets) socket.destroy();
  });
  return {
    port: (server.address() as AddressInfo).port,
    ttls,
    connections: () => sockets.length,
    read() {
      isReading = true;
      for (const socket of sockets) socket.resume();
    },
    async stop() {
      server.close();
      for (const socket of sockets) socket.destroy();
      await once(server, 'close');
    },
  };
}

const frame = (id: number, ttl = 57): TimedFrame => ({
  timeMs: NOW_MS + id,
  bytes: ethernet(
    ipv4(
      '192.0.2.1:5060',
      '192.0.2.2:5060',
      udp('192.0.2.1:5060', '192.0.2.2:5060', `OPTIONS sip:a@b SIP/2.0\r\nX: ${'x'.repeat(900)}\r\n\r\n`),
      { ttl },
    ),
  ),
});

it('a daemon that does not read is waited for: the input stands still, and nothing is lost', async () => {
  const slow = await collector(false);
  const { child, ended } = startIngest('--to', `127.0.0.1:${slow.port}`);
  const header = pcap([]);
  const record = pcap([frame(0)]).subarray(header.length);
  const thousand = Buffer.concat(Array.from({ length: 1000 }, () => record));
  child.stdin!.write(header);
  await waitFor('the connection', () => slow.connections() === 1);
  // What pipe, sockets and process together hold is a few megabytes; a hundred would have to be somewhere.
  let written = 0;
  let blocked = false;
  while (!blocked && written < 100) {
    written++;
    if (child.stdin!.write(thousand)) continue;
    const drained = once(child.stdin!, 'drain').then(() => true);
    const still = new Promise<boolean>((resolve) => setTimeout(resolve, 1_500, false));
    blocked = !(await Promise.race([drained, still]));
  }
  assert.ok(blocked, `${written} MB went in`);
  slow.read();
  child.stdin!.end();
  const { code, report, talk } = await ended;
  assert.equal(code, 0, talk);
  assert.equal(report?.sent, written * 1000);
  await waitFor('all to arrive', () => slow.ttls.length === written * 1000).catch((error) => {
    throw new Error(`${error.message}: ${slow.ttls.length} of ${written * 1000}; ${talk}`);
  });
  assert.ok(slow.ttls.every((ttl) => ttl === 57));
  await slow.stop();
});

it('a daemon that comes back is dialled again, and SIGTERM ends an input that does not', async () => {
  const first = await collector(true);
  const { child, ended } = startIngest('--to', `127.0.0.1:${first.port}`);
  const header = pcap([]);
  child.stdin!.write(pcap([frame(0), frame(1)]));
  await waitFor('two to arrive', () => first.ttls.length === 2);
  await first.stop();
  const second = await collector(true, first.port);
  let sent = 2;
  await waitFor('the new one to have some', () => {
    child.stdin!.write(pcap([frame(sent++)]).subarray(header.length));
    return second.ttls.length > 0;
  });
  child.kill('SIGTERM');
  const { code, report, talk } = await ended;
  assert.equal(code, 0, talk);
  assert.deepEqual([report?.reconnects, report?.fault, report?.sipPayloads], [1, null, sent]);
  assert.match(talk, /connection lost.*\nconnected again/);
  assert.equal((report?.sent ?? 0) + (report?.lost ?? 0), sent);
  await second.stop();
});

it('what is damaged, cut or no capture at all is told, and what came before is sent', async () => {
  const damaged = pcap([frame(0), frame(1), frame(2)]);
  damaged.writeUInt32LE(0xffff_ffff, 24 + (2 * (damaged.length - 24)) / 3 + 8);
  const cut = pcap([frame(0), frame(1)]);
  for (const [input, messages, fault] of [
    [damaged, 2, /a frame claims/],
    [cut.subarray(0, cut.length - 1), 1, /middle of a record/],
    [Buffer.from('no capture, but long enough to be one'), 0, /neither pcap nor pcapng/],
    [Buffer.alloc(0), 0, /neither pcap nor pcapng/],
  ] as const) {
    const whole = await collector(true);
    const { child, ended } = startIngest('--to', `127.0.0.1:${whole.port}`);
    child.stdin!.end(input);
    const { code, report, talk } = await ended;
    assert.equal(code, 1);
    assert.match(talk, fault);
    assert.equal(report?.sent, messages);
    await waitFor('all to arrive', () => whole.ttls.length === messages);
    await whole.stop();
  }
});

it('no daemon, no file, and wrong options', async () => {
  const nobody = `127.0.0.1:${await freePort()}`;
  for (const [options, code, talk] of [
    [['--to', nobody], 1, /ECONNREFUSED.*is the daemon running/],
    [['--to', 'x'], 2, /no host and port/],
    [['--to', nobody, '--tls-key', 'k'], 2, /needs --tls/],
    [['--to', nobody, '--capture-id', '-1'], 2, /capture-id/],
    [['--to', vigie.hep, join(directory, 'absent.pcap')], 1, /ENOENT/],
  ] as const) {
    const { child, ended } = startIngest(...options);
    child.stdin!.end();
    const end = await ended;
    assert.equal(end.code, code, end.talk);
    assert.match(end.talk, talk);
  }
});
