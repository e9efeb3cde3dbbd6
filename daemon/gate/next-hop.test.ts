import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { destinationsOf, staysInPath } from './next-hop.ts';

const HOPS = ['sip:10.0.0.1:5060', 'sips:[2001:db8::1]:5061;transport=tls'];

test('the called user is put into every next hop, in their order', () => {
  assert.deepEqual(destinationsOf('sip:0142@x', '0142', HOPS, '112'), [
    'sip:0142@10.0.0.1:5060',
    'sips:0142@[2001:db8::1]:5061;transport=tls',
  ]);
  assert.deepEqual(destinationsOf('sip:x', '', HOPS.slice(0, 1), '112'), ['sip:10.0.0.1:5060']);
  assert.deepEqual(destinationsOf('sip:$&@x', '$&', HOPS.slice(0, 1), '112'), ['sip:$&@10.0.0.1:5060']);
});

test('a service URN has no user: the emergency number is dialled', () => {
  assert.deepEqual(destinationsOf('urn:service:sos.fire', '', HOPS.slice(0, 1), '112'), [
    'sip:112@10.0.0.1:5060',
  ]);
});

test('without next hops the Request-URI says where to; sips as drachtio-srf can write it', () => {
  assert.deepEqual(destinationsOf('sip:0142@x:5080;user=phone', '0142', [], '112'), [
    'sip:0142@x:5080;user=phone',
  ]);
  assert.deepEqual(destinationsOf('sips:0142@x', '0142', [], '112'), ['sip:0142@x;transport=tls']);
});

test('nothing that a caller writes ends a field, a line or the host', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), (user) => {
      const [destination] = destinationsOf(`sip:${user}@x`, user, HOPS.slice(0, 1), '112');
      assert.match(destination, /^sip:[^|\s<>@"]*@?10\.0\.0\.1:5060$/);
      const [unrouted] = destinationsOf(`sip:${user}@x`, user, [], '112');
      assert.doesNotMatch(unrouted, /[|\r\n<>"]/);
    }),
  );
});

test('drachtio stays in the path of dialogs, and of registrations only where the registrar knows Path', () => {
  const stays = (path: boolean) =>
    ['INVITE', 'SUBSCRIBE', 'MESSAGE', 'OPTIONS', 'REGISTER'].filter((method) =>
      staysInPath(method, { recordRoute: true, path }),
    );
  assert.deepEqual(stays(false), ['INVITE', 'SUBSCRIBE']);
  assert.deepEqual(stays(true), ['INVITE', 'SUBSCRIBE', 'REGISTER']);
});
