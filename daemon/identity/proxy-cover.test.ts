import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseEndpoint } from '../ingest/address.ts';
import { ProxyCover } from './proxy-cover.ts';

type Sent = readonly [from: string, to: string, what: 'REGISTER' | 'INVITE' | 'answer'];

function proxiesOf(messages: readonly Sent[]): string[] {
  const cover = new ProxyCover();
  for (const [from, to, what] of messages)
    cover.observe(parseEndpoint(from)!, parseEndpoint(to)!, what !== 'answer', what === 'REGISTER');
  return cover.proxies();
}

const asked = (from: string, to: string, what: 'REGISTER' | 'INVITE' = 'INVITE'): Sent[] => [
  [from, to, what],
  [to, from, 'answer'],
];

const A = '10.0.0.1:5060';
const B = '10.0.0.2:5060';
const CARRIER = '198.51.100.9:5060';
const phone = (n: number): string => `203.0.113.${n}:5060`;

test('one proxy with telephones and a carrier', () => {
  assert.deepEqual(
    proxiesOf([...asked(phone(1), A), ...asked(phone(2), A, 'REGISTER'), ...asked(A, CARRIER)]),
    [A],
  );
});

test('two proxies with a telephone each are two', () => {
  assert.deepEqual(proxiesOf([...asked(phone(1), A), ...asked(phone(2), B)]), [A, B]);
});

test('a telephone that registers with both is none', () => {
  assert.deepEqual(
    proxiesOf([...asked(phone(1), A, 'REGISTER'), ...asked(phone(1), B, 'REGISTER')]).toSorted(),
    [A, B],
  );
});

test('a carrier of many proxies covers much and yet is none', () => {
  const proxies = [1, 2, 3, 4].map((n) => `10.0.0.${n}:5060`);
  const messages = proxies.flatMap((proxy, n) => [...asked(phone(n), proxy), ...asked(proxy, CARRIER)]);
  assert.deepEqual(proxiesOf(messages).toSorted(), proxies);
});

test('two proxies that pass calls on to each other', () => {
  const messages = [
    ...asked(phone(1), A),
    ...asked(phone(2), A),
    ...asked(A, B),
    ...asked(phone(3), B),
    ...asked(B, phone(4)),
  ];
  assert.deepEqual(proxiesOf(messages).toSorted(), [A, B]);
});

test('on one address the port tells proxy and peers apart: the carrier is none', () => {
  const messages = [
    ...asked('127.0.0.1:6001', '127.0.0.1:5060', 'REGISTER'),
    ...asked('127.0.0.1:6002', '127.0.0.1:5060'),
    ...asked('127.0.0.1:5060', '127.0.0.1:5080'),
  ];
  assert.deepEqual(proxiesOf(messages), ['127.0.0.1:5060']);
});

test('a proxy on several ports is taken by its address', () => {
  assert.deepEqual(proxiesOf([...asked(phone(1), A), ...asked(phone(2), '10.0.0.1:5061')]), ['10.0.0.1']);
});

test('with a single peer: who was asked first, unless that one changes its port or registers', () => {
  assert.deepEqual(proxiesOf(asked(phone(1), A)), [A]);
  assert.deepEqual(proxiesOf([...asked(A, phone(1)), ...asked('203.0.113.1:5090', A)]), [A]);
  assert.deepEqual(proxiesOf([...asked(A, phone(1)), ...asked(phone(1), A, 'REGISTER')]), [A]);
});

test('at most eight; 0.0.0.0 is the proxy anyway', () => {
  const messages = Array.from({ length: 9 }, (_, n) => asked(phone(n), `10.0.0.${n}:5060`)).flat();
  assert.equal(proxiesOf(messages).length, 8);
  assert.equal(proxiesOf(messages.slice(0, 16)).length, 8);
  assert.deepEqual(proxiesOf(asked(phone(1), '0.0.0.0:5060')), []);
});
