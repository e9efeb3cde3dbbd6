import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createHealth, type HealthSources } from './health.ts';

const healthy: HealthSources = {
  redis: () => ({ up: true, embedded: true }),
  ingest: () => [
    { transport: 'udp', address: '127.0.0.1:9060', open: true },
    { transport: 'tcp', address: '127.0.0.1:9060', open: true },
  ],
  functionLibrary: () => ({ loaded: true, version: '1' }),
  learnedProxies: () => ({ configured: true, addresses: [] }),
  spool: () => ({ length: 0, capacity: 1000, dropped: 0 }),
  brake: () => ({ engaged: false, reason: null }),
};

function check(name: string, change: Partial<HealthSources>) {
  const readiness = createHealth({ ...healthy, ...change }).ready();
  return { overall: readiness.status, ...readiness.checks.find((found) => found.name === name)! };
}

test('all well is ready, with one check for each part', () => {
  const readiness = createHealth(healthy).ready();
  assert.equal(readiness.status, 'ready');
  assert.deepEqual(
    readiness.checks.map(({ name, status }) => `${name} ${status}`),
    ['redis ok', 'ingest ok', 'function-library ok', 'proxies ok', 'spool ok', 'brake ok'],
  );
});

test('the gate is checked where drachtio is configured, and does not make the daemon not ready', () => {
  const server = { address: '127.0.0.1:9022', connected: true, detail: 'connected' };
  assert.deepEqual(check('gate', { gate: () => [server] }).status, 'ok');
  const away = {
    ...server,
    address: '127.0.0.1:9023',
    connected: false,
    detail: 'has closed the connection',
  };
  const { overall, status, detail } = check('gate', { gate: () => [server, away] });
  assert.deepEqual([overall, status], ['degraded', 'degraded']);
  assert.match(detail, /^drachtio 127\.0\.0\.1:9023 has closed the connection: it answers 503/);
});

test('Redis away is not ready', () => {
  const { overall, status, detail } = check('redis', { redis: () => ({ up: false, embedded: false }) });
  assert.deepEqual([overall, status], ['not-ready', 'failed']);
  assert.match(detail, /redis\.url/);
});

test('a closed ingest socket is not ready and is named', () => {
  const ingest = () => [
    { transport: 'udp' as const, address: '127.0.0.1:9060', open: true },
    { transport: 'tcp' as const, address: '127.0.0.1:9061', open: false },
  ];
  const { overall, detail } = check('ingest', { ingest });
  assert.equal(overall, 'not-ready');
  assert.match(detail, /tcp 127\.0\.0\.1:9061/);
  assert.doesNotMatch(detail, /udp/);
});

test('no ingest socket at all is not ready', () => {
  assert.equal(check('ingest', { ingest: () => [] }).overall, 'not-ready');
});

test('a missing function library is not ready', () => {
  assert.equal(
    check('function-library', { functionLibrary: () => ({ loaded: false, version: '1' }) }).overall,
    'not-ready',
  );
});

test('learned proxies are told and stay ready for traffic', () => {
  const learnedProxies = () => ({ configured: false, addresses: ['192.0.2.1'] });
  const { overall, detail } = check('proxies', { learnedProxies });
  assert.equal(overall, 'degraded');
  assert.match(detail, /192\.0\.2\.1/);
  assert.equal(
    check('proxies', { learnedProxies: () => ({ configured: false, addresses: [] }) }).overall,
    'degraded',
  );
});

test('the spool degrades above half its capacity or after a drop', () => {
  const spool = (length: number, dropped: number) => () => ({ length, capacity: 1000, dropped });
  assert.equal(check('spool', { spool: spool(500, 0) }).status, 'ok');
  assert.equal(check('spool', { spool: spool(501, 0) }).status, 'degraded');
  assert.equal(check('spool', { spool: spool(0, 1) }).status, 'degraded');
});

test('an engaged brake is degraded and gives its reason', () => {
  const { overall, detail } = check('brake', {
    brake: () => ({ engaged: true, reason: '12 customers in 60 s' }),
  });
  assert.equal(overall, 'degraded');
  assert.match(detail, /12 customers in 60 s/);
});

test('a failed check outweighs a degraded one', () => {
  const sources = {
    redis: () => ({ up: false, embedded: true }),
    brake: () => ({ engaged: true, reason: null }),
  };
  assert.equal(check('brake', sources).overall, 'not-ready');
});

test('alive says for how long', () => {
  const alive = createHealth(healthy).live();
  assert.equal(alive.status, 'alive');
  assert.ok(Number.isInteger(alive.uptimeSeconds) && alive.uptimeSeconds >= 0);
});
