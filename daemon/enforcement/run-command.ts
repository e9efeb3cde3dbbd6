import { spawn } from 'node:child_process';

export interface CommandResult {
  /** Null where it ended otherwise. */
  readonly status: number | null;
  /** Both outputs, as far as they are kept. */
  readonly output: string;
  /** Empty where the status is 0. */
  readonly error: string;
}

/** Characters of each output that are kept unless told otherwise; the rest is read and thrown away. */
const outputAtMost = 65_536;
/** After SIGTERM, before SIGKILL. */
const patienceMs = 1_000;

/**
 * Runs a program with arguments: no shell reads them, nothing comes in on its standard input, and of the environment it is given the
 * usual PATH alone. When the time is over it is ended together with what it started. Never throws.
 */
export function runCommand(
  program: string,
  args: readonly string[],
  timeoutMs: number,
  outputBytes = outputAtMost,
): Promise<CommandResult> {
  return new Promise((resolve) => {
    let child: ReturnType<typeof spawn>;
    try {
      child = spawn(program, args, {
        stdio: ['ignore', 'pipe', 'pipe'],
        env: { PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin', LANG: 'C.UTF-8' },
        // A process group of its own, to be ended whole.
        detached: true,
      });
    } catch (error) {
      resolve({ status: null, output: '', error: String(error) });
      return;
    }
    let output = '';
    let late = false;
    for (const stream of [child.stdout, child.stderr]) {
      let kept = 0;
      stream?.setEncoding('utf8');
      stream?.on('data', (text: string) => {
        if (kept >= outputBytes) return;
        output += text.slice(0, outputBytes - kept);
        kept += text.length;
      });
    }
    const end = (signal: NodeJS.Signals) => {
      try {
        if (child.pid !== undefined) process.kill(-child.pid, signal);
      } catch {
        // It has ended.
      }
    };
    let kill: NodeJS.Timeout | undefined;
    const timer = setTimeout(() => {
      late = true;
      end('SIGTERM');
      kill = setTimeout(() => end('SIGKILL'), patienceMs);
    }, timeoutMs);
    const finish = (status: number | null, error: string) => {
      clearTimeout(timer);
      clearTimeout(kill);
      // What it left in the background goes too, or holds the outputs open for ever.
      if (late) end('SIGKILL');
      resolve({ status, output, error });
    };
    child.once('error', (error) => finish(null, error.message));
    child.once('close', (status, signal) => {
      if (late) finish(null, `not done within ${timeoutMs} ms`);
      else if (status === 0) finish(0, '');
      else finish(status, `ended with ${status ?? signal}: ${output.trim().slice(0, 500)}`);
    });
  });
}
