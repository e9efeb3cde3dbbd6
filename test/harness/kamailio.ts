/** A real Kamailio running deploy/kamailio/example.cfg as it is, with its parameters defined by the test. */
import { createSocket } from 'node:dgram';
import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Child, startChild, waitFor } from './child.ts';
import { freePort } from './ports.ts';

const exampleConfig = new URL('../../deploy/kamailio/example.cfg', import.meta.url).pathname;
const include = new URL('../../deploy/kamailio/vigie.cfg', import.meta.url).pathname;

/** A line of the proxy's subscriber table; `customer` is what the proxy takes for the line's customer. */
export interface Subscriber {
  line: string;
  password: string;
  customer: string;
}

export interface KamailioOptions {
  subscribers: readonly Subscriber[];
  redisPort: number;
  /** Where HEP goes, `127.0.0.1:9060` or `127.0.0.1:9060;transport=tcp`. */
  hep: string;
  /** The proxy's own address (default 127.0.0.10); the port is a free one unless given. */
  address?: string;
  port?: number;
  /** Where calls go that are for nobody registered, and where the carrier's calls come from. */
  carrierAddress?: string;
  carrierPort: number;
  workers?: number;
  captureId?: number;
  /** Suspensions are pushed into its table: nothing is looked up in Redis. */
  htable?: boolean;
  /** Default: a free one. */
  rpcPort?: number;
  /** More `#!define` lines, name to value as Kamailio reads it (strings with their quotes). */
  defines?: Readonly<Record<string, string>>;
  /** Runs a changed copy of the example instead. */
  edit?: (example: string) => string;
}

export interface TestKamailio {
  readonly address: string;
  readonly port: number;
  readonly pid: number;
  /** Where its JSON-RPC arrives, `http://127.0.0.1:PORT/vigie`. */
  readonly rpc: string;
  /** The value of the realm, for SIPp and SIPVicious. */
  readonly realm: string;
  log(): string;
  hasExited(): boolean;
  /** kill -9 of all its processes. */
  kill(): Promise<void>;
  /** Starts it again on the same ports after `kill`. */
  start(): Promise<void>;
  stop(): Promise<void>;
}

/** True when the proxy answers an OPTIONS for itself. */
function answersOptions(address: string, port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = createSocket('udp4');
    const end = (answer: boolean) => {
      clearTimeout(timer);
      socket.close();
      resolve(answer);
    };
    const timer = setTimeout(() => end(false), 200);
    socket.once('error', () => end(false));
    socket.once('message', (data) => end(data.toString('latin1').startsWith('SIP/2.0 200')));
    socket.bind(0, '127.0.0.1', () => {
      const own = socket.address().port;
      socket.send(
        `OPTIONS sip:${address}:${port} SIP/2.0\r\nVia: SIP/2.0/UDP 127.0.0.1:${own};branch=z9hG4bKready${own}\r\n` +
          `From: <sip:ready@vigie.example>;tag=1\r\nTo: <sip:${address}>\r\nCall-ID: ready-${own}\r\n` +
          'CSeq: 1 OPTIONS\r\nMax-Forwards: 1\r\nContent-Length: 0\r\n\r\n',
        port,
        address,
      );
    });
  });
}

export async function startKamailio(options: KamailioOptions): Promise<TestKamailio> {
  const directory = mkdtempSync(join(tmpdir(), 'vigie-kamailio-'));
  const address = options.address ?? '127.0.0.10';
  const port = options.port ?? (await freePort(address));
  const carrierAddress = options.carrierAddress ?? '127.0.0.20';
  const rpcPort = options.rpcPort ?? (await freePort());
  const tables = join(directory, 'dbtext');
  mkdirSync(tables);
  writeFileSync(
    join(tables, 'subscriber'),
    'id(int,auto) username(string) domain(string) password(string) customer(string)\n' +
      options.subscribers
        .map((one, index) => `${index + 1}:${one.line}:vigie.example:${one.password}:${one.customer}\n`)
        .join(''),
  );
  const defines: Record<string, string> = {
    PROXY_LISTEN: `udp:${address}:${port}`,
    PROXY_LISTEN_TCP: `tcp:${address}:${port}`,
    RPC_LISTEN: `tcp:127.0.0.1:${rpcPort}`,
    PROXY_WORKERS: String(options.workers ?? 4),
    ...(options.htable ? { VIGIE_HTABLE: '' } : {}),
    CARRIER_URI: `"sip:${carrierAddress}:${options.carrierPort}"`,
    CARRIER_ADDRESS: `"${carrierAddress}"`,
    SUBSCRIBERS_URL: `"text://${tables}"`,
    VIGIE_HEP_URI: `"sip:${options.hep}"`,
    VIGIE_HEP_CAPTURE_ID: String(options.captureId ?? 1),
    VIGIE_REDIS: `"name=vigie;addr=127.0.0.1;port=${options.redisPort};db=0"`,
    ...options.defines,
  };
  const config = join(directory, 'run.cfg');
  const lines = Object.entries(defines).map(([name, value]) => `#!define ${name} ${value}`);
  let example = exampleConfig;
  if (options.edit) {
    example = join(directory, 'example.cfg');
    writeFileSync(example, options.edit(readFileSync(exampleConfig, 'utf8')));
    copyFileSync(include, join(directory, 'vigie.cfg'));
  }
  writeFileSync(config, `#!KAMAILIO\n${lines.join('\n')}\ninclude_file "${example}"\n`);

  let child: Child;
  const start = async () => {
    child = startChild('kamailio', [
      ...['-f', config, '-DD', '-E', '-m', '32', '-M', '8'],
      ...['-P', join(directory, 'kamailio.pid'), '-Y', directory, '-w', directory],
    ]);
    await waitFor('kamailio', () => answersOptions(address, port), child);
  };
  await start();
  return {
    address,
    port,
    get pid() {
      return child.pid;
    },
    rpc: `http://127.0.0.1:${rpcPort}/vigie`,
    realm: 'vigie.example',
    log: () => child.log(),
    hasExited: () => child.hasExited(),
    start,
    kill: () => child.kill(),
    async stop() {
      await child.stop();
      rmSync(directory, { recursive: true, force: true });
    },
  };
}
