/**
 * The running daemon under attack. A legitimate line is called and calls all the while, over a HEP connection of its own; in the end its counts
 * must be exact, its open call and its registration must stand, and the daemon must have answered all along within bounded memory.
 */
import assert from 'node:assert/strict';
import { createSocket } from 'node:dgram';
import { readFileSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { after, before, it } from 'node:test';
import { deflateSync } from 'node:zlib';
import { chunksOf, encodeChunk, encodeChunks, encodeHep3 } from '../daemon/ingest/hep-encode.ts';
import { random } from './capture-editing.ts';
import { explain, readingOf } from './harness/admin.ts';
import { waitFor } from './harness/child.ts';
import { metric } from './harness/metrics.ts';
import { startRedis, type TestRedis } from './harness/redis.ts';
import { startVigie, type TestVigie } from './harness/vigie.ts';
import {
  answered,
  connectHep,
  ended,
  type HepConnection,
  PROXY,
  refused,
  registration,
  sip,
} from './hep-dialogs.ts';

const LINE = '33100000001';
const PHONE = '198.51.100.10:5060';
const SOURCES = 2_000;
const CALLS = 4_000;
/** Resident memory may grow by this much over that of the daemon at rest: buffers, tables at their capacity, garbage not yet collected. */
const GROWTH_MEBIBYTES = 200;
const YEAR_2040_MS = Date.UTC(2040, 0, 1);
const YEAR_1990_MS = Date.UTC(1990, 0, 1);

let redis: TestRedis;
let vigie: TestVigie;
let legitimate: HepConnection;
let calls = 0;
let restMebibytes: number;
let polls = 0;
let failedPolls = 0;
let polling = true;
let poller: Promise<void>;

const host = () => vigie.hep.split(':')[0]!;
const port = () => Number(vigie.hep.split(':')[1]);

function residentMebibytes(kind: 'VmRSS' | 'VmHWM'): number {
  const status = readFileSync(`/proc/${vigie.pid()}/status`, 'utf8');
  return Number(new RegExp(`${kind}:\\s+(\\d+) kB`).exec(status)![1]) / 1024;
}

const counter = async (name: string, labels = '') => metric(await vigie.metrics(), name, labels);

/** Waits until a counter has reached a value; then checks that it is exactly this. */
async function reaches(name: string, value: number, labels = ''): Promise<void> {
  await waitFor(`${name} ${value}`, async () => (await counter(name, labels)) >= value, undefined, 30_000);
  assert.equal(await counter(name, labels), value, name);
}

async function poll(): Promise<void> {
  while (polling) {
    try {
      const { status } = await fetch(`${vigie.http}/livez`, { signal: AbortSignal.timeout(15_000) });
      if (status !== 200) failedPolls++;
    } catch {
      failedPolls++;
    }
    polls++;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

/** One whole call of the line, from its registered address, without credentials. */
async function call(): Promise<void> {
  const dialog = { line: LINE, phone: PHONE, callId: `good-${++calls}` };
  const atMs = Date.now();
  await legitimate.send([...answered(dialog, atMs), ...ended(dialog, atMs + 10)]);
}

/** Runs an attack with a call of the line before, in the middle and after, and waits until the daemon has counted them. */
async function during(attack: () => Promise<void>): Promise<void> {
  await call();
  const attacked = attack();
  await call();
  await attacked;
  await call();
  await countsStand();
}

/** The line's calls, no more and no fewer; the one call of the beginning is still open. */
async function countsStand(): Promise<void> {
  // Redis may have too much to do right after an attack to answer within the API's patience.
  const sample = async () =>
    readingOf(await explain(vigie, 'customer', LINE), 'cmi.answer-seizure-ratio').sample ?? 0;
  const seen = () => sample().catch(() => 0);
  await waitFor(`${calls + 1} calls`, async () => (await seen()) >= calls + 1, undefined, 30_000);
  const explanation = await explain(vigie, 'customer', LINE);
  const ratio = readingOf(explanation, 'cmi.answer-seizure-ratio');
  assert.deepEqual([ratio.sample, ratio.value], [calls + 1, 1]);
  const duration = () => explain(vigie, 'customer', LINE);
  await waitFor(
    'the ends of the calls',
    async () => (readingOf(await duration(), 'cmi.average-call-duration').sample ?? 0) >= calls,
  );
  assert.equal(readingOf(await duration(), 'cmi.average-call-duration').sample ?? 0, calls);
  assert.equal(readingOf(await explain(vigie, 'line', LINE), 'cmi.simultaneous-calls').value, 1);
  assert.equal(await counter('vigie_bindings'), 1);
}

async function overUdp(datagrams: readonly Buffer[]): Promise<void> {
  const socket = createSocket('udp4');
  const before = await counter('vigie_ingest_frames_total');
  for (const [i, datagram] of datagrams.entries()) {
    await new Promise((resolve) => socket.send(datagram, port(), host(), resolve));
    // So that the receive buffer is not what is tested.
    if (i % 200 !== 199) continue;
    const taken = async () => (await counter('vigie_ingest_frames_total')) > before + i;
    await waitFor('the daemon to have taken them', taken, undefined, 30_000);
  }
  socket.close();
}

async function overTcp(frames: Iterable<Buffer>): Promise<void> {
  const connection = await connectHep(vigie.hep);
  let batch: Buffer[] = [];
  for (const frame of frames) {
    batch.push(frame);
    if (batch.length === 500) {
      await connection.send(batch);
      batch = [];
    }
  }
  await connection.send(batch);
  await new Promise<void>((resolve) => connection.socket.end(resolve));
}

const stranger = (i: number) => `10.${(i >> 16) & 255}.${(i >> 8) & 255}.${i & 255}:5060`;

before(async () => {
  redis = await startRedis();
  vigie = await startVigie({
    redisUrl: redis.url,
    config: {
      ingest: { hep: { maximumConnections: 64, maximumConnectionsOfAddress: 32, idleTimeout: '2s' } },
      network: { proxies: ['192.0.2.1'] },
      capacity: { sources: SOURCES, lines: 2_000, calls: CALLS, transactions: 20_000, bindings: 2_000 },
    },
  });
  legitimate = await connectHep(vigie.hep);
  const atMs = Date.now();
  await legitimate.send([
    ...registration({ line: LINE, phone: PHONE, callId: 'good-register', user: LINE }, atMs),
    ...answered({ line: LINE, phone: PHONE, callId: 'good-open', user: LINE }, atMs + 5),
  ]);
  await countsStand();
  restMebibytes = residentMebibytes('VmRSS');
  poller = poll();
});

after(async () => {
  polling = false;
  await poller;
  legitimate?.close();
  await vigie?.remove();
  await redis?.remove();
});

it('random bytes, and frames cut at every length', async () => {
  const next = random(7);
  const whole = encodeHep3({
    timeMs: Date.now(),
    source: stranger(1),
    destination: PROXY,
    payload: sip({
      ...{ start: 'OPTIONS', method: 'OPTIONS', line: 'x', called: 'y', callId: 'cut', cseq: 1 },
      ...{ branch: 'cut', phone: stranger(1) },
    }),
  });
  const noise = Array.from({ length: 2_000 }, () =>
    Buffer.from(Array.from({ length: 1 + Math.floor(next() * 300) }, () => Math.floor(next() * 256))),
  );
  const cut = Array.from({ length: whole.length }, (_, length) => whole.subarray(0, length));
  const flipped = Array.from({ length: 2_000 }, () => {
    const bytes = Buffer.from(whole);
    for (let i = 0; i < 3; i++) bytes[Math.floor(next() * 60)] = Math.floor(next() * 256);
    return bytes;
  });
  const before = await counter('vigie_ingest_frames_total');
  await during(() => overUdp([...noise, ...cut, ...flipped]));
  assert.equal(await counter('vigie_ingest_kernel_dropped_datagrams_total'), 0);
  assert.ok((await counter('vigie_ingest_frames_total')) - before >= noise.length + cut.length);
  assert.ok((await counter('vigie_ingest_malformed_frames_total')) >= noise.length);
});

it('garbage over TCP is closed, and a peer in the middle of a frame after its time', async () => {
  const before = await vigie.metrics();
  const garbage = Buffer.alloc(100_000, 'G');
  const open: Socket[] = [];
  await during(async () => {
    for (let i = 0; i < 10; i++) {
      const socket = connect(port(), host());
      socket.on('error', () => {});
      socket.write(garbage);
      open.push(socket);
    }
    for (let i = 0; i < 20; i++) {
      const socket = connect(port(), host());
      socket.on('error', () => {});
      // A frame of 60,000 bytes of which six come.
      socket.write(Buffer.from('HEP3\xea\x60', 'latin1'));
      open.push(socket);
    }
  });
  const closed = (reason: string) =>
    metric(before, 'vigie_ingest_tcp_connections_closed_total', `reason="${reason}"`);
  await reaches('vigie_ingest_tcp_connections_closed_total', closed('garbage') + 10, 'reason="garbage"');
  await reaches('vigie_ingest_tcp_connections_closed_total', closed('stalled') + 20, 'reason="stalled"');
  for (const socket of open) socket.destroy();
  await countsStand();
});

it('thousands of connections: 32 of an address and 64 in all are held, the rest is refused, the one that works goes on', async () => {
  const refusedBefore = await counter('vigie_ingest_tcp_connections_refused_total');
  const beyondBefore = await counter('vigie_ingest_tcp_connections_beyond_share_total');
  await waitFor('the connections', async () => (await counter('vigie_ingest_tcp_connections')) === 1);
  const open: Socket[] = [];
  await during(async () => {
    for (let round = 0; round < 20; round++) {
      const sockets = Array.from({ length: 100 }, () => {
        const localAddress = round < 10 ? '127.0.0.2' : '127.0.0.3';
        const socket = connect({ port: port(), host: host(), localAddress });
        socket.on('error', () => {});
        return socket;
      });
      await Promise.all(
        sockets.map(
          (socket) => new Promise((resolve) => socket.once('connect', resolve).once('close', resolve)),
        ),
      );
      open.push(...sockets);
    }
  });
  await reaches('vigie_ingest_tcp_connections_refused_total', refusedBefore + 2_000 - 63);
  assert.equal(await counter('vigie_ingest_tcp_connections_beyond_share_total'), beyondBefore + 1_000 - 32);
  assert.equal(await counter('vigie_ingest_tcp_connections'), 64);
  for (const socket of open) socket.destroy();
  await waitFor('the connections', async () => (await counter('vigie_ingest_tcp_connections')) === 1);
});

it('a payload that inflates beyond every bound, and the longest one that a frame can hold', async () => {
  const facts = { timeMs: Date.now(), source: stranger(2), destination: PROXY, payload: '' };
  const envelope = chunksOf(facts).slice(0, -1);
  const bomb = encodeChunks([...envelope, encodeChunk(16, deflateSync(Buffer.alloc(50_000_000)))]);
  assert.ok(bomb.length < 60_000);
  const giant = sip({
    ...{ start: 'OPTIONS', method: 'OPTIONS', line: 'x', called: 'y', callId: 'giant', cseq: 1 },
    ...{ branch: 'giant', phone: stranger(2), extra: `X-Long: ${'x'.repeat(60_000)}` },
  });
  const before = await vigie.metrics();
  await during(() => overTcp([...Array<Buffer>(50).fill(bomb), encodeHep3({ ...facts, payload: giant })]));
  await reaches(
    'vigie_ingest_oversize_frames_total',
    metric(before, 'vigie_ingest_oversize_frames_total') + 50,
  );
});

it('stamps of the year 2040 and of 1990 end no call and no registration', async () => {
  const forged = (timeMs: number, callId: string) =>
    registration({ line: 'liar', phone: stranger(3), callId, user: 'liar' }, timeMs).slice(0, 1);
  await during(async () => {
    await overUdp(forged(YEAR_2040_MS, 'future-1'));
    await call();
    await overUdp(forged(YEAR_2040_MS + 1_000, 'future-2'));
    await call();
    await overUdp(forged(YEAR_1990_MS, 'past'));
    // Time goes on by itself between packets, too.
    await new Promise((resolve) => setTimeout(resolve, 300));
  });
  assert.equal(await counter('vigie_calls_expired_total'), 0);
});

it('a flood from forged sources stays within the table of sources', async () => {
  function* flood() {
    for (let i = 0; i < 30_000; i++)
      yield encodeHep3({
        timeMs: Date.now(),
        source: stranger(i),
        destination: PROXY,
        payload: sip({
          ...{ start: 'OPTIONS', method: 'OPTIONS', line: 'x', called: 'y', callId: `flood-${i}`, cseq: 1 },
          ...{ branch: `flood-${i}`, phone: stranger(i) },
        }),
      });
  }
  await during(() => overTcp(flood()));
  assert.ok((await counter('vigie_subjects', 'kind="source"')) <= SOURCES);
});

it('forged Call-IDs fill no more than the room that strangers have', async () => {
  function* flood() {
    for (let i = 0; i < 30_000; i++)
      yield encodeHep3({
        timeMs: Date.now(),
        source: stranger(i % 500),
        destination: PROXY,
        payload: sip({
          ...{ start: 'INVITE', method: 'INVITE', line: LINE, called: 'y', callId: `forged-${i}`, cseq: 1 },
          ...{ branch: `forged-${i}`, phone: stranger(i % 500) },
        }),
      });
  }
  await during(() => overTcp(flood()));
  assert.ok((await counter('vigie_calls_open')) <= CALLS / 2 + calls + 1);
});

it('forged credentials charge nothing to the line whose name they use', async () => {
  const frames: Buffer[] = [];
  for (let i = 0; i < 3_000; i++) {
    const thief = { line: LINE, phone: stranger(600 + (i % 100)), callId: `thief-${i}`, user: LINE };
    const atMs = Date.now();
    frames.push(...refused(thief, i % 2 ? 407 : 403, atMs));
    frames.push(...registration({ ...thief, callId: `thief-register-${i}` }, atMs).slice(0, 1));
  }
  await during(() => overTcp(frames));
  const { readings, suspensions } = await explain(vigie, 'customer', LINE);
  assert.deepEqual(suspensions, []);
  assert.equal(readings.find(({ rule }) => rule === 'cmi.transaction-rate')!.step, null);
});

it('all along the daemon answered, and kept within its memory', async () => {
  const dialog = { line: LINE, phone: PHONE, callId: 'good-open' };
  await legitimate.send(ended(dialog, Date.now()));
  await waitFor(
    'the end of the call',
    async () => readingOf(await explain(vigie, 'line', LINE), 'cmi.simultaneous-calls').value === 0,
  );
  assert.equal(failedPolls, 0);
  assert.ok(polls > 20, String(polls));
  const peakMebibytes = residentMebibytes('VmHWM');
  console.log(`# resident: ${restMebibytes.toFixed(0)} MiB at rest, ${peakMebibytes.toFixed(0)} MiB at most`);
  assert.ok(peakMebibytes - restMebibytes < GROWTH_MEBIBYTES, `${restMebibytes} to ${peakMebibytes} MiB`);
  assert.doesNotMatch(vigie.log(), /daemon\.crashed/);
});
