/** A whole operator on loopback: real Redis, Kamailio, the daemon as an operator starts it, and a carrier that answers. */
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Redis } from 'ioredis';
import { parse, stringify } from 'yaml';
import { startChild, waitFor } from './child.ts';
import { type Subscriber, startKamailio, type TestKamailio } from './kamailio.ts';
import { freePort } from './ports.ts';
import { startRedis, type TestRedis } from './redis.ts';
import { customerRow, runSipp, type SippOptions, type SippResult, type SippRun, startSipp } from './sipp.ts';
import { onceOnly, startVigie, type TestVigie } from './vigie.ts';

const shippedPolicy = new URL('../../config/policies/cmi.yaml', import.meta.url).pathname;
const command = new URL('../../cli/vigie', import.meta.url).pathname;
const carrierAddress = '127.0.0.20';

/** One rule of a policy file, as far as tests change it. */
export interface RuleText {
  id: string;
  parameters: Record<string, unknown>;
  minimumSample?: number;
  confidence?: string;
  [other: string]: unknown;
}

export interface OperatorOptions {
  /** Known to the proxy; all of them with their customers in Vigie's directory, unless `unlisted` names the line. */
  subscribers: readonly Subscriber[];
  /** Lines that the directory does not hold. */
  unlisted?: readonly string[];
  /** Further accounts that only the proxy knows, and further lines that only the directory knows. */
  accounts?: readonly Subscriber[];
  lines?: readonly { id: string; customer: string; usernames?: readonly string[] }[];
  trunks?: readonly { id: string; customer: string; sources: readonly string[]; channels: number }[];
  mode?: 'observe' | 'enforce';
  /** Modes of single rules, over `mode`. */
  modes?: Readonly<Record<string, 'observe' | 'enforce'>>;
  /** Changes the rules of a copy of the shipped policy: without it the shipped file itself is used. */
  policy?: (rule: RuleText) => void;
  /** Further sections of the daemon's configuration. */
  config?: Readonly<Record<string, unknown>>;
  /** What the proxy takes for a line's customer: as the directory says (default), or nothing, as a proxy that knows none. */
  proxyKnowsCustomers?: boolean;
  /** How the proxy learns of suspensions: it asks Redis (default), or is told by JSON-RPC. Calls can be ended in both cases. */
  push?: boolean;
  /** Changes the proxy's configuration. */
  editProxy?: (example: string) => string;
}

export interface Finding {
  id: string;
  rule: string;
  clause: string;
  subject: { kind: string; id: string };
  customer: string | null;
  value: number;
  limit: number;
  at: string;
  since: string;
  action: string;
  held: string | null;
  sample: number | null;
  evidence: Record<string, unknown>;
}

export interface Alert {
  kind: string;
  recordedAt: string;
  note: string;
  suspensionId: string | null;
  finding: Finding;
}

export interface Suspension {
  id: string;
  subject: { kind: string; id: string };
  customer: string | null;
  rule: string;
  clause: string;
  state: string;
  value: number;
  activeAt: string;
  liftedBy: string | null;
  liftReason: string | null;
}

export interface Reading {
  rule: string;
  value: number | null;
  sample: number | null;
  breached: boolean;
}

export interface Operator {
  readonly redis: TestRedis;
  /** A client of the same Redis. */
  readonly keys: Redis;
  readonly proxy: TestKamailio;
  readonly vigie: TestVigie;
  /** One request to the API with the daemon's local token. */
  request(
    method: string,
    path: string,
    body?: unknown,
    headers?: Readonly<Record<string, string>>,
  ): Promise<{ status: number; body: unknown }>;
  /** `vigie …` with this daemon's configuration. */
  cli(...args: string[]): Promise<{ status: number | null; output: string }>;
  /** Findings about a subject and what became of them, oldest first. */
  alerts(kind: string, id: string, rule: string): Promise<Alert[]>;
  suspensions(kind: string, id: string, open?: boolean): Promise<Suspension[]>;
  /** How the subject stands on a rule. */
  reading(kind: string, id: string, rule: string): Promise<Reading>;
  /** The sum of a metric over its labels. */
  metric(name: string): Promise<number>;
  /** Waits until the rule's suspension of the subject is active, and told of. */
  suspended(kind: string, id: string, rule: string): Promise<Suspension>;
  /** The keys that the proxy asks for. */
  blockedKeys(): Promise<string[]>;
  /** Starts a scenario of a customer against the proxy (default: one answered call from 127.0.1.1). */
  start(who: Subscriber, requestUri: string, options?: Partial<SippOptions>): Promise<SippRun>;
  run(who: Subscriber, requestUri: string, options?: Partial<SippOptions>): Promise<SippResult>;
  /** Waits until the daemon has counted what was sent before, and no more comes. */
  drained(): Promise<void>;
  /** A registered phone of the line: answers calls at `address` until `stop()`. */
  phone(who: Subscriber, address: string): Promise<SippRun>;
  /** One call from the carrier to a line. */
  incoming(line: string, options?: Partial<SippOptions>): Promise<SippResult>;
  /** Both throw unless the one call does as it should; a refusal names the rule. */
  connects(who: Subscriber, requestUri: string, options?: Partial<SippOptions>): Promise<void>;
  isRefused(who: Subscriber, rule: string, options?: Partial<SippOptions>): Promise<void>;
  remove(): Promise<void>;
}

/** A number that the carrier answers, and one that is busy. */
export const abroad = 'sip:33612345678@vigie.example';
export const busy = 'sip:336123450486@vigie.example';

function directoryOf(options: OperatorOptions): string {
  const listed = options.subscribers.filter(({ line }) => !options.unlisted?.includes(line));
  const customers = new Set([
    ...listed.map(({ customer }) => customer),
    ...(options.trunks ?? []).map(({ customer }) => customer),
  ]);
  return stringify({
    customers: [...customers].map((id) => ({ id })),
    trunks: options.trunks ?? [],
    lines: [...listed.map(({ line, customer }) => ({ id: line, customer })), ...(options.lines ?? [])],
  });
}

export async function startOperator(options: OperatorOptions): Promise<Operator> {
  const scratch = mkdtempSync(join(tmpdir(), 'vigie-operator-'));
  const directoryFile = join(scratch, 'directory.yaml');
  writeFileSync(directoryFile, directoryOf(options));
  const policies: Record<string, unknown> = { mode: options.mode ?? 'enforce', modes: options.modes ?? {} };
  if (options.policy) {
    const policy = parse(readFileSync(shippedPolicy, 'utf8')) as { rules: RuleText[] };
    for (const rule of policy.rules) options.policy(rule);
    policies.directory = join(scratch, 'policies');
    mkdirSync(policies.directory as string);
    writeFileSync(join(policies.directory as string, 'cmi.yaml'), stringify(policy));
  }
  const redis = await startRedis();
  const keys = new Redis(redis.url, { maxRetriesPerRequest: null });
  keys.on('error', () => {});
  const rpcPort = await freePort();
  const push = options.push === true;
  const vigie = await startVigie({
    redisUrl: redis.url,
    config: {
      enforcement: { redisKeys: !push, kamailio: [{ url: `http://127.0.0.1:${rpcPort}/vigie`, push }] },
      redis: { url: redis.url, directory: join(scratch, 'var') },
      network: { proxies: ['127.0.0.10'], carriers: [carrierAddress] },
      directory: { file: directoryFile },
      policies,
      ...options.config,
    },
  });
  const accounts = [...options.subscribers, ...(options.accounts ?? [])];
  const carrier = await startSipp({ scenario: 'answer', address: carrierAddress, timeoutSeconds: 280 });
  const proxy = await startKamailio({
    subscribers:
      options.proxyKnowsCustomers === false
        ? accounts.map((one) => ({ ...one, customer: one.line }))
        : accounts,
    redisPort: redis.port,
    hep: vigie.hep,
    carrierPort: carrier.port,
    rpcPort,
    htable: push,
    ...(options.editProxy ? { edit: options.editProxy } : {}),
  });
  const token = readFileSync(join(scratch, 'var', 'admin-token'), 'utf8').trim();

  const request: Operator['request'] = async (method, path, body, headers = {}) => {
    const answer = await fetch(vigie.http + path, {
      method,
      headers: {
        ...onceOnly,
        authorization: `Bearer ${token}`,
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        ...headers,
      },
      ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
    });
    const text = await answer.text();
    return { status: answer.status, body: text === '' ? null : JSON.parse(text) };
  };
  const list = async <Item>(path: string): Promise<Item[]> => {
    const { status, body } = await request('GET', path);
    if (status !== 200) throw new Error(`${path}: ${status} ${JSON.stringify(body)}`);
    return (body as { items: Item[] }).items;
  };
  /** Ended at last, however a test ends: one that waits for calls would keep the whole file from ending. */
  const started: SippRun[] = [];
  const noted = async (run: Promise<SippRun>): Promise<SippRun> => {
    started.push(await run);
    return run;
  };
  const start: Operator['start'] = (who, requestUri, more = {}) =>
    noted(
      startSipp({
        scenario: 'customer-call',
        address: '127.0.1.1',
        target: proxy,
        rows: [customerRow(who.line, who.password)],
        requestUri,
        timeoutSeconds: 60,
        ...more,
      }),
    );

  const operator: Operator = {
    redis,
    keys,
    proxy,
    vigie,
    request,
    start,
    run: async (who, requestUri, more) => (await start(who, requestUri, more)).finished,
    async cli(...args) {
      const child = startChild(command, [...args, '--config', vigie.configFile]);
      const { status } = await child.exited;
      return { status, output: child.log() };
    },
    async alerts(kind, id, rule) {
      const query = new URLSearchParams({ subjectKind: kind, subject: id, rule, limit: '500' });
      return (await list<Alert>(`/v1/alerts?${query}`)).reverse();
    },
    suspensions(kind, id, open = true) {
      const query = new URLSearchParams({ subjectKind: kind, subject: id, limit: '500' });
      return list<Suspension>(`/v1/suspensions?${query}${open ? '&open=true' : ''}`);
    },
    async reading(kind, id, rule) {
      const { body } = await request('GET', `/v1/subjects/${kind}/${encodeURIComponent(id)}`);
      const found = (body as { readings: Reading[] }).readings.find((one) => one.rule === rule);
      if (!found) throw new Error(`no reading of ${rule}: ${JSON.stringify(body)}`);
      return found;
    },
    async metric(name) {
      let sum = 0;
      for (const line of (await vigie.metrics()).split('\n'))
        if (line.startsWith(`${name} `) || line.startsWith(`${name}{`))
          sum += Number(line.slice(line.lastIndexOf(' ') + 1));
      return sum;
    },
    async suspended(kind, id, rule) {
      let found: Suspension | undefined;
      await waitFor(
        `the suspension of ${kind} ${id}`,
        async () => {
          found = (await operator.suspensions(kind, id)).find(
            (one) => one.rule === rule && one.state === 'active',
          );
          if (found === undefined) return false;
          // People are told after the act.
          return (await operator.alerts(kind, id, rule)).some(
            ({ suspensionId }) => suspensionId === found?.id,
          );
        },
        undefined,
        30_000,
      );
      return found as Suspension;
    },
    async blockedKeys() {
      return (await keys.keys('vigie:blocked:*')).sort();
    },
    async drained() {
      // What the proxy sent before this request's HEP packets comes before them, but for the race of its workers.
      let before = await operator.metric('vigie_sip_messages_total');
      await runSipp({ scenario: 'options', address: '127.0.1.254', target: proxy });
      const atLeast = before + 2;
      await waitFor('the daemon to count the last messages', async () => {
        const now = await operator.metric('vigie_sip_messages_total');
        const still = now === before && now >= atLeast;
        before = now;
        if (!still) await sleep(150);
        return still;
      });
    },
    async phone(who, address) {
      const port = await freePort(address);
      const registered = await operator.run(who, '', { scenario: 'customer-register', address, port });
      if (registered.successful !== 1) throw new Error(`${who.line} does not register\n${registered.errors}`);
      return noted(startSipp({ scenario: 'answer', address, port, timeoutSeconds: 280 }));
    },
    incoming: (line, more = {}) =>
      runSipp({
        scenario: 'carrier-call',
        address: carrierAddress,
        target: proxy,
        rows: ['33699999999;'],
        requestUri: `sip:${line}@vigie.example`,
        timeoutSeconds: 15,
        ...more,
      }),
    async connects(who, requestUri, more) {
      const result = await operator.run(who, requestUri, { timeoutSeconds: 15, ...more });
      if (result.successful !== 1)
        throw new Error(`${who.line} to ${requestUri} should connect\n${result.errors}`);
    },
    async isRefused(who, rule, more) {
      const options = { scenario: 'customer-refused', timeoutSeconds: 15, ...more };
      const result = await operator.run(who, abroad, options);
      if (result.successful !== 1 || !result.errors.includes(`text="vigie ${rule}"`))
        throw new Error(`${who.line} should be refused for ${rule}\n${result.errors}`);
    },
    async remove() {
      await proxy.stop();
      for (const { child } of started) await child.stop('SIGKILL');
      // Its counts are not wanted, so it need not wait for calls that have lost their proxy.
      await carrier.child.stop('SIGKILL');
      keys.disconnect();
      await vigie.remove();
      await redis.remove();
      rmSync(scratch, { recursive: true, force: true });
    },
  };
  return operator;
}
