/** A child process of a test: its output kept, stopped by its own pid, and never left behind. */
import { type ChildProcess, spawn } from 'node:child_process';

const alive = new Set<ChildProcess>();
process.on('exit', () => {
  for (const child of alive) killGroup(child);
});

/** With all that it started: Kamailio's workers outlive a killed main process, and hold its outputs open. */
function killGroup({ pid }: ChildProcess): void {
  if (pid === undefined) return;
  try {
    process.kill(-pid, 'SIGKILL');
  } catch {
    // None of them is left.
  }
}

export interface Child {
  readonly pid: number;
  /** What the process wrote to both of its outputs so far. */
  log(): string;
  /** Its exit status, or 128 + signal number's name as null status when killed. */
  readonly exited: Promise<{ status: number | null; signal: NodeJS.Signals | null }>;
  hasExited(): boolean;
  signal(name: NodeJS.Signals): void;
  /** SIGKILL to its whole process group at once, and waits for the end. */
  kill(): Promise<void>;
  /** Sends `name`, then SIGKILL to its whole process group after `patienceMs`, and waits for the end. */
  stop(name?: NodeJS.Signals, patienceMs?: number): Promise<void>;
}

export interface ChildOptions {
  cwd?: string;
  env?: NodeJS.ProcessEnv;
}

export function startChild(command: string, args: readonly string[], options: ChildOptions = {}): Child {
  const child = spawn(command, args, {
    cwd: options.cwd,
    env: options.env ?? process.env,
    stdio: ['ignore', 'pipe', 'pipe'],
    // A process group of its own, so that it can be ended whole.
    detached: true,
  });
  alive.add(child);
  const output: string[] = [];
  child.stdout.on('data', (chunk: Buffer) => output.push(chunk.toString()));
  child.stderr.on('data', (chunk: Buffer) => output.push(chunk.toString()));
  let ended = false;
  const exited = new Promise<{ status: number | null; signal: NodeJS.Signals | null }>((resolve) => {
    const end = (status: number | null, signal: NodeJS.Signals | null) => {
      ended = true;
      alive.delete(child);
      resolve({ status, signal });
    };
    child.once('error', (error) => {
      output.push(`${command}: ${error.message}\n`);
      end(null, null);
    });
    child.once('close', end);
  });
  const signal = (name: NodeJS.Signals) => {
    if (!ended) child.kill(name);
  };
  return {
    pid: child.pid ?? -1,
    log: () => output.join(''),
    exited,
    hasExited: () => ended,
    signal,
    async kill() {
      if (!ended) killGroup(child);
      await exited;
    },
    async stop(name = 'SIGTERM', patienceMs = 8000) {
      signal(name);
      const timer = setTimeout(() => killGroup(child), patienceMs);
      await exited;
      clearTimeout(timer);
    },
  };
}

/** Waits until `ready()` is true; fails with the child's output when the child ends first or `patienceMs` pass. */
export async function waitFor(
  what: string,
  ready: () => boolean | Promise<boolean>,
  child?: Child,
  patienceMs = 15_000,
): Promise<void> {
  const deadline = performance.now() + patienceMs;
  for (;;) {
    if (await ready()) return;
    if (child?.hasExited()) throw new Error(`${what}: the process ended\n${child.log()}`);
    if (performance.now() > deadline)
      throw new Error(`${what}: not within ${patienceMs} ms\n${child?.log() ?? ''}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}
