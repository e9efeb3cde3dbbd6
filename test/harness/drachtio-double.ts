/**
 * A double of drachtio-server: its admin protocol as an application sees it, callers and next hops as functions. What it does was compared
 * with the log of the real server (docs/drachtio.md says which): frames and their fields, the order of events, that nothing asks for
 * the secret before a request is taken, and that the first application that asked gets a request in its turn.
 */
import { randomUUID } from 'node:crypto';
import { createSocket } from 'node:dgram';
import { createServer as createTcpServer, type Server, type Socket } from 'node:net';
import { createServer as createTlsServer } from 'node:tls';
import { freePort } from './ports.ts';

/** What a next hop does with a request: a status, or nothing at all. */
export type NextHop = (
  destination: string,
  request: string,
) => number | 'silent' | Promise<number | 'silent'>;

export interface DoubleOptions {
  secret?: string;
  /** PEM; not given: in clear. */
  tls?: { key: string | Buffer; cert: string | Buffer };
  /** Default: answers 200. */
  nextHop?: NextHop;
  /** What it calls itself; requests to it get the destination as their Request-URI. */
  sipAddress?: string;
  /** Listens for SIP on loopback, UDP: a CANCEL ends what it proxies, by Call-ID, CSeq number and branch. */
  listensForSip?: boolean;
}

export interface CallerAnswer {
  readonly status: number;
  readonly text: string;
}

export interface DrachtioDouble {
  readonly port: number;
  secret: string;
  nextHop: NextHop;
  /** Requests as they went to next hops. */
  readonly forwarded: { readonly destination: string; readonly text: string }[];
  /** Requests that applications sent by themselves (BYE). */
  readonly sent: string[];
  /** Connections accepted since the start. */
  accepted(): number;
  /** Applications connected now that asked for this verb (`invite`). */
  applications(verb: string): number;
  /** A request from the network; resolves with the final answer that the caller gets. */
  request(text: string, from: { readonly address: string; readonly port: number }): Promise<CallerAnswer>;
  /** The caller of this INVITE hangs up what was answered so. */
  bye(invite: string, answer: CallerAnswer): void;
  /** Sends these bytes to every application. */
  write(bytes: string): void;
  /** Cuts every connection. */
  cut(): void;
  /** Stops listening and cuts every connection; `start` listens on the same port again. */
  stop(): Promise<void>;
  start(): Promise<void>;
  /** Stops for good. */
  remove(): Promise<void>;
}

interface Pending {
  readonly text: string;
  readonly meta: string;
  resolve(answer: CallerAnswer): void;
}

class Client {
  readonly socket: Socket;
  readonly verbs = new Set<string>();
  readonly #onMessage: (client: Client, message: string) => void;
  #buffer = Buffer.alloc(0);

  constructor(socket: Socket, onMessage: (client: Client, message: string) => void) {
    this.socket = socket;
    this.#onMessage = onMessage;
    socket.on('data', (chunk: Buffer) => this.#read(chunk));
  }

  send(message: string): void {
    const text = `${randomUUID()}|${message}`;
    this.socket.write(`${Buffer.byteLength(text)}#${text}`);
  }

  #read(chunk: Buffer): void {
    this.#buffer = Buffer.concat([this.#buffer, chunk]);
    for (;;) {
      const hash = this.#buffer.indexOf('#');
      const digits = this.#buffer.toString('latin1', 0, hash < 0 ? 6 : hash);
      // At most five digits, and nothing else before the #.
      if (digits !== '' && !/^\d{1,5}$/.test(digits)) {
        this.socket.destroy();
        return;
      }
      const end = hash + 1 + Number(digits);
      if (hash < 0 || this.#buffer.length < end) return;
      const message = this.#buffer.toString('utf8', hash + 1, end);
      this.#buffer = this.#buffer.subarray(end);
      this.#onMessage(this, message);
    }
  }
}

const header = (text: string, name: string): string =>
  new RegExp(`^${name}:[ \\t]*(.*?)\\r?$`, 'im').exec(text)?.[1] ?? '';
const methodOf = (text: string): string => text.slice(0, text.indexOf(' '));
const time = (): string => `${new Date().toISOString().slice(11, 23)}000`;

export async function startDrachtioDouble(options: DoubleOptions = {}): Promise<DrachtioDouble> {
  const port = await freePort();
  const sip = options.listensForSip ? createSocket('udp4') : null;
  if (sip !== null) await new Promise<void>((resolve) => sip.bind(0, '127.0.0.1', resolve));
  const hostport =
    sip === null ? (options.sipAddress ?? '192.0.2.10:5060') : `127.0.0.1:${sip.address().port}`;
  /** What it proxies, by what drachtio knows a transaction by. */
  const proxied = new Map<string, (status: number) => void>();
  const proxiedName = (text: string): string =>
    [header(text, 'Call-ID'), header(text, 'CSeq').split(' ')[0], /;branch=([^;,\r]+)/.exec(text)?.[1]].join(
      '|',
    );
  sip?.on('message', (bytes, { address, port: from }) => {
    const text = bytes.toString('utf8');
    if (methodOf(text) !== 'CANCEL') return;
    const cancelled = proxied.get(proxiedName(text));
    const reply = answerOf(text, cancelled === undefined ? 481 : 200, 'CANCEL');
    sip.send(reply, from, address);
    cancelled?.(487);
  });
  const clients = new Set<Client>();
  const turns = new Map<string, number>();
  const pending = new Map<string, Pending>();
  let accepted = 0;
  let server: Server;

  const meta = (side: string, text: string, address = '192.0.2.99', at = 5060) =>
    `${side}|${Buffer.byteLength(text)}|udp|${address}|${at}|${time()}`;

  const select = (verb: string): Client | null => {
    const able = [...clients].filter((client) => client.verbs.has(verb));
    if (able.length === 0) return null;
    const turn = (turns.get(verb) ?? 0) % able.length;
    turns.set(verb, turn + 1);
    return able[turn];
  };
  const callEvent = (kind: string, side: string, detail: string, text: string): void => {
    select(`cdr:${kind}`)?.send(
      `cdr:${kind}|${side}|${time()}${detail === '' ? '' : `|${detail}`}\r\n${text}`,
    );
  };
  const answerOf = (request: string, status: number, phrase: string, further = ''): string => {
    const to = header(request, 'To');
    const tagged = to.includes(';tag=') ? to : `${to};tag=${randomUUID().slice(0, 8)}`;
    const contact =
      status < 300 && methodOf(request) === 'INVITE' ? 'Contact: <sip:198.51.100.7:5070>\r\n' : '';
    const routes = header(request, 'Record-Route');
    return [
      `SIP/2.0 ${status} ${phrase}`,
      `Via: ${header(request, 'Via')}`,
      `From: ${header(request, 'From')}`,
      `To: ${tagged}`,
      `Call-ID: ${header(request, 'Call-ID')}`,
      `CSeq: ${header(request, 'CSeq')}`,
      `${contact}${routes === '' ? '' : `Record-Route: ${routes}\r\n`}${further}Content-Length: 0`,
      '',
      '',
    ].join('\r\n');
  };

  const double: DrachtioDouble = {
    port,
    secret: options.secret ?? 'cymru',
    nextHop: options.nextHop ?? (() => 200),
    forwarded: [],
    sent: [],
    accepted: () => accepted,
    applications: (verb) => [...clients].filter((client) => client.verbs.has(verb)).length,
    request(text, { address, port: sourcePort }) {
      const isInvite = methodOf(text) === 'INVITE';
      const client = select(methodOf(text).toLowerCase());
      return new Promise((resolve) => {
        if (client === null) {
          const reply = answerOf(text, 503, 'Service Unavailable');
          if (isInvite) callEvent('attempt', 'network', '', text);
          if (isInvite) callEvent('stop', 'application', 'call-rejected', reply);
          resolve({ status: 503, text: reply });
          return;
        }
        const transactionId = randomUUID();
        const from = meta('network', text, address, sourcePort);
        pending.set(transactionId, { text, meta: from, resolve });
        client.send(`sip|${from}|${transactionId}||${hostport.split(':').join('|')}|\r\n${text}`);
        if (isInvite) callEvent('attempt', 'network', '', text);
      });
    },
    bye(invite, { text: answer }) {
      const bye = invite
        .replaceAll(/^INVITE /gm, 'BYE ')
        .replace(/^(CSeq: )\d+ INVITE/im, '$12 BYE')
        .replace(/^(To: [^\r\n]*)/im, `$1;${/;(tag=[^;\r]+)/.exec(header(answer, 'To'))?.[1]}`);
      callEvent('stop', 'network', 'normal-release', bye);
      callEvent('stop', 'application', 'normal-release', bye);
    },
    write(bytes) {
      for (const { socket } of clients) socket.write(bytes);
    },
    cut() {
      for (const { socket } of clients) socket.destroy();
    },
    async stop() {
      double.cut();
      await new Promise((done) => server.close(done));
    },
    async remove() {
      await double.stop();
      sip?.close();
    },
    start() {
      const join = (socket: Socket): void => {
        accepted++;
        const client = new Client(socket, onMessage);
        clients.add(client);
        socket.on('error', () => undefined);
        socket.on('close', () => clients.delete(client));
      };
      server = options.tls ? createTlsServer(options.tls, join) : createTcpServer(join);
      return new Promise((resolve) => server.listen(port, '127.0.0.1', resolve));
    },
  };

  const onMessage = (client: Client, message: string): void => {
    const lineEnd = message.indexOf('\r\n');
    const tokens = (lineEnd < 0 ? message : message.slice(0, lineEnd)).split('|');
    const text = lineEnd < 0 ? '' : message.slice(lineEnd + 2);
    const [id, verb] = tokens;
    const reply = (result: string): void => client.send(`response|${id}|${result}`);
    switch (verb) {
      case 'ping':
        reply('OK|pong');
        return;
      case 'route':
        client.verbs.add(tokens[2]);
        reply('OK');
        return;
      case 'remove_route':
        // Every route of the client goes, whichever it named.
        client.verbs.clear();
        reply('OK');
        return;
      case 'authenticate':
        if (tokens[2] === double.secret) reply(`OK|udp/${hostport}|1.0.0|udp/${hostport}`);
        else {
          reply('NO|incorrect secret');
          client.socket.end();
        }
        return;
      case 'sip':
        if (text.startsWith('SIP/2.0 ')) respond(tokens[2], text, reply);
        else request(client, text, reply);
        return;
      case 'proxy':
        void proxy(tokens, text, reply);
        return;
      default:
        reply('NO|Unknown message type');
        client.socket.end();
    }
  };

  const take = (transactionId: string): Pending | undefined => {
    const found = pending.get(transactionId);
    pending.delete(transactionId);
    return found;
  };

  const respond = (transactionId: string, text: string, reply: (result: string) => void): void => {
    const taken = take(transactionId);
    if (taken === undefined) {
      reply(`NOK|Unknown transaction id: ${transactionId}`);
      return;
    }
    const [, status, phrase] = /^SIP\/2\.0 (\d{3}) ?([^\r\n]*)/.exec(text) ?? [];
    const named = ['Reason', 'Call-Info'].filter((name) => header(text, name) !== '');
    const further = named.map((name) => `${name}: ${header(text, name)}\r\n`).join('');
    const answer = answerOf(taken.text, Number(status), phrase, further);
    taken.resolve({ status: Number(status), text: answer });
    reply(
      `OK|${meta('application', answer)}|${transactionId}|${header(taken.text, 'Call-ID')}||Msg sent:|\r\n${answer}`,
    );
    if (methodOf(taken.text) === 'INVITE') callEvent('stop', 'application', 'call-rejected', answer);
  };

  /** A request of the application's own, outside of any dialog that drachtio knows: answered 200. */
  const request = (client: Client, text: string, reply: (result: string) => void): void => {
    const transactionId = randomUUID();
    double.sent.push(text);
    reply(`OK|${meta('application', text)}|${transactionId}|Msg sent:|\r\n${text}`);
    const answer = answerOf(text, 200, 'OK');
    client.send(`sip|${meta('network', answer)}|${transactionId}||\r\n${answer}`);
  };

  const proxy = async (
    tokens: readonly string[],
    extra: string,
    reply: (result: string) => void,
  ): Promise<void> => {
    const [, , transactionId, remain, , , , provisional] = tokens;
    const taken = take(transactionId);
    if (taken === undefined) {
      reply(`NOK|Unknown transaction id: ${transactionId}`);
      return;
    }
    const isInvite = methodOf(taken.text) === 'INVITE';
    let last: { status: number; text: string } | null = null;
    for (const destination of tokens.slice(9)) {
      const isLocal = new RegExp(`^\\S+ sips?:([^@ ]*@)?${hostport}[; ]`).test(taken.text);
      const uri = isLocal ? destination : taken.text.split(' ', 2)[1];
      const route = remain === 'remainInDialog' ? `Record-Route: <sip:${hostport};lr>\r\n` : '';
      const privacy = header(extra, 'Privacy');
      const added = `${route}${privacy === '' ? '' : `Privacy: ${privacy}\r\n`}`;
      const forwarded = taken.text
        .replace(/^(\S+) \S+ SIP\/2\.0\r\n/, `$1 ${uri} SIP/2.0\r\n${added}`)
        .replace(/^Via: /im, `Via: SIP/2.0/UDP ${hostport};branch=z9hG4bK${randomUUID()}, `);
      double.forwarded.push({ destination, text: forwarded });
      if (isInvite) callEvent('attempt', 'application', '', forwarded);
      const name = proxiedName(taken.text);
      const cancelled = new Promise<number>((resolve) => proxied.set(name, resolve));
      const status = await Promise.race([double.nextHop(destination, forwarded), cancelled]);
      proxied.delete(name);
      if (status === 'silent') {
        await new Promise((resolve) => setTimeout(resolve, Number.parseInt(provisional, 10)));
        continue;
      }
      const text = answerOf(forwarded, status, status < 300 ? 'OK' : 'Refused');
      last = { status, text };
      const detail = status === 487 ? 'call-canceled' : 'call-rejected';
      if (isInvite && status === 200) callEvent('start', 'network', 'proxy-uac', text);
      else if (isInvite) callEvent('stop', 'network', detail, text);
      reply(`OK|${meta('network', text)}|||continue\r\n${text}`);
      if (status < 300) break;
    }
    const final = last ?? { status: 408, text: answerOf(taken.text, 408, 'Request Timeout') };
    if (final.status < 300) reply('OK|done');
    // Without its own Via, as it goes to the caller.
    const upstream = final.text.replace(/^Via: [^,\r]*, /im, 'Via: ');
    taken.resolve({ ...final, text: upstream });
    if (isInvite && final.status === 200) callEvent('start', 'application', 'proxy-uas', upstream);
    else if (isInvite)
      callEvent('stop', 'application', final.status === 487 ? 'call-canceled' : 'call-rejected', upstream);
    if (final.status >= 300) reply('OK|done');
  };

  await double.start();
  return double;
}
