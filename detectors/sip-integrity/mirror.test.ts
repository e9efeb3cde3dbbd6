import assert from 'node:assert/strict';
import { test } from 'node:test';
import { alteredAnswer, alteredDialog, type Dialog, refreshed, type Sent } from './mirror.ts';

const PROXY = '203.0.113.10';
const sent: Sent = {
  via: { host: PROXY, port: 5060 },
  callId: `c@${PROXY}`,
  fromHost: PROXY,
  toHost: '192.168.1.20',
};

test('an answer that gives back what was sent, in whatever form', () => {
  assert.equal(alteredAnswer(sent, { ...sent }), null);
  assert.equal(alteredAnswer(sent, { ...sent, via: { host: PROXY, port: null } }), null);
  // Names may be written otherwise by whoever answers.
  assert.equal(alteredAnswer(sent, { ...sent, toHost: 'pbx.example' }), null);
});

test('what came back altered, and how', () => {
  const told = (back: Partial<Sent>) => alteredAnswer(sent, { ...sent, ...back })?.split(':')[0];
  assert.equal(told({ callId: 'c@192.168.1.1' }), `we sent Call-ID c@${PROXY} and got c@192.168.1.1 back`);
  assert.match(told({ via: { host: '192.168.1.1', port: 5060 } }) ?? '', /^we sent Via 203\.0\.113\.10/);
  assert.match(told({ via: { host: PROXY, port: 5061 } }) ?? '', /^we sent Via/);
  assert.match(
    told({ fromHost: '192.168.1.1' }) ?? '',
    /^we sent From 203\.0\.113\.10 and got 192\.168\.1\.1/,
  );
  assert.match(
    told({ toHost: '198.51.100.77' }) ?? '',
    /^we sent To 192\.168\.1\.20 and got 198\.51\.100\.77/,
  );
});

const GATEWAY = { host: '203.0.113.20', port: 5070 };
const dialog: Dialog = { contact: GATEWAY, routes: [{ host: PROXY, port: null }] };

test('a request within a dialog goes where we said, by the route that we recorded', () => {
  assert.equal(alteredDialog(dialog, GATEWAY, dialog.routes), null);
  assert.equal(alteredDialog(dialog, { ...GATEWAY, host: 'gw.example' }, dialog.routes), null);
  // A client without Route is at fault itself.
  assert.equal(alteredDialog(dialog, GATEWAY, []), null);
  assert.match(
    alteredDialog(dialog, { host: '192.168.1.1', port: 5070 }, dialog.routes) ?? '',
    /^our Contact is 203\.0\.113\.20:5070 but the next request is for 192\.168\.1\.1:5070/,
  );
  assert.match(
    alteredDialog(dialog, GATEWAY, [{ host: '192.168.1.1', port: null }]) ?? '',
    /^our Record-Route is 203\.0\.113\.10 but Route 192\.168\.1\.1 came back/,
  );
});

test('after a target refresh either target is right, and the route set is what it was', () => {
  const moved = { host: '203.0.113.21', port: 5080 };
  const after = refreshed(dialog, { contact: moved, routes: [] });
  assert.deepEqual(after.routes, dialog.routes);
  assert.equal(alteredDialog(after, moved, after.routes), null);
  // On its way before ours had arrived.
  assert.equal(alteredDialog(after, GATEWAY, after.routes), null);
  assert.notEqual(alteredDialog(after, { host: '203.0.113.22', port: 5080 }, after.routes), null);
  assert.equal(refreshed(dialog, { contact: null, routes: [] }), dialog);
  assert.equal(refreshed(dialog, { contact: { ...GATEWAY }, routes: [] }), dialog);
  let many = dialog;
  for (let port = 1; port <= 10; port++) many = refreshed(many, { contact: { ...moved, port }, routes: [] });
  assert.deepEqual(
    many.earlier?.map(({ port }) => port),
    [9, 8, 7, 6],
  );
});
