import assert from 'node:assert/strict';
import { EventEmitter } from 'node:events';
import { Server } from 'node:http';
import { test } from 'node:test';
import { shareConnections } from './connection-share.ts';

function listener() {
  const server = new Server();
  shareConnections(server, { loopback: 3, others: 4, ofAddress: 2 });
  return (remoteAddress: string) => {
    const socket = Object.assign(new EventEmitter(), {
      remoteAddress,
      destroyed: false,
      destroy() {
        socket.destroyed = true;
      },
      setTimeout: () => socket,
    });
    // Only our listener: the parser of node:http wants a real socket.
    server.listeners('connection').at(-1)?.call(server, socket);
    return socket;
  };
}

test('one address has its share, all strangers theirs, and loopback its own', () => {
  const connect = listener();
  const taken = (address: string) => !connect(address).destroyed;
  const first = connect('192.0.2.1');
  assert.deepEqual([first.destroyed, taken('192.0.2.1'), taken('192.0.2.1')], [false, true, false]);
  assert.deepEqual([taken('2001:db8::1'), taken('2001:db8::2')], [true, true]);
  // Four strangers: the fifth is refused, whoever it is.
  assert.equal(taken('198.51.100.1'), false);
  assert.deepEqual(['127.0.0.1', '::1', '::ffff:127.0.0.9', '127.0.0.1'].map(taken), [
    true,
    true,
    true,
    false,
  ]);
  first.emit('close');
  assert.equal(taken('2001:db8::3'), false);
  assert.equal(taken('198.51.100.1'), true);
  assert.equal(taken('192.0.2.1'), false);
});
