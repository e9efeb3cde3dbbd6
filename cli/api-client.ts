import { readFileSync } from 'node:fs';
import type { Command } from 'commander';
import { readLocalToken } from '../daemon/admin/local-token.ts';
import { loadConfig } from '../daemon/config/load.ts';
import { CommandFailure, usageFailure } from './exit.ts';

const TIMEOUT_MS = 20_000;

export interface ApiOptions {
  readonly url?: string;
  readonly tokenFile?: string;
  readonly config?: string;
  readonly json?: boolean;
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

  constructor(url: string, token: string | null) {
    this.#url = url.replace(/\/+$/, '');
    this.#token = token;
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

  post<Reply>(path: string, body: unknown): Promise<Reply> {
    return this.#ask('POST', path, body);
  }

  delete<Reply>(path: string): Promise<Reply> {
    return this.#ask('DELETE', path, undefined);
  }

  async #ask<Reply>(method: string, path: string, body: unknown): Promise<Reply> {
    const reply = await this.#reply(method, path, body);
    const text = await reply.text();
    const json = jsonOf(text);
    if (reply.ok && json !== undefined) return json as Reply;
    throw new CommandFailure(
      describe(reply.status, json as Problem | undefined, this.#url, this.#token === null),
    );
  }

  #reply(method: string, path: string, body: unknown): Promise<Response> {
    const headers: Record<string, string> = { accept: 'application/json' };
    if (this.#token !== null) headers['authorization'] = `Bearer ${this.#token}`;
    if (body !== undefined) headers['content-type'] = 'application/json';
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
      throw new CommandFailure(
        `${this.#url} does not answer (${cause}). Is the daemon running ("vigie run")? Another address: --url.`,
      );
    }
  }
}

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
  return new ApiClient(url, configuredToken(options) ?? localToken(url, config?.redis.directory ?? 'var'));
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
