/**
 * The same traffic by every HEP version and transport gives the very same report as the capture of the SIP itself. What the captures hold was counted by
 * a program that shares no code with Vigie (`*.truth.json`, see test/captures/README.md). Real senders: kamailio-hep-versions and sngrep.
 */
import assert from 'node:assert/strict';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, it } from 'node:test';
import { connect as connectTls } from 'node:tls';
import { formatEndpoint } from '../daemon/ingest/address.ts';
import { readCapture } from '../daemon/ingest/capture-file.ts';
import { encodeHep3, encodeHep12, type FrameFacts } from '../daemon/ingest/hep-encode.ts';
import { HepReceiver } from '../daemon/ingest/hep-server.ts';
import { readTlsFiles } from '../daemon/ingest/tls-files.ts';
import { replay } from '../daemon/replay.ts';
import type { ReplayReport } from '../daemon/replay-report.ts';
import { ethernet, ipv4, pcap, type TimedFrame, udp } from './capture-writer.ts';
import { authority, type Signed } from './harness/certificates.ts';

const CAPTURES = join(import.meta.dirname, 'captures', 'kamailio');
const NAMES = ['normal-day-mix', 'flood-tps', 'cancel-408', 'reg-4-devices'];

interface Truth {
  readonly sip_messages_on_the_wire: number;
  readonly clients: Record<
    string,
    { readonly sent_by_client: number; readonly calls_out_attempted: number; readonly lines: string[] }
  >;
}

type Encode = (facts: FrameFacts) => Buffer;
const WAYS: readonly (readonly [string, 'udp' | 'tcp' | 'tls', Encode])[] = [
  ['HEPv1 over UDP', 'udp', (facts) => encodeHep12(facts, 1)],
  ['HEPv2 over UDP, little-endian', 'udp', (facts) => encodeHep12(facts, 2)],
  [
    'HEPv2 over UDP, big-endian without padding',
    'udp',
    (facts) => encodeHep12(facts, 2, { littleEndian: false, padded: false }),
  ],
  ['HEPv3 over UDP', 'udp', encodeHep3],
  ['HEPv3 over UDP, compressed', 'udp', (facts) => encodeHep3({ ...facts, compression: 'zlib' })],
  ['HEPv3 over TCP', 'tcp', encodeHep3],
  ['HEPv3 over TLS', 'tls', encodeHep3],
];

let directory: string;
let certificate: Signed;
let clientCertificate: Signed;
let authorityFile: string;

before(() => {
  directory = mkdtempSync(join(tmpdir(), 'vigie-equal-'));
  const ours = authority(directory, 'ours');
  certificate = ours.sign('vigie');
  clientCertificate = ours.sign('sender');
  authorityFile = ours.certificate;
});
after(() => rmSync(directory, { recursive: true }));

/** The SIP messages of a capture as a capture agent knows them. */
async function messagesOf(file: string): Promise<FrameFacts[]> {
  const facts: FrameFacts[] = [];
  await readCapture(file, ({ timeMs, source, destination, transport, ttl, bytes, start, end }) => {
    facts.push({
      ...{ timeMs, transport, ttl, captureId: 2001 },
      ...{ source: formatEndpoint(source), destination: formatEndpoint(destination) },
      payload: Buffer.from(bytes.subarray(start, end)),
    });
  });
  return facts;
}

interface Sender {
  send(frame: Buffer): void;
  close(): void;
}

async function sender(transport: 'udp' | 'tcp' | 'tls', receiver: HepReceiver): Promise<Sender> {
  const portOf = (address: string | null) => Number(address!.split(':')[1]);
  if (transport === 'udp') {
    const socket = createSocket('udp4');
    const port = portOf(receiver.udpAddress());
    return { send: (frame) => socket.send(frame, port, '127.0.0.1'), close: () => socket.close() };
  }
  let socket: Socket;
  if (transport === 'tcp') {
    socket = connect(portOf(receiver.tcpAddress()), '127.0.0.1');
    await once(socket, 'connect');
  } else {
    socket = connectTls({
      ...{ host: '127.0.0.1', port: portOf(receiver.tlsAddress()), ca: readFileSync(authorityFile) },
      ...{ cert: readFileSync(clientCertificate.certificate), key: readFileSync(clientCertificate.key) },
    });
    await once(socket, 'secureConnect');
  }
  return { send: (frame) => void socket.write(frame), close: () => socket.destroy() };
}

/** Sends the messages over a real socket one by one, and writes what the receiver made of them as a capture of plain SIP. */
async function travelled(
  messages: readonly FrameFacts[],
  transport: 'udp' | 'tcp' | 'tls',
  encode: Encode,
): Promise<string> {
  const read = readTlsFiles({ ...certificate, clientAuthority: authorityFile });
  assert.ok(read.ok);
  const got: TimedFrame[] = [];
  let nowMs = 0;
  let taken = (): void => {};
  const receiver = new HepReceiver({
    ...{ udp: '127.0.0.1:0', tcp: '127.0.0.1:0', tls: { listen: '127.0.0.1:0', ...read.material } },
    clock: () => nowMs,
    sink: ({ timeMs, source, destination, ttl, bytes, start, end }) => {
      const [from, to] = [formatEndpoint(source), formatEndpoint(destination)];
      const datagram = udp(from, to, bytes.subarray(start, end));
      got.push({ timeMs, bytes: ethernet(ipv4(from, to, datagram, ttl < 0 ? {} : { ttl })) });
      taken();
    },
  });
  await receiver.start();
  const { send, close } = await sender(transport, receiver);
  try {
    for (const facts of messages) {
      nowMs = facts.timeMs;
      const arrived = new Promise<void>((resolve) => {
        taken = resolve;
      });
      // A log and an RTCP report come along, as agents send them.
      if (transport !== 'udp')
        for (const payloadType of [100, 5]) send(encodeHep3({ ...facts, payloadType, payload: 'x' }));
      send(encode(facts));
      await arrived;
    }
    const { counters } = receiver;
    assert.equal(counters.messages, messages.length);
    assert.deepEqual(
      counters.ignoredByType,
      transport === 'udp' ? {} : { 5: messages.length, 100: messages.length },
    );
    assert.ok(Object.values(counters.malformed).every((count) => count === 0));
  } finally {
    close();
    await receiver.stop();
  }
  const file = join(directory, `${transport}.pcap`);
  writeFileSync(file, pcap(got));
  return file;
}

/** Everything that was counted and found. */
function counted({ sources, lines, calls, endpoints, findings, capture }: ReplayReport) {
  const { messages, duplicates, malformed, proxies, from, to } = capture;
  return { sources, lines, calls, endpoints, findings, messages, duplicates, malformed, proxies, from, to };
}

const replayed = async (file: string) => counted(await replay([file], { config: null, policy: null }));

for (const name of NAMES)
  it(`${name}: every version and transport as the SIP itself`, async () => {
    const file = join(CAPTURES, `${name}.sip.pcap`);
    const truth = JSON.parse(readFileSync(join(CAPTURES, `${name}.truth.json`), 'utf8')) as Truth;
    const expected = await replayed(file);
    assert.equal(expected.messages, truth.sip_messages_on_the_wire);
    for (const [address, client] of Object.entries(truth.clients))
      assert.equal(expected.sources.find((one) => one.address === address)?.messages, client.sent_by_client);
    for (const line of new Set(Object.values(truth.clients).flatMap(({ lines }) => lines)))
      assert.equal(
        expected.lines.find((one) => one.line === line)?.attempts,
        Object.values(truth.clients)
          .filter(({ lines }) => lines.includes(line))
          .reduce((sum, client) => sum + client.calls_out_attempted, 0),
        line,
      );
    const messages = await messagesOf(file);
    assert.equal(messages.length, truth.sip_messages_on_the_wire);
    for (const [way, transport, encode] of WAYS)
      assert.deepEqual(await replayed(await travelled(messages, transport, encode)), expected, way);
  });
