import assert from 'node:assert/strict';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { faultLines, filesOf } from './files.fixture.ts';
import { loadConfig } from './load.ts';

function faultsOf(context: TestContext, text: string): string[] {
  const directory = filesOf(context, { 'vigie.yaml': text });
  const loaded = loadConfig(join(directory, 'vigie.yaml'), {});
  return loaded.ok ? [] : faultLines(loaded.faults, directory);
}

test('a gate as an operator writes it', (context) => {
  const gate = `gate:
  next: ["sip:198.51.100.1:5060", "sips:[2001:db8::1]:5061;transport=tls", "sip:carrier.example"]
  refusal: {status: 608, contactCard: "https://example.net/card.jws", statusByRule: {cmi.credit-limit: 603}}
  drachtio: {servers: [{address: "127.0.0.1:9022", secret: s}], tags: [vigie-gate], methods: []}
`;
  assert.deepEqual(faultsOf(context, gate), []);
});

test('next hops that could carry anything but an address are refused', (context) => {
  for (const hop of ['198.51.100.1', 'sip:bob@x', 'sip:a|sip:b', 'sip:x;a b', 'tel:+33', 'sip:x?y=z'])
    assert.equal(faultsOf(context, `gate: {next: ["${hop}"]}`).length, 1, hop);
});

test('a code that is none of ours, and a 608 without its card', (context) => {
  assert.equal(faultsOf(context, 'gate: {refusal: {status: 486}}').length, 1);
  const [fault] = faultsOf(context, 'gate: {refusal: {statusByRule: {a.b: 608}}}');
  assert.match(fault, /gate\.refusal answers 608 and has no contactCard/);
});
