/**
 * A private Redis for an operator who gives none: a redis-server of our own on the loopback address, its data in
 * `directory`. It outlives a daemon that crashes, and the next daemon takes it over with everything in it.
 *
 * Files in the directory: `redis.conf` (written at every start), `redis.pid`, `redis.log`, `port` (kept, so that a
 * proxy's configuration stays right), `owner` (the daemon that uses it now) and Redis's own append-only files.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdirSync, readFileSync, readlinkSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { Redis } from 'ioredis';
import { processMark } from './process-mark.ts';

/** The part of a pino logger that is used; the event's name is the message. */
export interface EmbeddedRedisLog {
  info(details: object, event: string): void;
  warn(details: object, event: string): void;
  error(details: object, event: string): void;
}

export interface EmbeddedRedisOptions {
  /** Created with mode 0700 when it is not there. */
  directory: string;
  log: EmbeddedRedisLog;
  /**
   * 1..65535: exactly this port, an error when something else holds it. Not given: the port of the last time, else
   * `preferredPort`, else any free one.
   */
  port?: number;
  /** Asked of everybody who connects; null or not given: every user of the host can read and write, as a proxy's look-up may need it. */
  password?: string | null;
  /** The program, default `redis-server`. */
  command?: string;
}

export interface EmbeddedRedis {
  /** `redis://127.0.0.1:PORT/0`, without the password. */
  readonly url: string;
  readonly port: number;
  /** True when it was left running by a daemon that did not stop it. */
  readonly adopted: boolean;
  /** Process id now; it changes when Redis had to be started again. */
  pid(): number;
  /** Stops the server (everything written is on disk by then) and gives the directory up. */
  stop(): Promise<void>;
}

/** The port of deploy/kamailio/vigie.cfg. */
export const preferredPort = 6390;

const loadPatienceMs = 60_000;
const stopPatienceMs = 10_000;
const firstRestartDelayMs = 100;
const longestRestartDelayMs = 5_000;
/** A server that ran this long before it died is started again without delay. */
const healthyAfterMs = 30_000;
const watchEveryMs = 500;

const sleep = (durationMs: number) => new Promise<void>((resolve) => setTimeout(resolve, durationMs));

function readText(file: string): string | null {
  try {
    return readFileSync(file, 'utf8').trim();
  } catch {
    return null;
  }
}

/** What answers on a port: a Redis with its data directory and process id, something else, or nothing. */
type Answer =
  | { kind: 'redis'; directory: string; pid: number }
  | { kind: 'loading' }
  | { kind: 'other' }
  | { kind: 'nothing' };

async function probe(port: number, password: string | null): Promise<Answer> {
  const client = new Redis({
    host: '127.0.0.1',
    port,
    ...(password === null ? {} : { password }),
    lazyConnect: true,
    retryStrategy: () => null,
    maxRetriesPerRequest: 0,
    enableReadyCheck: false,
    connectTimeout: 1000,
    commandTimeout: 2000,
  });
  client.on('error', () => {});
  try {
    await client.connect();
  } catch {
    client.disconnect();
    return { kind: 'nothing' };
  }
  try {
    const [, directory] = (await client.config('GET', 'dir')) as string[];
    if ((await client.ping()) !== 'PONG') return { kind: 'other' };
    const pid = Number(/process_id:(\d+)/.exec(await client.info('server'))?.[1]);
    return { kind: 'redis', directory, pid };
  } catch (error) {
    return { kind: String(error).includes('LOADING') ? 'loading' : 'other' };
  } finally {
    client.disconnect();
  }
}

function tryPort(port: number): Promise<number | null> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(null));
    server.listen({ port, host: '127.0.0.1', exclusive: true }, () => {
      const bound = (server.address() as { port: number }).port;
      server.close(() => resolve(bound));
    });
  });
}

async function choosePort(wanted: number | undefined, last: number | null): Promise<number> {
  if (wanted !== undefined) {
    if ((await tryPort(wanted)) !== null) return wanted;
    throw new Error(`embedded Redis: port ${wanted} of 127.0.0.1 is taken by another program`);
  }
  for (const candidate of last === null ? [preferredPort, 0] : [last, preferredPort, 0]) {
    const free = await tryPort(candidate);
    if (free !== null) return free;
  }
  throw new Error('embedded Redis: no port is free on 127.0.0.1');
}

function writeConfig(directory: string, port: number, password: string | null): string {
  const file = join(directory, 'redis.conf');
  const quoted = (path: string) => `"${path.replaceAll('\\', '\\\\').replaceAll('"', '\\"')}"`;
  const lines = [
    '# Written by Vigie at every start.',
    'bind 127.0.0.1',
    `port ${port}`,
    'protected-mode yes',
    'daemonize no',
    `dir ${quoted(directory)}`,
    `pidfile ${quoted(join(directory, 'redis.pid'))}`,
    `logfile ${quoted(join(directory, 'redis.log'))}`,
    'save ""',
    'appendonly yes',
    'appendfsync everysec',
    'aof-load-truncated yes',
    // BullMQ and the suspensions must never be evicted.
    'maxmemory-policy noeviction',
    'tcp-keepalive 60',
    ...(password === null ? [] : [`requirepass ${quoted(password)}`]),
  ];
  writeFileSync(file, `${lines.join('\n')}\n`, { mode: 0o600 });
  return file;
}

/**
 * Starts the embedded Redis, or takes over the one that a crashed daemon left on this directory.
 * @throws Error when the program is not installed, when a given port is taken, when another live daemon uses the
 *   directory, or when Redis does not come up; the message says what to do.
 */
export async function startEmbeddedRedis(options: EmbeddedRedisOptions): Promise<EmbeddedRedis> {
  const { log, command = 'redis-server', password = null } = options;
  mkdirSync(options.directory, { recursive: true, mode: 0o700 });
  const directory = realpathSync(options.directory);
  const ownerFile = join(directory, 'owner');
  const portFile = join(directory, 'port');

  const owner = readText(ownerFile);
  const ownerPid = Number(owner?.split(' ')[0]);
  if (owner && ownerPid !== process.pid && processMark(ownerPid) === owner)
    throw new Error(
      `embedded Redis: ${directory} is in use by process ${ownerPid}; give this daemon another directory`,
    );
  writeFileSync(ownerFile, processMark(process.pid) ?? String(process.pid), { mode: 0o600 });

  let child: ChildProcess | null = null;
  let pid = 0;
  let port = 0;
  let stopping = false;
  let startedAt = 0;
  let delayMs = 0;
  let watch: NodeJS.Timeout | undefined;
  let restart: Promise<void> = Promise.resolve();

  /** Waits for our own Redis on `port`; false when the process ended first. */
  const comesUp = async (isAlive: () => boolean): Promise<boolean> => {
    const deadline = performance.now() + loadPatienceMs;
    while (performance.now() < deadline) {
      const answer = await probe(port, password);
      if (answer.kind === 'redis' && answer.directory === directory) {
        pid = answer.pid;
        return true;
      }
      if (!isAlive()) return false;
      await sleep(20);
    }
    return false;
  };

  const launch = async (): Promise<void> => {
    const config = writeConfig(directory, port, password);
    startedAt = performance.now();
    // In a process group of its own: Ctrl-C stops the daemon first, and the daemon stops Redis.
    const started = spawn(command, [config], { cwd: directory, detached: true, stdio: 'ignore' });
    child = started;
    let failure: string | null = null;
    started.once('error', (error: NodeJS.ErrnoException) => {
      failure =
        error.code === 'ENOENT'
          ? `${command} is not installed; install it (Debian and Ubuntu: apt-get install redis-server) or set redis.url`
          : error.message;
    });
    started.once('exit', (code, signal) => {
      failure ??= `${command} ended (${signal ?? code}), see ${join(directory, 'redis.log')}`;
    });
    started.unref();
    if (await comesUp(() => failure === null)) return;
    if (failure === null) started.kill('SIGKILL');
    child = null;
    throw new Error(`embedded Redis: ${failure ?? `no answer within ${loadPatienceMs / 1000} s`}`);
  };

  const startAgain = async (): Promise<void> => {
    delayMs =
      performance.now() - startedAt > healthyAfterMs
        ? 0
        : Math.min(longestRestartDelayMs, Math.max(firstRestartDelayMs, delayMs * 2));
    log.error({ pid, port, restartDelayMs: delayMs }, 'embedded_redis.died');
    await sleep(delayMs);
    if (stopping) return;
    try {
      await launch();
      log.info({ pid, port }, 'embedded_redis.restarted');
    } catch (error) {
      log.error({ error: (error as Error).message }, 'embedded_redis.restart_failed');
    }
  };

  const watchOver = () => {
    watch = setTimeout(async () => {
      const gone =
        child === null ? processMark(pid) === null : child.exitCode !== null || child.signalCode !== null;
      if (gone && !stopping) {
        restart = startAgain();
        await restart;
      }
      if (!stopping) watchOver();
    }, watchEveryMs);
    watch.unref();
  };

  try {
    const lastPort = Number(readText(portFile)) || null;
    let adopted = false;
    if (lastPort !== null) {
      port = lastPort;
      let answer = await probe(port, password);
      for (let waitedMs = 0; answer.kind === 'loading' && waitedMs < loadPatienceMs; waitedMs += 50) {
        await sleep(50);
        answer = await probe(port, password);
      }
      adopted = answer.kind === 'redis' && answer.directory === directory;
      if (answer.kind === 'redis' && adopted) pid = answer.pid;
    }
    if (adopted && options.port !== undefined && options.port !== port) {
      // Two servers on the same files would destroy them: the old one ends first.
      await endProcess(pid);
      adopted = false;
    }
    // What a crashed daemon left, and answers to nobody with this password, or to everybody without: it ends before another takes its files.
    const left = adopted ? null : processIn(directory);
    if (left !== null) await endProcess(left);
    if (adopted && password !== null && (await probe(port, null)).kind === 'redis') {
      await endProcess(pid);
      adopted = false;
    }
    if (adopted) {
      startedAt = performance.now();
      log.info({ pid, port, directory }, 'embedded_redis.adopted');
    } else {
      port = await choosePort(options.port, lastPort);
      try {
        await launch();
      } catch (error) {
        // Somebody else may have taken the port between the look and the start.
        if (options.port !== undefined || (await tryPort(port)) !== null) throw error;
        port = await choosePort(undefined, null);
        await launch();
      }
      writeFileSync(portFile, `${port}\n`, { mode: 0o600 });
      log.info({ pid, port, directory }, 'embedded_redis.started');
    }
    watchOver();
    return {
      url: `redis://127.0.0.1:${port}/0`,
      port,
      adopted,
      pid: () => pid,
      async stop() {
        if (stopping) return;
        stopping = true;
        clearTimeout(watch);
        await restart;
        await endProcess(pid);
        rmSync(ownerFile, { force: true });
        log.info({ port }, 'embedded_redis.stopped');
      },
    };
  } catch (error) {
    rmSync(ownerFile, { force: true });
    throw error;
  }
}

/** The server that uses the directory, by its pid file and where it runs; null: none. */
function processIn(directory: string): number | null {
  const pid = Number(readText(join(directory, 'redis.pid')));
  try {
    return pid > 1 && pid !== process.pid && readlinkSync(`/proc/${pid}/cwd`) === directory ? pid : null;
  } catch {
    return null;
  }
}

/** SIGTERM makes Redis write everything out and end; SIGKILL only when it does not. */
async function endProcess(pid: number): Promise<void> {
  const mark = processMark(pid);
  if (mark === null) return;
  process.kill(pid, 'SIGTERM');
  const deadline = performance.now() + stopPatienceMs;
  while (processMark(pid) === mark) {
    if (performance.now() > deadline) {
      process.kill(pid, 'SIGKILL');
      return;
    }
    await sleep(10);
  }
}
