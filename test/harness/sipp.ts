/** SIPp as customers, lines and carrier: runs a scenario of test/sipp and reads its own counts back. */
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Child, startChild, waitFor } from './child.ts';
import { freePort } from './ports.ts';

const scenarios = new URL('../sipp/', import.meta.url).pathname;

export interface SippOptions {
  /** A file of test/sipp without its extension. */
  scenario: string;
  /** The address the packets come from, e.g. 127.0.1.5. */
  address: string;
  /** Default: a free one. */
  port?: number;
  /** The proxy. Not given: SIPp waits for calls (`answer`). */
  target?: { address: string; port: number };
  /** Calls to make; default one for each row. */
  calls?: number;
  /** New calls per second, default 10. */
  perSecond?: number;
  /** How long calls are held, default 100 ms. */
  holdMs?: number;
  /** Rows of the scenario's CSV, used in order and again from the top. */
  rows?: readonly string[];
  /**
   * The called URI of every call, in place of the row's. A row cannot hold a URI with parameters: SIPp splits
   * rows at every semicolon.
   */
  requestUri?: string;
  /** SIPp gives up after this time (default 30 s). */
  timeoutSeconds?: number;
  /** Further arguments, e.g. ['-nr'] for no retransmissions. */
  extra?: readonly string[];
}

/** One message of the scenario, in its order. */
export interface SippMessage {
  /** As SIPp names it, by position: `0_INVITE`, `3_407`, … */
  name: string;
  direction: 'sent' | 'received';
  /** First sendings or first receptions. */
  count: number;
  /** Further copies on the wire, in the same direction. */
  retransmitted: number;
  /** Other messages that came while this one was awaited. */
  unexpected: number;
}

export interface SippResult {
  /** SIPp's exit status: 0 all calls successful, 1 some failed, 97 stopped by us, 99 no call. */
  status: number | null;
  successful: number;
  failed: number;
  messages: SippMessage[];
  /** Sent on the wire, retransmissions included. */
  sent: number;
  /** Received from the wire, retransmissions included. */
  received: number;
  /** SIPp's error log and output. */
  errors: string;
}

export interface SippRun {
  readonly address: string;
  readonly port: number;
  readonly child: Child;
  readonly finished: Promise<SippResult>;
  /** Lets open calls end, then ends SIPp. */
  stop(): Promise<SippResult>;
}

/** A CSV row of a customer scenario. */
export function customerRow(line: string, password: string, requestUri = ''): string {
  return `${line};[authentication username=${line} password=${password}];${requestUri}`;
}

export async function startSipp(options: SippOptions): Promise<SippRun> {
  const directory = mkdtempSync(join(tmpdir(), 'vigie-sipp-'));
  const port = options.port ?? (await freePort(options.address));
  let scenario = `${scenarios}${options.scenario}.xml`;
  if (options.requestUri !== undefined) {
    const text = readFileSync(scenario, 'utf8').replaceAll('[field2]', () => options.requestUri ?? '');
    scenario = join(directory, `${options.scenario}.xml`);
    writeFileSync(scenario, text);
  }
  const args = [
    ...['-sf', scenario, '-i', options.address, '-p', String(port)],
    ...['-mi', options.address, '-d', String(options.holdMs ?? 100), '-l', '10000', '-nostdin'],
    ...['-cp', String(await freePort()), '-timeout', `${options.timeoutSeconds ?? 30}s`],
    ...[
      '-trace_stat',
      '-stf',
      'stat.csv',
      '-trace_counts',
      '-trace_err',
      '-error_file',
      'errors.log',
      '-fd',
      '1',
    ],
    ...['-trace_logs', '-log_file', 'log.log'],
  ];
  if (options.rows) {
    writeFileSync(join(directory, 'rows.csv'), `SEQUENTIAL\n${options.rows.join('\n')}\n`);
    args.push('-inf', 'rows.csv');
  }
  if (options.target) {
    args.push(
      '-m',
      String(options.calls ?? options.rows?.length ?? 1),
      '-r',
      String(options.perSecond ?? 10),
    );
    args.push(...(options.extra ?? []), `${options.target.address}:${options.target.port}`);
  } else {
    if (options.calls !== undefined) args.push('-m', String(options.calls));
    args.push(...(options.extra ?? []));
  }
  const child = startChild('sipp', args, { cwd: directory, env: { ...process.env, TERM: 'dumb' } });
  // SIPp's own -timeout waits for open calls; this one does not.
  const limit = setTimeout(() => child.signal('SIGKILL'), ((options.timeoutSeconds ?? 30) + 5) * 1000);
  const finished = child.exited.then(({ status }) => {
    clearTimeout(limit);
    const result = readResult(directory, status, child.log());
    rmSync(directory, { recursive: true, force: true });
    return result;
  });
  // SIPp writes its first statistics line once its sockets are bound.
  let bound = false;
  await waitFor('sipp', () => {
    bound ||= existsSync(join(directory, 'stat.csv'));
    return bound || child.hasExited();
  });
  if (!bound) {
    const { status, errors } = await finished;
    if (status !== 0) throw new Error(`sipp ${options.scenario} did not start (${status})\n${errors}`);
  }
  return {
    address: options.address,
    port,
    child,
    finished,
    async stop() {
      await child.stop('SIGUSR1');
      return finished;
    },
  };
}

export async function runSipp(options: SippOptions): Promise<SippResult> {
  return (await startSipp(options)).finished;
}

function rowsOf(file: string): { header: string[]; last: string[] } {
  const lines = readFileSync(file, 'latin1').trim().split('\n');
  return { header: lines[0].split(';'), last: lines.length > 1 ? lines[lines.length - 1].split(';') : [] };
}

function readResult(directory: string, status: number | null, output: string): SippResult {
  const files = readdirSync(directory);
  const result: SippResult = {
    status,
    successful: 0,
    failed: 0,
    messages: [],
    sent: 0,
    received: 0,
    errors: '',
  };
  if (files.includes('stat.csv')) {
    const { header, last } = rowsOf(join(directory, 'stat.csv'));
    result.successful = Number(last[header.indexOf('SuccessfulCall(C)')] ?? 0);
    result.failed = Number(last[header.indexOf('FailedCall(C)')] ?? 0);
  }
  const counts = files.find((file) => file.endsWith('_counts.csv'));
  if (counts) {
    const { header, last } = rowsOf(join(directory, counts));
    const cell = (column: string) => Number(last[header.indexOf(column)] ?? 0);
    for (const column of header) {
      const parts = /^(\d+_.+)_(Sent|Recv)$/.exec(column);
      if (!parts || parts[1].endsWith('_Pause')) continue;
      const message: SippMessage = {
        name: parts[1],
        direction: parts[2] === 'Sent' ? 'sent' : 'received',
        count: cell(column),
        retransmitted: cell(`${parts[1]}_Retrans`),
        unexpected: header.includes(`${parts[1]}_Unexp`) ? cell(`${parts[1]}_Unexp`) : 0,
      };
      result.messages.push(message);
      result[message.direction] += message.count + message.retransmitted + message.unexpected;
    }
  }
  for (const file of files.filter((one) => one.endsWith('.log')))
    result.errors += readFileSync(join(directory, file), 'latin1');
  if (result.errors === '' && status !== 0) result.errors = output;
  return result;
}
