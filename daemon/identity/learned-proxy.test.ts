import assert from 'node:assert/strict';
import { test } from 'node:test';
import { formatEndpoint, parseEndpoint } from '../ingest/address.ts';
import type { Endpoint } from '../ingest/packet.ts';
import { ProxyLearner } from './learned-proxy.ts';

const at = (text: string): Endpoint => parseEndpoint(text)!;

function learn(packets: readonly (readonly [string, string, boolean])[], agentId = 1): ProxyLearner {
  const learner = new ProxyLearner();
  for (const [source, destination, isRequest] of packets)
    learner.observe(agentId, at(source), at(destination), isRequest);
  return learner;
}

function answer(learner: ProxyLearner, agentId = 1): string | null {
  const endpoint = learner.proxyOf(agentId);
  return endpoint === null ? null : formatEndpoint(endpoint);
}

test('with one peer the destination of the first request is taken, unsettled', () => {
  const requestFirst = learn([
    ['192.0.2.1:5060', '198.51.100.1:5060', true],
    ['198.51.100.1:5060', '192.0.2.1:5060', false],
  ]);
  assert.equal(answer(requestFirst), '198.51.100.1:5060');
  assert.equal(requestFirst.settled(1), false);
  const responseFirst = learn([
    ['198.51.100.1:5060', '192.0.2.1:5060', false],
    ['192.0.2.1:5060', '198.51.100.1:5060', true],
  ]);
  assert.equal(answer(responseFirst), '198.51.100.1:5060');
});

test('a second peer settles it, even against the first guess', () => {
  const learner = learn([
    ['198.51.100.1:5060', '192.0.2.1:5060', true], // the proxy calls first
    ['192.0.2.2:5060', '198.51.100.1:5060', true],
  ]);
  assert.equal(answer(learner), '198.51.100.1:5060');
  assert.equal(learner.settled(1), true);
  assert.equal(learner.revision, 2);
});

test('on one address ports tell proxy from peers', () => {
  const learner = learn([
    ['127.0.0.1:5070', '127.0.0.1:5060', true],
    ['127.0.0.1:5060', '127.0.0.1:5090', true],
  ]);
  assert.equal(answer(learner), '127.0.0.1:5060');
  assert.equal(learner.settled(1), true);
});

test('a proxy on several ports is learned with any port', () => {
  const learner = learn([
    ['192.0.2.1:40000', '198.51.100.1:5060', true],
    ['192.0.2.2:40001', '198.51.100.1:5061', true],
  ]);
  assert.equal(answer(learner), '198.51.100.1:0');
  assert.equal(learner.settled(1), true);
});

test('a second port after settling widens the answer to the address', () => {
  const learner = learn([
    ['192.0.2.1:40000', '198.51.100.1:5060', true],
    ['192.0.2.2:40001', '198.51.100.1:5060', true],
    ['192.0.2.2:40001', '198.51.100.1:5061', true],
  ]);
  assert.equal(answer(learner), '198.51.100.1:0');
});

test('agents are learned apart, IPv6 too', () => {
  const learner = learn([
    ['[2001:db8::1]:5060', '[2001:db8::ff]:5060', true],
    ['[2001:db8::2]:5060', '[2001:db8::ff]:5060', true],
  ]);
  learner.observe(2, at('192.0.2.1:5060'), at('198.51.100.1:5060'), true);
  assert.equal(answer(learner), '[2001:db8::ff]:5060');
  assert.equal(answer(learner, 2), '198.51.100.1:5060');
  assert.equal(answer(learner, 3), null);
});

test('the unspecified address teaches nothing', () => {
  assert.equal(answer(learn([['192.0.2.1:5060', '0.0.0.0:5060', true]])), null);
});

test('traffic without a common endpoint has no proxy after 8 contradictions, not after 7', () => {
  const packets = (count: number) =>
    Array.from(
      { length: count },
      (_, i) => [`192.0.2.${i + 1}:5060`, `198.51.100.${i + 1}:5060`, true] as const,
    );
  assert.equal(learn(packets(8)).ambiguous(1), false);
  assert.equal(answer(learn(packets(8))), '198.51.100.8:5060');
  assert.equal(learn(packets(9)).ambiguous(1), true);
  assert.equal(answer(learn(packets(9))), null);
});

test('a settled proxy bears strays and is given up when it has moved', () => {
  const learner = learn([
    ['192.0.2.1:5060', '198.51.100.1:5060', true],
    ['192.0.2.2:5060', '198.51.100.1:5060', true],
  ]);
  const stray = (i: number) =>
    learner.observe(1, at(`192.0.2.${(i % 2) + 3}:5060`), at('198.51.100.9:5060'), true);
  for (let i = 0; i < 15; i++) stray(i);
  assert.equal(answer(learner), '198.51.100.1:5060');
  stray(15);
  assert.equal(answer(learner), '198.51.100.9:5060');
  stray(16);
  assert.equal(learner.settled(1), true);
});

test('with one peer a REGISTER tells the proxy, whoever asked first', () => {
  const learner = learn([
    ['198.51.100.1:5060', '192.0.2.1:5060', true], // an OPTIONS of the proxy's
    ['192.0.2.1:5060', '198.51.100.1:5060', false],
  ]);
  assert.equal(answer(learner), '192.0.2.1:5060');
  learner.observe(1, at('192.0.2.1:5060'), at('198.51.100.1:5060'), true, true);
  assert.equal(answer(learner), '198.51.100.1:5060');
});

test('with one peer of several ports the side whose port never changes is the proxy', () => {
  const learner = learn([
    ['198.51.100.1:5060', '192.0.2.1:5060', true],
    ['198.51.100.1:5060', '192.0.2.1:40001', true],
  ]);
  assert.equal(answer(learner), '198.51.100.1:5060');
});
