/** A real redis-server of the test's own: free port, temporary directory. */
import { mkdtempSync, rmSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Child, startChild, waitFor } from './child.ts';
import { freePort } from './ports.ts';

export interface TestRedis {
  readonly port: number;
  readonly url: string;
  readonly directory: string;
  pid(): number;
  /** Stops the process (SIGTERM; 'SIGKILL' for a crash). The data stay for `start`. */
  stop(signal?: NodeJS.Signals): Promise<void>;
  /** Starts it again on the same port and data. */
  start(): Promise<void>;
  /** SIGSTOP: connections open, nothing answers. */
  pause(): void;
  resume(): void;
  /** Stops it and removes its directory. */
  remove(): Promise<void>;
}

/** True when a Redis at this port answers PING. */
export function answersPing(port: number, host = '127.0.0.1', patienceMs = 500): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ port, host });
    const end = (answer: boolean) => {
      socket.destroy();
      resolve(answer);
    };
    socket.setTimeout(patienceMs, () => end(false));
    socket.once('error', () => end(false));
    socket.once('connect', () => socket.write('PING\r\n'));
    socket.once('data', (data: Buffer) => end(data.toString().startsWith('+PONG')));
  });
}

export async function startRedis(options: { appendOnly?: boolean } = {}): Promise<TestRedis> {
  const directory = mkdtempSync(join(tmpdir(), 'vigie-redis-'));
  const port = await freePort();
  let child: Child;
  const start = async () => {
    child = startChild('redis-server', [
      ...['--port', String(port), '--bind', '127.0.0.1', '--dir', directory, '--save', ''],
      // A second of writes may wait for a slow disk with `everysec`: what was answered shall outlive a kill.
      ...['--appendonly', options.appendOnly ? 'yes' : 'no', '--appendfsync', 'always'],
      ...['--maxmemory-policy', 'noeviction', '--daemonize', 'no'],
    ]);
    await waitFor('redis-server', () => answersPing(port), child);
  };
  await start();
  return {
    port,
    url: `redis://127.0.0.1:${port}/0`,
    directory,
    pid: () => child.pid,
    start,
    async stop(signal = 'SIGTERM') {
      child.signal('SIGCONT');
      await child.stop(signal);
    },
    pause: () => child.signal('SIGSTOP'),
    resume: () => child.signal('SIGCONT'),
    async remove() {
      child.signal('SIGCONT');
      await child.stop();
      rmSync(directory, { recursive: true, force: true });
    },
  };
}
