/**
 * `node bench/enforcement.ts`: what asking about a call costs a real Kamailio, by way of Redis and by its own table, against a proxy
 * without Vigie. One worker; both figures are times that it spends on an INVITE, by Kamailio's own clock (module benchmark): in the whole
 * request route, sending included, and in route VIGIE_OUTGOING. Needs kamailio, kamailio-redis-modules and redis-server.
 */
import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { cpus, loadavg } from 'node:os';
import { startKamailio } from '../test/harness/kamailio.ts';
import { startRedis } from '../test/harness/redis.ts';

/** More would fill the 32 MB of shared memory that tests give Kamailio: transactions stay for 5 s. */
const CALLS = 1_000;
const ROUNDS = 6;
const WARM_UP = 100;
/** Calls under way at a time. */
const IN_HAND = 16;

const line = '33100000001';
const carrierAddress = '127.0.0.20';

interface Variant {
  readonly name: string;
  readonly htable: boolean;
  readonly edit: (example: string) => string;
}

const remove = (text: string, ...parts: RegExp[]): string => {
  for (const part of parts) {
    if (!part.test(text)) throw new Error(`example.cfg has changed: ${part} is not there`);
    text = text.replace(part, '');
  }
  return text;
};
/** Whoever calls is taken at his word: digest authentication would be most of what is measured. */
const trusting = (text: string): string =>
  remove(text, /\tif \(!auth_check\(REALM, "subscriber", "0"\)\) \{[^}]*\}\n/, /\tconsume_credentials\(\);\n/)
    .replace('request_route {\n', '$&\tif (is_method("INVITE")) bm_start_timer("request");\n')
    .replace(
      '\tif (!t_relay()) sl_reply_error();\n\texit;\n}\n\nevent_route',
      '\tif (!t_relay()) sl_reply_error();\n\tbm_log_timer("request");\n\texit;\n}\n\nevent_route',
    )
    .replace('loadmodule "kex.so"\n', '$&loadmodule "benchmark.so"\n')
    .replace(
      'modparam("rr", "append_fromtag", 1)\n',
      '$&modparam("benchmark", "enable", 1)\nmodparam("benchmark", "granularity", 1)\nmodparam("benchmark", "loglevel", 1)\n',
    )
    .replace(
      '\troute(VIGIE_OUTGOING);\n',
      '\t$$avp(vigie_line) = $$fU;\n\tbm_start_timer("vigie");\n$&\tbm_log_timer("vigie");\n',
    );
const effects = [/#!define VIGIE_CALLER_ID\n/, /#!define VIGIE_DIALOGS\n/];
const asking = [
  /\tbm_start_timer\("vigie"\);\n/,
  /\troute\(VIGIE_OUTGOING\);\n/,
  /\tbm_log_timer\("vigie"\);\n/,
];
const routes = [/\troute\(VIGIE_SOURCE\);\n/, ...asking, /\t+route\(VIGIE_INCOMING\);\n/];

const variants: readonly Variant[] = [
  {
    name: 'no Vigie',
    htable: false,
    edit: (text) =>
      remove(
        trusting(text),
        /include_file "vigie.cfg"\n/,
        /loadmodule "siptrace.so"\n/,
        /loadmodule "dialog.so"\n/,
        /loadmodule "uac.so"\n/,
        /loadmodule "ndb_redis.so"\n/,
        ...effects,
        ...routes,
        /if \(lookup\("location"\)\) route\(VIGIE_INCOMING\);\n\telse /,
      ),
  },
  {
    name: 'HEP to Vigie, nothing asked',
    htable: false,
    edit: (text) => remove(trusting(text), ...effects, ...asking),
  },
  { name: 'HEP, look-up in Redis', htable: false, edit: (text) => remove(trusting(text), ...effects) },
  { name: 'HEP, own table', htable: true, edit: (text) => remove(trusting(text), ...effects) },
  { name: 'HEP, look-up in Redis, caller ids and dialogs', htable: false, edit: trusting },
  { name: 'HEP, own table, caller ids and dialogs', htable: true, edit: trusting },
];

async function bound(address: string): Promise<Socket> {
  const socket = createSocket('udp4');
  socket.bind(0, address);
  await once(socket, 'listening');
  return socket;
}

const headerOf = (message: string, name: string): string =>
  message
    .split('\r\n')
    .filter((one) => one.startsWith(`${name}:`))
    .join('\r\n');

/** Microseconds, by timer. */
type Measured = Record<'request' | 'vigie', number[]>;

async function measure(variant: Variant, redisPort: number, into: Measured): Promise<void> {
  const carrier = await bound(carrierAddress);
  const customer = await bound('127.0.1.1');
  const hep = await bound('127.0.0.1');
  const proxy = await startKamailio({
    subscribers: [{ line, password: 'x', customer: 'acme' }],
    redisPort,
    hep: `127.0.0.1:${hep.address().port}`,
    carrierAddress,
    carrierPort: carrier.address().port,
    workers: 1,
    htable: variant.htable,
    edit: variant.edit,
  });
  carrier.on('message', (data, from) => {
    const message = data.toString('latin1');
    if (!message.startsWith('INVITE')) return;
    const copied = ['Via', 'From', 'To', 'Call-ID', 'CSeq'].map((name) => headerOf(message, name));
    const busy = `SIP/2.0 486 Busy Here\r\n${copied.join('\r\n').replace(/\r\nTo: [^\r]*/, '$&;tag=c')}\r\nContent-Length: 0\r\n\r\n`;
    carrier.send(busy, from.port, from.address);
  });
  const own = `127.0.1.1:${customer.address().port}`;
  const called = 'To: <sip:33612345678@vigie.example>';
  const request = (method: string, call: string, to: string) =>
    `${method} sip:33612345678@vigie.example SIP/2.0\r\nVia: SIP/2.0/UDP ${own};branch=z9hG4bK${call};rport\r\n` +
    `Max-Forwards: 70\r\nFrom: <sip:${line}@vigie.example>;tag=${call}\r\n${to}\r\nCall-ID: ${call}@${own}\r\n` +
    `CSeq: 1 ${method}\r\nContact: <sip:${line}@${own}>\r\nContent-Length: 0\r\n\r\n`;
  const call = (number: number) =>
    customer.send(request('INVITE', String(number), called), proxy.port, proxy.address);
  /** Makes the calls from one number to before the other; resolves when all are answered. */
  const makeCalls = (from: number, to: number): Promise<void> =>
    new Promise((resolve, reject) => {
      let next = from;
      let open = 0;
      const timer = setTimeout(() => reject(new Error(`calls brought no answer\n${proxy.log()}`)), 10_000);
      customer.removeAllListeners('message');
      customer.on('message', (data) => {
        const answer = data.toString('latin1');
        if (answer.startsWith('SIP/2.0 1')) return;
        if (!answer.startsWith('SIP/2.0 486')) reject(new Error(answer));
        const number = /\r\nCall-ID: (\d+)@/.exec(answer)?.[1] ?? '';
        customer.send(request('ACK', number, headerOf(answer, 'To')), proxy.port, proxy.address);
        open--;
        if (next < to) {
          open++;
          call(next++);
        } else if (open === 0) {
          clearTimeout(timer);
          resolve();
        }
      });
      for (; open < IN_HAND; open++) call(next++);
    });
  await makeCalls(0, WARM_UP);
  const logged = proxy.log().length;
  await makeCalls(WARM_UP, WARM_UP + CALLS);
  await proxy.stop();
  const lines = proxy
    .log()
    .slice(logged)
    .matchAll(/benchmark \(timer (request|vigie) \[\d+\]\): (\d+)/g);
  for (const [, timer, microseconds] of lines) into[timer as keyof Measured].push(Number(microseconds));
  for (const socket of [carrier, customer, hep]) socket.close();
}

const redis = await startRedis();
const results = new Map(variants.map(({ name }): [string, Measured] => [name, { request: [], vigie: [] }]));
const load = () => loadavg()[0]?.toFixed(2);
console.error(`${cpus().length} × ${cpus()[0]?.model}, load ${load()}`);
for (let round = 0; round < ROUNDS; round++)
  for (let place = 0; place < variants.length; place++) {
    // Each has each place in the order once: what the machine does beside falls on all of them.
    const variant = variants[(round + place) % variants.length] as Variant;
    console.error(`round ${round + 1} of ${ROUNDS}: ${variant.name} …`);
    await measure(variant, redis.port, results.get(variant.name) as Measured);
  }
await redis.remove();
console.error(`load ${load()}`);

console.log('| proxy | INVITE, median | of that the decision, median | 99 of 100 decisions within |');
console.log('| --- | --: | --: | --: |');
for (const [name, { request, vigie }] of results) {
  const at = (times: number[], share: number) => {
    const value = times.sort((a, b) => a - b)[Math.floor(times.length * share)];
    return value === undefined ? '' : `${value} µs`;
  };
  console.log(`| ${name} | ${at(request, 0.5)} | ${at(vigie, 0.5)} | ${at(vigie, 0.99)} |`);
}
