/** The real daemon, started as an operator starts it, on free ports in a temporary directory. */
import { mkdtempSync, readdirSync, readFileSync, readlinkSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { stringify } from 'yaml';
import { type Child, startChild, waitFor } from './child.ts';
import { metric } from './metrics.ts';
import { freePort } from './ports.ts';

const command = new URL('../../cli/vigie', import.meta.url).pathname;

/**
 * Headers of a request for which a connection is opened: a test that computes for seconds does not see the daemon close one that was
 * kept, and would send its next request into it.
 */
export const onceOnly = { connection: 'close' } as const;

export interface VigieOptions {
  redisUrl: string | null;
  /** Merged over the listening addresses that the harness chooses; sections as in config/vigie.yaml. */
  config?: Readonly<Record<string, unknown>>;
  env?: Readonly<Record<string, string>>;
  /** For `GET`, `POST` and the rest, without the word Bearer. */
  token?: string;
}

export interface TestVigie {
  /** `http://127.0.0.1:PORT` */
  readonly http: string;
  /** `127.0.0.1:PORT`, UDP and TCP. */
  readonly hep: string;
  readonly directory: string;
  readonly configFile: string;
  pid(): number;
  log(): string;
  /** One request to the API; JSON in and out. */
  request(method: string, path: string, body?: unknown): Promise<{ status: number; body: unknown }>;
  /** The text of `/metrics`. */
  metrics(): Promise<string>;
  /** Waits until Redis has answered all that the daemon counted so far. */
  written(): Promise<void>;
  stop(): Promise<void>;
  signal(name: NodeJS.Signals): void;
  /** kill -9 */
  crash(): Promise<void>;
  /** Starts it again on the same ports and directory. */
  start(): Promise<void>;
  /** Stops it and removes its directory. */
  remove(): Promise<void>;
}

type Tree = Record<string, unknown>;

function isTree(value: unknown): value is Tree {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function merge(base: Tree, over: Tree): Tree {
  const merged: Tree = { ...base };
  for (const [key, value] of Object.entries(over)) {
    const below = merged[key];
    merged[key] = isTree(below) && isTree(value) ? merge(below, value) : value;
  }
  return merged;
}

/** An embedded Redis outlives a daemon that crashed; it runs in its own data directory, below the daemon's. */
function stopOrphanedRedis(directory: string): void {
  for (const file of readdirSync(directory, { recursive: true, encoding: 'utf8' })) {
    if (basename(file) !== 'redis.pid') continue;
    const pid = Number(readFileSync(join(directory, file), 'utf8'));
    try {
      if (readlinkSync(`/proc/${pid}/cwd`) === dirname(join(directory, file))) process.kill(pid, 'SIGKILL');
    } catch {
      // It has ended already.
    }
  }
}

export async function startVigie(options: VigieOptions): Promise<TestVigie> {
  const directory = mkdtempSync(join(tmpdir(), 'vigie-daemon-'));
  const hep = `127.0.0.1:${await freePort()}`;
  const listen = `127.0.0.1:${await freePort()}`;
  const http = `http://${listen}`;
  const configFile = join(directory, 'vigie.yaml');
  const base = {
    ingest: { hep: { udp: hep, tcp: hep } },
    redis: { url: options.redisUrl, directory: join(directory, 'var') },
    admin: { listen },
  };
  writeFileSync(configFile, stringify(merge(base, { ...options.config })));

  let child: Child;
  const isReady = async () => {
    try {
      return (await fetch(`${http}/readyz`)).status === 200;
    } catch {
      return false;
    }
  };
  const start = async () => {
    child = startChild(command, ['run', '--config', configFile], {
      cwd: directory,
      env: { ...process.env, ...options.env },
    });
    try {
      await waitFor('vigie', isReady, child, 20_000);
    } catch (error) {
      await child.stop('SIGKILL');
      throw error;
    }
  };
  await start();
  return {
    http,
    hep,
    directory,
    configFile,
    pid: () => child.pid,
    log: () => child.log(),
    async request(method, path, body) {
      const headers: Record<string, string> = { ...onceOnly };
      if (options.token) headers.authorization = `Bearer ${options.token}`;
      if (body !== undefined) headers['content-type'] = 'application/json';
      const answer = await fetch(http + path, {
        method,
        headers,
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      });
      const text = await answer.text();
      return { status: answer.status, body: text === '' ? null : JSON.parse(text) };
    },
    metrics: async () => (await fetch(`${http}/metrics`, { headers: onceOnly })).text(),
    written: () =>
      waitFor('all to be written', async () => {
        const page = await (await fetch(`${http}/metrics`, { headers: onceOnly })).text();
        return metric(page, 'vigie_window_spool_updates') === 0;
      }),
    signal: (name) => child.signal(name),
    stop: () => child.stop(),
    crash: () => child.stop('SIGKILL'),
    start,
    async remove() {
      await child.stop();
      stopOrphanedRedis(directory);
      rmSync(directory, { recursive: true, force: true });
    },
  };
}
