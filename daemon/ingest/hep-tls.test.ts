import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { connect as dial, Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, afterEach, test } from 'node:test';
import { type ConnectionOptions, connect, type TLSSocket } from 'node:tls';
import { authority, type Signed } from '../../test/harness/certificates.ts';
import { parseEndpoint } from './address.ts';
import { encodeHep3 } from './hep-encode.ts';
import { HepReceiver, type HepReceiverOptions } from './hep-server.ts';
import { TlsHandshakes } from './hep-tls.ts';
import { readTlsFiles, type TlsMaterial } from './tls-files.ts';

const directory = mkdtempSync(join(tmpdir(), 'vigie-tls-'));
after(() => rmSync(directory, { recursive: true }));
const ours = authority(directory, 'ours');
const server = ours.sign('vigie');
const client = ours.sign('kamailio');
const stranger = authority(directory, 'theirs').sign('stranger');
const nowMs = 1_795_305_312_345;

function material(files: Signed, clientAuthority: string | null): TlsMaterial {
  const read = readTlsFiles({ certificate: files.certificate, key: files.key, clientAuthority });
  assert.ok(read.ok, JSON.stringify(read));
  return read.material;
}

const open: { stop(): unknown }[] = [];
afterEach(async () => {
  for (const one of open.splice(0)) await one.stop();
});

async function receiver(
  clientAuthority: string | null,
  options: Partial<HepReceiverOptions> = {},
): Promise<{ one: HepReceiver; ids: number[] }> {
  const ids: number[] = [];
  const one = new HepReceiver({
    tls: { listen: '127.0.0.1:0', ...material(server, clientAuthority) },
    clock: () => nowMs,
    sink: ({ agentId }) => ids.push(agentId),
    ...options,
  });
  await one.start();
  open.push(one);
  return { one, ids };
}

async function until(condition: () => boolean, what: string): Promise<void> {
  const deadline = performance.now() + 10_000;
  while (!condition()) {
    if (performance.now() > deadline) assert.fail(`never happened: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
}

const portOf = (one: HepReceiver): number => parseEndpoint(one.tlsAddress()!)!.port;

/** A sender that trusts our authority only; it has been told of its end when `closed` says so. */
function sender(one: HepReceiver, identity: Signed | null, more: ConnectionOptions = {}) {
  const socket: TLSSocket = connect({
    host: '127.0.0.1',
    port: portOf(one),
    ca: readFileSync(ours.certificate),
    ...(identity === null
      ? {}
      : { cert: readFileSync(identity.certificate), key: readFileSync(identity.key) }),
    ...more,
  });
  const state = { closed: false };
  socket.on('error', () => {});
  socket.on('close', () => {
    state.closed = true;
  });
  open.push({ stop: () => socket.destroy() });
  return { socket, state };
}

const frame = (captureId: number): Buffer =>
  encodeHep3({
    timeMs: nowMs,
    source: '192.0.2.1:5060',
    destination: '192.0.2.2:5060',
    payload: 'OPTIONS sip:a@b SIP/2.0\r\n\r\n',
    captureId,
  });

test('frames over TLS, cut anywhere; nobody is asked for a certificate where no authority is named', async () => {
  const { one, ids } = await receiver(null);
  const { socket } = sender(one, null);
  await once(socket, 'secureConnect');
  const bytes = Buffer.concat(Array.from({ length: 40 }, (_, id) => frame(id)));
  for (let at = 0; at < bytes.length; at += 61) socket.write(bytes.subarray(at, at + 61));
  await until(() => ids.length === 40, '40 packets');
  assert.deepEqual(
    ids,
    Array.from({ length: 40 }, (_, id) => id),
  );
  const { counters } = one;
  assert.deepEqual([counters.frames, counters.messages, counters.resyncs], [40, 40, 0]);
  assert.deepEqual([counters.connections, counters.handshakesFailed], [1, 0]);
  socket.end();
  await until(() => counters.connections === 0, 'closed');
  assert.equal(one.heldBytes, 0);
});

for (const maxVersion of ['TLSv1.2', 'TLSv1.3'] as const)
  test(`${maxVersion}: with an authority, its client is heard; one without certificate and one of another authority are not`, async () => {
    const { one, ids } = await receiver(ours.certificate);
    const { counters } = one;
    let refused = 0;
    for (const identity of [null, stranger]) {
      const { socket, state } = sender(one, identity, { maxVersion });
      socket.write(frame(13));
      await until(() => state.closed, 'refused');
      refused++;
      assert.equal(counters.handshakesFailed, refused);
    }
    const { socket } = sender(one, client, { maxVersion });
    socket.write(frame(7));
    await until(() => ids.length > 0, 'the client is heard');
    assert.deepEqual(ids, [7]);
    assert.deepEqual([counters.frames, counters.connections, counters.connectionsAccepted], [1, 1, 3]);
  });

test('TLS 1.1 is refused, and so is what is no TLS at all', async () => {
  const { one, ids } = await receiver(null);
  const old = sender(one, null, {
    minVersion: 'TLSv1',
    maxVersion: 'TLSv1.1',
    ciphers: 'DEFAULT@SECLEVEL=0',
  });
  await until(() => old.state.closed, 'TLS 1.1 refused');
  const plain = dial(portOf(one), '127.0.0.1');
  plain.on('error', () => {});
  plain.write(frame(1));
  await once(plain, 'close');
  await until(() => one.counters.handshakesFailed === 2, 'both counted');
  assert.deepEqual([ids, one.counters.frames, one.counters.connections], [[], 0, 0]);
});

/** Connections that never begin their handshake. */
async function silent(one: HepReceiver, count: number, localAddress = '127.0.0.1'): Promise<Socket[]> {
  const sockets: Socket[] = [];
  for (let i = 0; i < count; i++) {
    const socket = dial({ port: portOf(one), host: '127.0.0.1', localAddress });
    socket.on('error', () => {});
    // Whoever reads nothing is not told of the end.
    socket.resume();
    open.push({ stop: () => socket.destroy() });
    sockets.push(socket);
    await once(socket, 'connect');
  }
  return sockets;
}

test('handshakes under way are bounded: the one too many is refused, and there is room again when one has gone', async () => {
  const { one, ids } = await receiver(null, { maximumHandshakes: 3, handshakeMs: 60_000 });
  const { counters } = one;
  const waiting = await silent(one, 3);
  await until(() => counters.connectionsAccepted === 3, 'three wait');
  assert.equal(counters.connectionsRefused, 0);
  const { state } = sender(one, null);
  await until(() => state.closed, 'the fourth is refused');
  assert.equal(counters.connectionsRefused, 1);
  waiting[0]!.destroy();
  await until(() => counters.handshakesFailed === 1, 'one has gone');
  const { socket } = sender(one, null);
  socket.write(frame(5));
  await until(() => ids.length === 1, 'there is room');
  assert.equal(counters.connectionsRefused, 1);
});

test('a peer has eight handshakes under way: the ninth is refused, and others are heard meanwhile', async () => {
  const { one, ids } = await receiver(null, { handshakeMs: 60_000 });
  const { counters } = one;
  await silent(one, 8, '127.0.0.2');
  await until(() => counters.connectionsAccepted === 8, 'eight wait');
  assert.equal(counters.connectionsRefused, 0);
  await silent(one, 1, '127.0.0.2');
  await until(() => counters.connectionsRefused === 1, 'the ninth is refused');
  const { socket } = sender(one, null);
  socket.write(frame(5));
  await until(() => ids.length === 1, 'another is heard');
  assert.equal(counters.connectionsRefused, 1);
});

test('the addresses of one IPv6 /64 are one peer', () => {
  const { certificate, key } = material(server, null);
  const handshakes = new TlsHandshakes(
    { certificate, key, clientAuthority: null },
    { maximumHandshakesOfPeer: 2 },
    () => {},
  );
  const from = (remoteAddress: string, remotePort: number): Socket => {
    const socket = new Socket();
    Object.defineProperty(socket, 'remoteAddress', { value: remoteAddress });
    Object.defineProperty(socket, 'remotePort', { value: remotePort });
    return socket;
  };
  handshakes.begin(from('2001:db8:0:1::1', 1), () => {});
  assert.equal(handshakes.fullFor('2001:db8:0:1::2'), false);
  handshakes.begin(from('2001:db8:0:1:ffff::9', 1), () => {});
  assert.equal(handshakes.fullFor('2001:db8:0:1::3'), true);
  assert.equal(handshakes.fullFor('2001:db8:0:2::3'), false);
  handshakes.stop();
});

test('who says nothing is closed when its time is up', async () => {
  const { one } = await receiver(null, { handshakeMs: 20 });
  const [slow] = await silent(one, 1);
  if (!slow!.closed) await once(slow!, 'close');
  await until(() => one.counters.handshakesFailed === 1, 'counted');
});

test('connections in all are bounded', async () => {
  const { one } = await receiver(null, { maximumConnections: 2 });
  const { counters } = one;
  const pair = [sender(one, null), sender(one, null)];
  for (const { socket } of pair) await once(socket, 'secureConnect');
  await until(() => counters.connections === 2, 'two open');
  const third = sender(one, null);
  await until(() => third.state.closed, 'the third is refused');
  assert.deepEqual([counters.connections, counters.connectionsRefused], [2, 1]);
});

test('a new certificate is shown to those who come after it, and the stop ends everybody', async () => {
  const { one } = await receiver(null);
  const before = sender(one, null);
  await once(before.socket, 'secureConnect');
  assert.equal(before.socket.getPeerCertificate().subject.CN, 'vigie');
  one.renewTls(material(client, null));
  const later = sender(one, null);
  await once(later.socket, 'secureConnect');
  assert.equal(later.socket.getPeerCertificate().subject.CN, 'kamailio');
  assert.equal(before.state.closed, false);
  const [waiting] = await silent(one, 1);
  await until(() => one.counters.connectionsAccepted === 3, 'one waits');
  const closed = once(waiting!, 'close');
  await one.stop();
  await closed;
  await until(() => before.state.closed && later.state.closed, 'all closed');
});

test('files that do not belong together are told apart, and no key is repeated', () => {
  const path = (name: string, text: string): string => {
    writeFileSync(join(directory, name), text);
    return join(directory, name);
  };
  const garbage = path('garbage.pem', 'SECRET-LOOKING TEXT');
  const { certificate, key } = server;
  const said = (files: Parameters<typeof readTlsFiles>[0]): string => {
    const read = readTlsFiles(files);
    assert.ok(!read.ok);
    const text = `${read.option}: ${read.what}; ${read.todo}`;
    assert.ok(!text.includes('SECRET-LOOKING'));
    return text.replaceAll(directory, '');
  };
  const none = { clientAuthority: null };
  assert.deepEqual(
    [
      said({ certificate: join(directory, 'absent'), key, ...none }),
      said({ certificate: garbage, key, ...none }),
      said({ certificate, key: garbage, ...none }),
      said({ certificate, key: client.key, ...none }),
      said({ certificate, key, clientAuthority: garbage }),
    ],
    [
      'certificate: /absent: ENOENT; name a file that the daemon may read',
      'certificate: /garbage.pem is no certificate; write it as PEM, the chain after it',
      'key: /garbage.pem is no private key; write it as PEM, without a passphrase',
      'key: /kamailio.key is not the key of the certificate; name the key that the certificate was made for',
      "clientAuthority: /garbage.pem is no certificate; write the authority's as PEM",
    ],
  );
});
