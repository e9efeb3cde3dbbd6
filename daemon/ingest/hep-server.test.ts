import assert from 'node:assert/strict';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { afterEach, test } from 'node:test';
import { formatEndpoint, parseEndpoint } from './address.ts';
import {
  chunksOf,
  encodeChunk,
  encodeChunks,
  encodeHep3,
  encodeHep12,
  type FrameFacts,
} from './hep-encode.ts';
import { HepReceiver, type HepReceiverOptions } from './hep-server.ts';

const FACTS: FrameFacts = {
  timeMs: 1_795_305_312_345,
  source: '[2001:db8::1]:5060',
  destination: '[2001:db8::2]:5060',
  payload: 'OPTIONS sip:a@b SIP/2.0\r\n\r\n',
  captureId: 2001,
};

const open: { stop(): unknown }[] = [];
afterEach(async () => {
  for (const one of open.splice(0)) await one.stop();
});

async function receiver(options: Partial<HepReceiverOptions> = {}) {
  const seen: string[] = [];
  const clock = { nowMs: FACTS.timeMs + 7 };
  const one = new HepReceiver({
    udp: '127.0.0.1:0',
    tcp: '127.0.0.1:0',
    clock: () => clock.nowMs,
    sink: (packet) =>
      seen.push(
        `${formatEndpoint(packet.source)} ${packet.agentId} ${packet.bytes.toString('latin1', packet.start, packet.end)}`,
      ),
    ...options,
  });
  await one.start();
  open.push(one);
  return { one, seen, clock, counters: one.counters };
}

/** Waits until the condition holds; what never holds is a failure. */
async function until(condition: () => boolean, what: string): Promise<void> {
  const deadline = performance.now() + 10_000;
  while (!condition()) {
    if (performance.now() > deadline) assert.fail(`never happened: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
}

async function dial(address: string): Promise<Socket> {
  const { port } = parseEndpoint(address)!;
  const socket = connect(port, address.startsWith('[') ? '::1' : '127.0.0.1');
  socket.on('error', () => {});
  open.push({ stop: () => socket.destroy() });
  await once(socket, 'connect');
  return socket;
}

async function sendDatagrams(address: string, ...datagrams: Buffer[]): Promise<void> {
  const { port } = parseEndpoint(address)!;
  const v6 = address.startsWith('[');
  const socket = createSocket(v6 ? 'udp6' : 'udp4');
  for (const datagram of datagrams) {
    await new Promise((resolve) => socket.send(datagram, port, v6 ? '::1' : '127.0.0.1', resolve));
  }
  socket.close();
}

const SEEN = '[2001:db8::1]:5060 2001 OPTIONS sip:a@b SIP/2.0\r\n\r\n';

test('UDP and TCP, over IPv4 and IPv6, give the same packets', async () => {
  for (const listen of ['127.0.0.1:0', '[::1]:0']) {
    const { one, seen, counters } = await receiver({ udp: listen, tcp: listen });
    await sendDatagrams(one.udpAddress()!, encodeHep3(FACTS), encodeHep3({ ...FACTS, compression: 'gzip' }));
    const socket = await dial(one.tcpAddress()!);
    socket.write(encodeHep3(FACTS));
    await until(() => seen.length === 3, 'three packets');
    assert.deepEqual(seen, [SEEN, SEEN, SEEN]);
    assert.equal(counters.frames, 3);
    assert.equal(counters.messages, 3);
    assert.equal(counters.connections, 1);
  }
});

test('frames cut anywhere over a real connection, many connections at once', async () => {
  const { one, seen, counters } = await receiver();
  const bytes = Buffer.concat(Array.from({ length: 20 }, (_, i) => encodeHep3({ ...FACTS, captureId: i })));
  const sockets = await Promise.all(Array.from({ length: 5 }, () => dial(one.tcpAddress()!)));
  for (let at = 0; at < bytes.length; at += 97) {
    for (const socket of sockets) socket.write(bytes.subarray(at, at + 97));
    await new Promise((resolve) => setImmediate(resolve));
  }
  await until(() => seen.length === 100, '100 packets');
  assert.equal(counters.messages, 100);
  assert.equal(counters.resyncs, 0);
  assert.equal(one.agents.size, 20);
  for (const agent of one.agents.values()) assert.equal(agent.messages, 5);
  for (const socket of sockets) socket.end();
  await until(() => counters.connections === 0, 'all closed');
  assert.equal(one.heldBytes, 0);
});

test('versions 1 and 2 arrive over UDP', async () => {
  const { one, seen, counters } = await receiver();
  await sendDatagrams(one.udpAddress()!, encodeHep12(FACTS, 2), encodeHep12(FACTS, 1));
  await until(() => counters.frames === 2, 'two frames');
  assert.deepEqual(seen, [SEEN, SEEN.replace('2001 OPTIONS', '0 OPTIONS')]);
});

test('every malformed frame is counted under its name and nothing stops', async () => {
  const { one, seen, counters } = await receiver();
  const frame = encodeHep3(FACTS);
  await sendDatagrams(
    one.udpAddress()!,
    Buffer.from('junk that is no HEP'),
    Buffer.alloc(0),
    frame.subarray(0, 50),
    encodeChunks(chunksOf(FACTS).slice(0, -1)),
    encodeHep3({ ...FACTS, payloadType: 100 }),
    encodeHep3({ ...FACTS, payload: Buffer.alloc(200_000), compression: 'zlib' }),
    Buffer.concat([frame, frame, Buffer.from('tail')]),
  );
  await until(() => counters.frames === 8, 'eight frames');
  const named = Object.fromEntries(Object.entries(counters.malformed).filter(([, count]) => count > 0));
  assert.deepEqual(named, {
    'unknown-version': 1,
    'too-short': 1,
    truncated: 1,
    'missing-payload': 1,
    'inflate-too-large': 1,
    'trailing-bytes': 1,
  });
  assert.deepEqual(counters.ignoredByType, { 100: 1 });
  assert.equal(counters.oversize, 1);
  assert.deepEqual(seen, [SEEN, SEEN]);
});

test('with a key configured only frames that carry it pass', async () => {
  const { one, seen, counters } = await receiver({ authKey: 'sesame' });
  const keys = ['sesame', 'sesamf', 'sesam', 'sesamesesame', '', null];
  await sendDatagrams(
    one.udpAddress()!,
    ...keys.map((authKey) => encodeHep3({ ...FACTS, authKey })),
    encodeHep12(FACTS, 2),
  );
  await until(() => counters.frames === 7, 'seven frames');
  assert.equal(seen.length, 1);
  assert.equal(counters.badAuthKey, 6);
});

test('nobody without the key makes us inflate', async () => {
  const { one, counters } = await receiver({ authKey: 'sesame' });
  const bomb = { ...FACTS, payload: Buffer.alloc(200_000), compression: 'zlib' as const };
  await sendDatagrams(one.udpAddress()!, encodeHep3(bomb), encodeHep3({ ...bomb, authKey: 'sesame' }));
  await until(() => counters.frames === 2, 'two frames');
  assert.equal(counters.badAuthKey, 1);
  assert.equal(counters.malformed['inflate-too-large'], 1);
});

test('agents are let in by capture id, in either byte order, or by address or network', async () => {
  const swapped = Buffer.alloc(4);
  swapped.writeUInt32LE(2001);
  const wrongEndian = encodeChunks([
    ...chunksOf(FACTS).filter((chunk) => chunk[3] !== 12),
    encodeChunk(12, swapped),
  ]);
  const frames = [encodeHep3(FACTS), wrongEndian, encodeHep3({ ...FACTS, captureId: 2002 })];
  const cases: [(number | string)[], number][] = [
    [[], 3],
    [[2001], 2],
    [['2001'], 2],
    [[7], 0],
    [['127.0.0.1'], 3],
    [['127.0.0.0/8'], 3],
    [['127.0.0.2', '10.0.0.0/8', '::1'], 0],
    [['10.0.0.1', 2002], 1],
    [['0.0.0.0/0'], 3],
  ];
  for (const [agents, passed] of cases) {
    const { one, seen, counters } = await receiver({ agents });
    await sendDatagrams(one.udpAddress()!, ...frames);
    const socket = await dial(one.tcpAddress()!);
    socket.write(Buffer.concat(frames));
    await until(() => counters.frames === 6, 'six frames');
    assert.equal(seen.length, 2 * passed, JSON.stringify(agents));
    assert.equal(counters.unknownAgents, 6 - 2 * passed);
    if (agents[0] === 2001) assert.deepEqual(seen, [SEEN, SEEN, SEEN, SEEN], 'the id is the listed one');
  }
  for (const entry of [-1, 1.5, 'nonsense', '1.2.3.4/33', '::1/129', '1.2.3.4/8/8', '10.0.0.0/'])
    assert.throws(
      () => new HepReceiver({ agents: [entry], clock: () => 0, sink: () => {} }),
      RangeError,
      `${entry}`,
    );
});

test('per agent: last stamp, offset of the clocks, gaps; stamps are kept as they came', async () => {
  const { one, counters } = await receiver({ gapLimitMs: 1000, tcp: null });
  const stamps = [0, 1000, 999, 2001, 3002, 100];
  await sendDatagrams(
    one.udpAddress()!,
    ...stamps.map((offset) => encodeHep3({ ...FACTS, timeMs: FACTS.timeMs + offset })),
  );
  await until(() => counters.frames === stamps.length, 'all frames');
  const agent = one.agents.get(2001)!;
  // 1000 → 2001 and 2001 → 3002 are steps of 1001 ms; 0 → 1000 is none; 3002 → 100 goes back.
  assert.equal(agent.gaps, 2);
  assert.equal(agent.lastGapFromMs, FACTS.timeMs + 2001);
  assert.equal(agent.lastGapToMs, FACTS.timeMs + 3002);
  assert.equal(agent.backwardJumps, 1);
  assert.equal(agent.firstCaptureMs, FACTS.timeMs);
  assert.equal(agent.lastCaptureMs, FACTS.timeMs + 100);
  assert.equal(agent.clockOffsetMs, 7 - 100);
});

test('statistics are kept of a bounded number of agents, messages pass all the same', async () => {
  const { one, seen, counters } = await receiver({ maximumAgents: 2 });
  await sendDatagrams(
    one.udpAddress()!,
    ...[1, 2, 3, 1, 4].map((captureId) => encodeHep3({ ...FACTS, captureId })),
  );
  await until(() => counters.frames === 5, 'all frames');
  assert.equal(seen.length, 5);
  assert.deepEqual([...one.agents.keys()], [1, 2]);
  assert.equal(counters.untrackedAgents, 2);
});

test('a peer that sends garbage is closed after the bound; others go on', async () => {
  const { one, seen, counters } = await receiver({ maximumGarbageBytes: 5000 });
  const good = await dial(one.tcpAddress()!);
  const bad = await dial(one.tcpAddress()!);
  const closed = once(bad, 'close');
  bad.write(Buffer.alloc(6000, 'GET / HTTP/1.1\r\n'));
  await closed;
  good.write(Buffer.concat([Buffer.from('some garbage'), encodeHep3(FACTS)]));
  await until(() => seen.length === 1, 'the good frame');
  assert.equal(counters.connectionsClosed.garbage, 1);
  assert.equal(counters.resyncs, 1);
  assert.equal(counters.connections, 1);
});

test('idle connections and frames that never get whole are closed', async () => {
  const { one, clock, counters } = await receiver({ idleMs: 60_000, stalledMs: 10_000 });
  const idle = await dial(one.tcpAddress()!);
  const slow = await dial(one.tcpAddress()!);
  const head = encodeHep3(FACTS).subarray(0, 30);
  slow.write(head);
  await until(() => one.heldBytes === 1024, 'the head is held');
  const slowClosed = once(slow, 'close');
  clock.nowMs += 10_000;
  one.sweep(clock.nowMs);
  assert.equal(counters.connectionsClosed.stalled, 0);
  one.sweep(clock.nowMs + 1);
  assert.equal(counters.connectionsClosed.stalled, 1);
  await slowClosed;
  const idleClosed = once(idle, 'close');
  one.sweep(clock.nowMs + 50_000);
  assert.equal(counters.connectionsClosed.idle, 0);
  one.sweep(clock.nowMs + 50_001);
  assert.equal(counters.connectionsClosed.idle, 1);
  await idleClosed;
  await until(() => one.heldBytes === 0, 'memory is given back');
});

test('connections beyond the number are refused', async () => {
  const { one, counters } = await receiver({ maximumConnections: 2 });
  await dial(one.tcpAddress()!);
  await dial(one.tcpAddress()!);
  const third = await dial(one.tcpAddress()!);
  await once(third.resume(), 'close');
  await until(() => counters.connectionsRefused === 1, 'one refused');
  assert.equal(counters.connections, 2);
});

test('one address holds its share of the connections, and others are let in meanwhile', async () => {
  const { one, counters } = await receiver({ maximumConnections: 40 });
  const { port } = parseEndpoint(one.tcpAddress()!)!;
  const from = async (localAddress: string): Promise<Socket> => {
    const socket = connect({ port, host: '127.0.0.1', localAddress });
    socket.on('error', () => {});
    open.push({ stop: () => socket.destroy() });
    await once(socket, 'connect');
    return socket;
  };
  const held: Socket[] = [];
  for (let i = 0; i < 10; i++) held.push(await from('127.0.0.2'));
  await until(() => counters.connections === 10, 'a quarter of forty');
  const eleventh = await from('127.0.0.2');
  await once(eleventh.resume(), 'close');
  await from('127.0.0.1');
  await until(() => counters.connections === 11, 'another address');
  assert.deepEqual([counters.connectionsRefused, counters.connectionsBeyondShare], [1, 1]);
  held[0]!.destroy();
  await until(() => counters.connections === 10, 'one has gone');
  await from('127.0.0.2');
  await until(() => counters.connections === 11, 'there is room again');
  assert.equal(counters.connectionsRefused, 1);
});

test('many peers with cut frames cannot hold more than the bound', async () => {
  const { one, counters } = await receiver({ maximumHeldBytes: 4096 });
  const head = encodeHep3({ ...FACTS, payload: 'x'.repeat(3000) }).subarray(0, 2000);
  for (let i = 0; i < 5; i++) (await dial(one.tcpAddress()!)).write(head);
  await until(() => counters.connectionsClosed.memory === 3, 'three closed');
  assert.equal(one.heldBytes, 4096);
  assert.equal(counters.oversize, 3);
});

test('a peer that resets its connection in mid-frame leaves nothing behind', async () => {
  const { one, counters } = await receiver();
  const socket = await dial(one.tcpAddress()!);
  socket.write(encodeHep3(FACTS).subarray(0, 40));
  await until(() => one.heldBytes > 0, 'the head is held');
  socket.resetAndDestroy();
  await until(() => counters.connections === 0, 'closed');
  assert.equal(one.heldBytes, 0);
});

test("the granted buffer and the kernel's drops can be read", async () => {
  const { one, counters } = await receiver({ receiveBufferBytes: 4096, tcp: null });
  assert.ok(one.receiveBufferBytes > 0);
  assert.equal(counters.kernelDrops, 0);
  // Nothing is read while this loop does not yield, so a small buffer must overflow.
  const sender = createSocket('udp4');
  const { port } = parseEndpoint(one.udpAddress()!)!;
  const frame = encodeHep3({ ...FACTS, payload: 'x'.repeat(1000) });
  sender.bind(0);
  await once(sender, 'listening');
  for (let i = 0; i < 200; i++) sender.send(frame, port, '127.0.0.1');
  await until(() => counters.frames + counters.kernelDrops === 200, 'all received or counted as dropped');
  assert.ok(counters.kernelDrops > 0);
  sender.close();
});

test('addresses in use and strings that are none are told, and nothing stays open', async () => {
  const { one } = await receiver();
  const second = new HepReceiver({
    udp: '127.0.0.1:0',
    tcp: one.tcpAddress(),
    clock: () => 0,
    sink: () => {},
  });
  await assert.rejects(second.start(), { code: 'EADDRINUSE' });
  assert.equal(second.udpAddress(), null);
  await assert.rejects(new HepReceiver({ udp: one.udpAddress(), clock: () => 0, sink: () => {} }).start(), {
    code: 'EADDRINUSE',
  });
  for (const udp of ['localhost:9060', '127.0.0.1', '::1:9060', '127.0.0.1:99999'])
    assert.throws(() => new HepReceiver({ udp, clock: () => 0, sink: () => {} }), RangeError);
});
