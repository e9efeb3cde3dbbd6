import assert from 'node:assert/strict';
import { createHash, type Hash } from 'node:crypto';
import { test } from 'node:test';
import { formatEndpoint } from '../daemon/ingest/address.ts';
import { HepReceiver } from '../daemon/ingest/hep-server.ts';
import type { Packet } from '../daemon/ingest/packet.ts';
import { play } from './player.ts';
import { Simulation, type SimulationOptions } from './simulation.ts';

const small: SimulationOptions = { seed: 'played', lines: 10, days: 0.05, kinds: ['autodialler'] };

function add(hash: Hash, { timeMs, source, destination, bytes, start, end }: Packet): void {
  hash.update(`${Math.round(timeMs * 1000)} ${formatEndpoint(source)} ${formatEndpoint(destination)}\n`);
  hash.update(bytes.subarray(start, end));
}

for (const transport of ['tcp', 'udp'] as const)
  test(`what is played as HEP over ${transport} arrives whole and in order`, async (t) => {
    const expected = createHash('sha256');
    let count = 0;
    for (const packet of new Simulation(small).packets()) {
      add(expected, packet);
      count++;
    }
    const got = createHash('sha256');
    let arrived = 0;
    let wakeUp = (): void => {};
    const receiver = new HepReceiver({
      [transport]: '127.0.0.1:0',
      clock: Date.now,
      sink: (packet) => {
        add(got, packet);
        arrived++;
        if (arrived === count) wakeUp();
      },
    });
    await receiver.start();
    t.after(() => receiver.stop());
    const to = (transport === 'tcp' ? receiver.tcpAddress() : receiver.udpAddress()) as string;
    const allThere = new Promise<void>((resolve) => {
      wakeUp = resolve;
    });
    assert.ok(count > 500);
    // Slow enough for the datagrams: a few thousand a second.
    assert.equal(await play(new Simulation(small), { to, transport, speed: 5_000 }), count);
    if (arrived < count) await allThere;
    assert.equal(arrived, count);
    assert.equal(got.digest('hex'), expected.digest('hex'));
  });

test('an aborted player stops and says how far it came', async (t) => {
  const ending = new AbortController();
  let arrived = 0;
  const receiver = new HepReceiver({
    tcp: '127.0.0.1:0',
    clock: Date.now,
    sink: () => {
      arrived++;
      ending.abort();
    },
  });
  await receiver.start();
  t.after(() => receiver.stop());
  const { signal } = ending;
  const sent = await play(new Simulation({ ...small, days: 30 }), {
    to: receiver.tcpAddress() as string,
    transport: 'tcp',
    speed: 3_600,
    signal,
  });
  assert.ok(sent >= arrived && arrived > 0);
});

test('what is no address is told before anything is sent', async () => {
  await assert.rejects(
    play(new Simulation(small), { to: 'localhost', transport: 'tcp', speed: 1 }),
    RangeError,
  );
});
