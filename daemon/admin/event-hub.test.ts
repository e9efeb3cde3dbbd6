import assert from 'node:assert/strict';
import { once } from 'node:events';
import { get, type IncomingMessage } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import { type TestContext, test } from 'node:test';
import { EventHub } from './event-hub.ts';
import { adminFixture } from './services.fixture.ts';

/** A server over `hub`, and clients of its stream. */
async function listening(context: TestContext, hub: EventHub) {
  const { server, secrets, tokens } = adminFixture({ events: hub }, true);
  await server.listen({ host: '127.0.0.1', port: 0 });
  context.after(() => server.close());
  const { port } = server.server.address() as AddressInfo;
  const follow = async (scope: keyof typeof secrets = 'admin', lastEventId?: string) => {
    const headers = {
      authorization: `Bearer ${secrets[scope]}`,
      ...(lastEventId === undefined ? {} : { 'last-event-id': lastEventId }),
    };
    const request = get({ host: '127.0.0.1', port, path: '/v1/events', headers });
    const [response] = (await once(request, 'response')) as [IncomingMessage];
    let text = '';
    response.setEncoding('utf8').on('data', (more) => {
      text += more;
    });
    const until = async (wanted: string) => {
      while (!text.includes(wanted)) await once(response, 'data');
      return text;
    };
    return { response, until, text: () => text, close: () => request.destroy() };
  };
  return { server, port, secrets, tokens, follow };
}

const idsOf = (text: string) => [...text.matchAll(/^id: (\d+)$/gm)].map(([, id]) => Number(id));

test('events come with rising ids; who comes back gets what was missed, and no more', async (context) => {
  const hub = new EventHub({ lastId: 10 });
  const { follow } = await listening(context, hub);
  const first = await follow();
  assert.equal(first.response.headers['content-type'], 'text/event-stream; charset=utf-8');
  hub.publish('alert', { n: 1 });
  hub.publish('brake', { n: 2 });
  assert.match(
    await first.until('"n":2'),
    /id: 11\nevent: alert\ndata: \{"n":1\}\n\nid: 12\nevent: brake\ndata: /,
  );
  first.close();
  hub.publish('alert', { n: 3 });
  const again = await follow('admin', '12');
  const text = await again.until('"n":3');
  assert.deepEqual(idsOf(text), [13]);
  assert.doesNotMatch(text, /event: missed/);
});

test('what is no longer kept is said to be missed, one event earlier is not', async (context) => {
  const hub = new EventHub({ lastId: 0, kept: 2 });
  const { follow } = await listening(context, hub);
  for (let n = 1; n <= 4; n++) hub.publish('alert', { n });
  const late = await (await follow('admin', '1')).until('"n":4');
  assert.match(late, /event: missed\ndata: \{"after":"1","oldest":"3"\}/);
  assert.deepEqual(idsOf(late), [3, 4]);
  const justInTime = await (await follow('admin', '2')).until('"n":4');
  assert.doesNotMatch(justInTime, /missed/);
  assert.deepEqual(idsOf(justInTime), [3, 4]);
  // An id of a daemon whose clock was ahead, and no id at all.
  assert.match(await (await follow('admin', '99')).until('"n":4'), /event: missed/);
  assert.match(await (await follow('admin', 'x')).until('"n":4'), /event: missed/);
});

test('what is kept is bounded in bytes as well', async (context) => {
  const hub = new EventHub({ lastId: 0, keptBytes: 100 });
  const { follow } = await listening(context, hub);
  for (let n = 1; n <= 3; n++) hub.publish('alert', { n, text: 'x'.repeat(30) });
  assert.deepEqual(idsOf(await (await follow('admin', '0')).until('"n":3')), [2, 3]);
});

test('read sees numbers masked, evidence in clear', async (context) => {
  const hub = new EventHub();
  const { follow } = await listening(context, hub);
  const [masked, clear] = [await follow('read'), await follow('evidence')];
  hub.publish('alert', { finding: { subject: { kind: 'line', id: '+33123456789' } } });
  assert.match(await masked.until('event: alert'), /"id":"\+3312\*{5}89"/);
  assert.match(await clear.until('event: alert'), /"id":"\+33123456789"/);
});

test('a client that does not read is cut; the others go on and nobody waits', async (context) => {
  const hub = new EventHub({ waitingBytes: 65_536 });
  const { port, secrets, follow } = await listening(context, hub);
  const reader = await follow();
  const lazy = connect(port, '127.0.0.1');
  lazy.on('error', () => undefined);
  context.after(() => lazy.destroy());
  await once(lazy, 'connect');
  lazy.pause();
  lazy.write(`GET /v1/events HTTP/1.1\r\nhost: x\r\nauthorization: Bearer ${secrets.admin}\r\n\r\n`);
  while (hub.clients < 2) await new Promise(setImmediate);
  let n = 0;
  // The kernel's buffers take some megabytes first.
  while (hub.cut === 0 && n < 2_000) {
    hub.publish('alert', { n: ++n, text: 'x'.repeat(16_384) });
    await reader.until(`"n":${n}`);
  }
  assert.deepEqual([hub.cut, hub.clients], [1, 1]);
  hub.publish('brake', { n: 'last' });
  await reader.until('"n":"last"');
});

test('there is a bound of clients, and a heartbeat for those who wait', async (context) => {
  const hub = new EventHub({ clients: 1, heartbeatMs: 5 });
  const { follow } = await listening(context, hub);
  const one = await follow();
  await one.until(': still here\n\n: still here');
  const refused = await follow();
  assert.equal(refused.response.statusCode, 503);
  assert.match(await refused.until('streams-exhausted'), /"status":503/);
  one.close();
  while (hub.clients > 0) await new Promise(setImmediate);
  assert.equal((await follow()).response.statusCode, 200);
});

test('closing the server ends the streams', async (context) => {
  const hub = new EventHub();
  const { server, follow } = await listening(context, hub);
  const one = await follow();
  const ended = once(one.response, 'end');
  await server.close();
  await ended;
  assert.equal(hub.clients, 0);
  assert.equal(hub.full, true);
});

test('a stream ends when its token is revoked, others go on', async (context) => {
  const hub = new EventHub({ heartbeatMs: 5 });
  const { follow, tokens } = await listening(context, hub);
  const revoked = await follow('read');
  const other = await follow('admin');
  await revoked.until('still here');
  revoked.response.on('error', () => undefined);
  const cut = new Promise((resolve) => revoked.response.once('close', resolve));
  tokens.splice(
    tokens.findIndex(({ name }) => name === 'read-token'),
    1,
  );
  await cut;
  hub.publish('alert', { n: 1 });
  await other.until('"n":1');
  assert.equal(hub.clients, 1);
});
