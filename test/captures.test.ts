import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { formatEndpoint } from '../daemon/ingest/address.ts';
import { readCapture } from '../daemon/ingest/capture-file.ts';

const KAMAILIO = join(import.meta.dirname, 'captures/kamailio');
const NAT_ALG = join(import.meta.dirname, 'captures/nat-alg');
const scratch = mkdtempSync(join(tmpdir(), 'vigie-captures-'));
after(() => rmSync(scratch, { recursive: true }));

const wireshark = ['tshark', 'editcap', 'mergecap'].every(
  (tool) => spawnSync(tool, ['--version']).status === 0,
);
const skip = wireshark ? false : 'tshark, editcap and mergecap are not installed';

function run(tool: string, ...parameters: string[]): string {
  const { status, stdout, stderr } = spawnSync(tool, parameters, { encoding: 'utf8', maxBuffer: 1 << 26 });
  assert.equal(status, 0, `${tool}: ${stderr}`);
  return stdout;
}

async function messages(path: string) {
  const seen: { timeMs: number; line: string }[] = [];
  const counters = await readCapture(path, (packet) => {
    const text = packet.bytes.toString('latin1', packet.start, packet.end);
    const startLine = text.slice(0, text.indexOf('\r\n'));
    seen.push({
      timeMs: packet.timeMs,
      line: `${formatEndpoint(packet.source)} ${formatEndpoint(packet.destination)} ${startLine}`,
    });
  });
  assert.equal(counters.fault, null);
  assert.equal(counters.malformed, 0);
  assert.equal(counters.sipPayloads, seen.length);
  return seen;
}

const names = readdirSync(KAMAILIO)
  .filter((name) => name.endsWith('.truth.json'))
  .map((name) => name.replace('.truth.json', ''));

test('the SIP and the HEP capture of every scenario hold as many messages as were on the wire', async () => {
  assert.equal(names.length, 5);
  for (const name of names) {
    const truth = JSON.parse(readFileSync(join(KAMAILIO, `${name}.truth.json`), 'utf8'));
    const sip = await messages(join(KAMAILIO, `${name}.sip.pcap`));
    const hep = await messages(join(KAMAILIO, `${name}.hep.pcap`));
    assert.equal(sip.length, truth.sip_messages_on_the_wire, name);
    assert.equal(hep.length, truth.sip_messages_on_the_wire, name);
    // Workers of the proxy race, so the order may differ; the messages and their addresses may not.
    assert.deepEqual(sip.map(({ line }) => line).sort(), hep.map(({ line }) => line).sort(), name);
  }
});

test('tshark sees the same messages at the same times', { skip }, async () => {
  const paths = [
    ...names.map((name) => join(KAMAILIO, `${name}.sip.pcap`)),
    ...readdirSync(NAT_ALG).map((name) => join(NAT_ALG, name)),
  ];
  for (const path of paths) {
    // An ICMP error quotes a message that did not arrive.
    const fields = [
      'frame.time_epoch',
      'ip.src',
      'udp.srcport',
      'ip.dst',
      'udp.dstport',
      'sip.Request-Line',
      'sip.Status-Line',
    ];
    const output = run(
      'tshark',
      '-r',
      path,
      '-Y',
      'sip && !icmp',
      '-T',
      'fields',
      ...fields.flatMap((field) => ['-e', field]),
    );
    const expected = output
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => {
        const [time, from, fromPort, to, toPort, request, status] = line.split('\t');
        return {
          timeMs: Number(time) * 1000,
          line: `${from}:${fromPort} ${to}:${toPort} ${request || status}`,
        };
      });
    const seen = await messages(path);
    assert.deepEqual(
      seen.map(({ line }) => line),
      expected.map(({ line }) => line),
      path,
    );
    for (const [i, { timeMs }] of seen.entries()) assert.ok(Math.abs(timeMs - expected[i]!.timeMs) < 0.001);
  }
});

test('converted captures give the same messages: pcapng, nanoseconds, several interfaces', {
  skip,
}, async () => {
  const original = join(KAMAILIO, 'normal-day-mix.sip.pcap');
  const other = join(KAMAILIO, 'reg-4-devices.sip.pcap');
  const expected = await messages(original);
  for (const format of ['pcapng', 'nsecpcap', 'pcap']) {
    const converted = join(scratch, `converted.${format}`);
    run('editcap', '-F', format, original, converted);
    const seen = await messages(converted);
    assert.deepEqual(
      seen.map(({ line }) => line),
      expected.map(({ line }) => line),
      format,
    );
    for (const [i, { timeMs }] of seen.entries())
      assert.ok(Math.abs(timeMs - expected[i]!.timeMs) < 0.001, format);
  }
  const merged = join(scratch, 'merged.pcapng');
  run('mergecap', '-F', 'pcapng', '-I', 'none', '-w', merged, original, other);
  const lines = [...expected, ...(await messages(other))].map(({ line }) => line).sort();
  assert.deepEqual((await messages(merged)).map(({ line }) => line).sort(), lines);
});

test('a snap length keeps every message, cut', { skip }, async () => {
  const cut = join(scratch, 'cut.pcap');
  run('editcap', '-F', 'pcap', '-s', '120', join(KAMAILIO, 'flood-tps.sip.pcap'), cut);
  const counters = await readCapture(cut, (packet) => assert.equal(packet.end - packet.start, 120 - 42));
  assert.equal(counters.sipPayloads, 1004);
  assert.equal(counters.cutFrames, 1004);
});

test('the reading says how far it is', async () => {
  const path = join(KAMAILIO, 'flood-tps.sip.pcap');
  const progress: [number, number | null][] = [];
  const counters = await readCapture(path, () => {}, {
    chunkBytes: 65_536,
    onProgress: (read, total) => progress.push([read, total]),
  });
  assert.equal(progress.length, Math.ceil(counters.bytesRead / 65_536));
  assert.deepEqual(progress.at(-1), [counters.bytesRead, counters.bytesRead]);
  assert.equal(counters.frames, 1004);
});
