import { createHash, randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import type { Command } from 'commander';
import { readLocalToken } from '../daemon/admin/local-token.ts';
import { loadConfig } from '../daemon/config/load.ts';
import { CommandFailure, usageFailure } from './exit.ts';

const TIMEOUT_MS = 20_000;
/** Before a post whose answer was lost is sent again, ms. */
const RETRY_MS: readonly number[] = [200, 1_000];

export interface ApiOptions {
  readonly url?: string;
  readonly tokenFile?: string;
  readonly config?: string;
  readonly json?: boolean;
  readonly idempotencyKey?: string;
}

/** Options of every command that asks a running daemon. */
export function withApiOptions(command: Command): Command {
  return command
    .option(
      '--url <url>',
      'where the daemon answers (default: VIGIE_URL, else admin.listen of the configuration)',
    )
    .option(
      '--token-file <file>',
      "file with the bearer token (default: VIGIE_TOKEN, else the daemon's own var/admin-token)",
    )
    .option('--config <file>', 'configuration that says where the daemon is')
    .option('--json', 'print JSON');
}

/** Options of a command that changes something by a POST. */
export function withPostOptions(command: Command): Command {
  return withApiOptions(command).option(
    '--idempotency-key <key>',
    'what was done under this key within a day is not done again (default: one of its own for each run)',
  );
}

/** Same key, same act: for what can be done only once, so that the command may simply be repeated. */
export function keyOf(...parts: readonly unknown[]): string {
  return createHash('sha256').update(JSON.stringify(parts)).digest('base64url');
}

interface Problem {
  readonly code?: string;
  readonly title?: string;
  readonly detail?: string;
  readonly faults?: readonly { readonly path: string; readonly message: string }[];
}

/** Speaks to the admin API of a running daemon; everything that fails becomes a `CommandFailure`. */
export class ApiClient {
  readonly #url: string;
  readonly #token: string | null;
  readonly #key: string | null;

  constructor(url: string, token: string | null, key: string | null = null) {
    this.#url = url.replace(/\/+$/, '');
    this.#token = token;
    this.#key = key;
  }

  get<Reply>(path: string): Promise<Reply> {
    return this.#ask('GET', path, undefined);
  }

  /** An answer that is no JSON, as it came. */
  async text(path: string): Promise<string> {
    const reply = await this.#reply('GET', path, undefined);
    const text = await reply.text();
    if (reply.ok) return text;
    throw new CommandFailure(
      describe(reply.status, jsonOf(text) as Problem | undefined, this.#url, this.#token === null),
    );
  }

  /**
   * Done once, however often it is sent: where the answer is lost it is sent again under the same key, and the daemon gives the first answer.
   * @param key the caller's own; default: `--idempotency-key`, else one for this call
   */
  async post<Reply>(path: string, body: unknown, key: string = randomUUID()): Promise<Reply> {
    const sent = this.#key ?? key;
    for (const [attempt, waitMs] of [...RETRY_MS, null].entries()) {
      try {
        return await this.#ask<Reply>('POST', path, body, sent);
      } catch (error) {
        const isLost = error instanceof AnswerLost || (attempt > 0 && error instanceof StillRunning);
        if (waitMs !== null && isLost) {
          await new Promise((resolve) => setTimeout(resolve, waitMs));
          continue;
        }
        if (!(error instanceof AnswerLost)) throw error;
        throw new CommandFailure(
          `${error.message} It may have been done: the same command with --idempotency-key ${sent} does it once and shows what came of it.`,
        );
      }
    }
    throw new Error('unreachable');
  }

  delete<Reply>(path: string): Promise<Reply> {
    return this.#ask('DELETE', path, undefined);
  }

  async #ask<Reply>(method: string, path: string, body: unknown, key: string | null = null): Promise<Reply> {
    const reply = await this.#reply(method, path, body, key);
    const text = await reply.text().catch(() => {
      throw new AnswerLost(`The answer of ${this.#url} was cut off.`);
    });
    const json = jsonOf(text);
    if (reply.ok && json !== undefined) return json as Reply;
    const problem = json as Problem | undefined;
    const told = describe(reply.status, problem, this.#url, this.#token === null);
    throw problem?.code === 'idempotency-key-in-use' ? new StillRunning(told) : new CommandFailure(told);
  }

  #reply(method: string, path: string, body: unknown, key: string | null = null): Promise<Response> {
    const headers: Record<string, string> = { accept: 'application/json' };
    if (this.#token !== null) headers['authorization'] = `Bearer ${this.#token}`;
    if (body !== undefined) headers['content-type'] = 'application/json';
    if (key !== null) headers['idempotency-key'] = key;
    return this.#fetch(path, {
      method,
      headers,
      signal: AbortSignal.timeout(TIMEOUT_MS),
      redirect: 'error',
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
  }

  async #fetch(path: string, init: RequestInit): Promise<Response> {
    try {
      return await fetch(this.#url + path, init);
    } catch (error) {
      const cause = (error as { cause?: { code?: string } }).cause?.code ?? (error as Error).message;
      const Lost = NEVER_SENT.has(cause) ? CommandFailure : AnswerLost;
      throw new Lost(
        `${this.#url} does not answer (${cause}). Is the daemon running ("vigie run")? Another address: --url.`,
      );
    }
  }
}

/** The request may have arrived, and its answer did not. */
class AnswerLost extends CommandFailure {}
/** The same request of a moment ago has no answer yet. */
class StillRunning extends CommandFailure {}

/** Faults before a connection was there. */
const NEVER_SENT: ReadonlySet<string> = new Set([
  'ECONNREFUSED',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'UND_ERR_CONNECT_TIMEOUT',
]);

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function describe(status: number, problem: Problem | undefined, url: string, withoutToken: boolean): string {
  if (problem?.code === undefined)
    return `${url} answered ${status} and no JSON of Vigie's. Is this the admin address?`;
  const faults = (problem.faults ?? []).map(({ path, message }) => `\n  ${path}: ${message}`).join('');
  const hint =
    status === 401 && withoutToken
      ? ' No token was found: set VIGIE_TOKEN or --token-file, or run this as the user of the daemon.'
      : '';
  return `${problem.title} (${problem.code}) ${problem.detail ?? ''}${hint}${faults}`;
}

/** Address to reach a listener at: one that listens everywhere is asked on loopback. */
export function urlOfListen(listen: string): string {
  const [, host, port] = /^(.*):(\d+)$/.exec(listen) ?? ['', '127.0.0.1', '8060'];
  const reachable = host === '0.0.0.0' ? '127.0.0.1' : host === '[::]' ? '[::1]' : host;
  return `http://${reachable}:${port}`;
}

export function apiClient(options: ApiOptions): ApiClient {
  const loaded = loadConfig(options.config ?? null, process.env);
  const config = loaded.ok ? loaded.config : null;
  const url =
    options.url ?? process.env['VIGIE_URL'] ?? urlOfListen(config?.admin.listen ?? '127.0.0.1:8060');
  if (!URL.canParse(url)) throw usageFailure(`--url ${url} is no URL. Write it as http://127.0.0.1:8060.`);
  return new ApiClient(
    url,
    configuredToken(options) ?? localToken(url, config?.redis.directory ?? 'var'),
    options.idempotencyKey ?? null,
  );
}

/** The local token is for the daemon on this host; it is not sent anywhere else. */
function localToken(url: string, directory: string): string | null {
  const { hostname } = new URL(url);
  const here = hostname === 'localhost' || hostname === '[::1]' || /^127(\.\d+){3}$/.test(hostname);
  return here ? readLocalToken(directory) : null;
}

function configuredToken({ tokenFile }: ApiOptions): string | null {
  const file = tokenFile ?? process.env['VIGIE_TOKEN_FILE'];
  if (tokenFile === undefined && process.env['VIGIE_TOKEN']) return process.env['VIGIE_TOKEN'];
  if (file === undefined) return null;
  try {
    return readFileSync(file, 'utf8').trim();
  } catch (error) {
    throw new CommandFailure(
      `The token file ${file} cannot be read (${(error as NodeJS.ErrnoException).code}).`,
    );
  }
}
