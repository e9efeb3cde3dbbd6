/** The proxy keeps its own list of emergency numbers; it must be that of config/emergency-numbers.yaml. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { it } from 'node:test';
import { parse } from 'yaml';

const read = (path: string) => readFileSync(new URL(`../${path}`, import.meta.url), 'utf8');

/** The value of a `#!trydef` of vigie.cfg, as a regular expression; Kamailio's own are extended and caseless. */
function expressionOf(name: string): { text: string; matches: (value: string) => boolean } {
  const text =
    new RegExp(`^#!trydef ${name} "(.*)"$`, 'm').exec(read('deploy/kamailio/vigie.cfg'))?.[1] ?? '';
  assert.notEqual(text, '', `vigie.cfg defines ${name}`);
  const expression = new RegExp(text, 'i');
  return { text, matches: (value) => expression.test(value) };
}

it('vigie.cfg lets the emergency numbers of France through, and no other number', () => {
  const lists = parse(read('config/emergency-numbers.yaml')) as Record<
    string,
    { numbers: Record<string, string> }
  >;
  const ours = expressionOf('VIGIE_EMERGENCY_NUMBERS');
  const listed = /^\^\(([0-9|]+)\)\(;\.\*\)\?\$$/.exec(ours.text)?.[1].split('|') ?? [];
  const france = new Set([...Object.keys(lists.EU.numbers), ...Object.keys(lists.FR.numbers)]);
  assert.deepEqual(new Set(listed), france);

  // Every number of up to four digits, and the neighbours of the listed ones.
  const others = new Set(
    listed.flatMap((number) => [`0${number}`, `${number}0`, `${number}5`, `+33${number}`]),
  );
  for (let number = 0; number < 10_000; number++) others.add(String(number));
  for (const number of france) others.delete(number);
  for (const number of others) assert.equal(ours.matches(number), false, number);
  for (const number of france) {
    assert.equal(ours.matches(number), true, number);
    assert.equal(ours.matches(`${number};phone-context=+33`), true, number);
  }
});

it('vigie.cfg knows the emergency service URN and its sub-services', () => {
  const urn = expressionOf('VIGIE_EMERGENCY_URN');
  for (const value of [
    'urn:service:sos',
    'urn:service:sos.ambulance',
    'urn:service:sos.police.local',
    'URN:SERVICE:SOS',
  ])
    assert.equal(urn.matches(value), true, value);
  for (const value of [
    'urn:service:sosfire',
    'urn:service:counseling',
    'sip:urn:service:sos',
    'urn:service:sos.',
  ])
    assert.equal(urn.matches(value), false, value);
});
