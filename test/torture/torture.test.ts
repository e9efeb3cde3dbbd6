import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { test } from 'node:test';
import { Field, METHOD_NAMES, oddityName, oddityNames, SipMessage } from '../../daemon/sip/message.ts';

/** What a message's file must read as. Only what is named is compared. */
type Expected = Readonly<Record<string, unknown>> & {
  readonly section: string;
  readonly reads: number | string;
};

const FOLDER = new URL('.', import.meta.url);
const names = readdirSync(FOLDER)
  .filter((file) => file.endsWith('.sip'))
  .map((file) => file.slice(0, -4));

/** Readings other than `Field` texts, by the name they have in the .json files. */
const READINGS: Readonly<Record<string, (message: SipMessage) => unknown>> = {
  method: (message) => METHOD_NAMES[message.method],
  cseqMethod: (message) => METHOD_NAMES[message.cseqMethod],
  status: (message) => message.status,
  cseq: (message) => message.cseq,
  contentLength: (message) => message.contentLength,
  expires: (message) => message.expires,
  sessionExpires: (message) => message.sessionExpires,
  vias: (message) => message.vias().map((via) => [via.transport, via.host, via.port, via.branch]),
  viaCount: (message) => message.vias().length,
  contacts: (message) => message.contacts().map((contact) => [contact.user, contact.host, contact.port]),
  contactUsers: (message) => message.contacts().map((contact) => contact.user),
  contactExpires: (message) => message.contacts().map((contact) => contact.expires),
  contactInstances: (message) => message.contacts().map((contact) => contact.instance),
  sdp: (message) => message.sdp() !== null,
  sdpText: (message) => message.sdp(),
  bodyStarts: (message) =>
    message.bytes.latin1Slice(message.bodyStart, Math.min(message.bodyStart + 3, message.bodyEnd)),
};

function readingOf(message: SipMessage, key: string): unknown {
  if (key in READINGS) return READINGS[key](message);
  assert.ok(key in Field, `no reading is called ${key}`);
  return message.text(Field[key as keyof typeof Field]);
}

for (const name of names) {
  const expected = JSON.parse(readFileSync(new URL(`${name}.json`, FOLDER), 'utf8')) as Expected;
  test(`${name} (${expected.section})`, () => {
    const bytes = readFileSync(new URL(`${name}.sip`, FOLDER));
    const message = new SipMessage();
    const read = message.read(bytes, 0, bytes.length);
    assert.equal(read === 0 ? 0 : oddityName(read), expected.reads);
    for (const [key, value] of Object.entries(expected)) {
      if (key === 'section' || key === 'reads' || key === 'oddities') continue;
      assert.deepEqual(readingOf(message, key), value, key);
    }
    // Some oddities show only where a header was looked into.
    for (const field of Object.values(Field)) message.find(field);
    assert.deepEqual(oddityNames(message.oddities).toSorted(), (expected['oddities'] as string[]).toSorted());
  });
}

test('every message has its reading and every reading its message', () => {
  const readings = readdirSync(FOLDER).filter((file) => file.endsWith('.json'));
  assert.equal(names.length, 68);
  assert.deepEqual(
    readings.map((file) => file.slice(0, -5)),
    names,
  );
});
