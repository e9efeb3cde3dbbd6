/** What the enforcement tests share: a real Redis, a receiver of webhooks, findings, an Enforcement on them. */
import { createServer, type IncomingHttpHeaders } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Redis } from 'ioredis';
import {
  type EnforcementSettings,
  enforcementDefaults,
  type WebhookTarget,
} from '../../daemon/enforcement/config.ts';
import { Enforcement, type EnforcementOptions } from '../../daemon/enforcement/enforcement.ts';
import { timeOrderedId } from '../../daemon/enforcement/identifier.ts';
import type { Finding } from '../../daemon/policy/finding.ts';

export const secret = `whsec_${Buffer.from('0123456789abcdef0123456789abcdef').toString('base64')}`;

export interface Received {
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

export interface Sink {
  readonly url: string;
  readonly received: Received[];
  /** Status of the next answers, then 204. */
  readonly answers: (number | 'hang')[];
  close(): Promise<void>;
}

export async function startSink(): Promise<Sink> {
  const received: Received[] = [];
  const answers: (number | 'hang')[] = [];
  const server = createServer((request, response) => {
    let body = '';
    request.setEncoding('utf8');
    request.on('data', (chunk: string) => {
      body += chunk;
    });
    request.on('end', () => {
      received.push({ headers: request.headers, body });
      const answer = answers.shift() ?? 204;
      if (answer === 'hang') return;
      const headers = answer >= 300 && answer < 400 ? { location: `${request.url}/elsewhere` } : {};
      response.writeHead(answer, headers).end();
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}/hook`,
    received,
    answers,
    close: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

export function receiver(name: string, url: string, more: Partial<WebhookTarget> = {}): WebhookTarget {
  return { name, url, secret, audience: 'operator', events: [], ...more };
}

export function finding(line: string, more: Partial<Finding> = {}): Finding {
  const atMs = more.atMs ?? Date.now();
  return {
    id: timeOrderedId(atMs),
    rule: 'cmi.transaction-rate',
    policy: 'cmi',
    policyVersion: '1',
    clause: 'CMI general terms 12.1',
    subject: { kind: 'line', id: line },
    customer: 'acme',
    value: 31,
    limit: 30,
    unit: 'transactions/s',
    windowSeconds: 1,
    atMs,
    sinceMs: atMs - 3_000,
    action: 'suspend',
    step: 1,
    mode: 'enforce',
    held: null,
    sample: null,
    evidence: { callIds: ['a@host', 'b@host'] },
    ...more,
  };
}

/** Nobody but those that a test makes silent is given up for being slow. */
export const delivery = { attempts: 4, backoffMs: 20, timeoutMs: 15_000, concurrency: 4 };

export interface Running {
  readonly enforcement: Enforcement;
  readonly resets: string[];
  readonly kinds: string[];
  readonly transitions: string[];
  readonly dropped: string[];
  readonly logged: string[];
  /** Waits until no finding is in hand. */
  settled(): Promise<void>;
  stop(): Promise<void>;
}

export async function startEnforcement(
  url: string,
  settings: Partial<EnforcementSettings> = {},
  more: Partial<EnforcementOptions> = {},
): Promise<Running> {
  const redis = new Redis(url, { lazyConnect: true });
  const resets: string[] = [];
  const kinds: string[] = [];
  const transitions: string[] = [];
  const dropped: string[] = [];
  const logged: string[] = [];
  const enforcement = new Enforcement({
    redis,
    settings: {
      ...enforcementDefaults,
      mode: 'enforce',
      // Tests call the chores themselves.
      sweepEveryMs: 3_600_000,
      reconcileEveryMs: 3_600_000,
      delivery,
      ...settings,
    },
    clock: Date.now,
    log: {
      info: (event) => logged.push(event),
      warn: (event) => logged.push(event),
      error: (event) => logged.push(event),
    },
    hooks: {
      onDecision: (kind) => kinds.push(kind),
      onTransition: (to) => transitions.push(to),
      onDropped: (what) => dropped.push(what),
    },
    isProtected: (address) => address === '192.0.2.1',
    resetBaseline: async (subject, rule) => {
      resets.push(`${subject.kind}:${subject.id} ${rule}`);
    },
    ...more,
  });
  await enforcement.start();
  return {
    enforcement,
    resets,
    kinds,
    transitions,
    dropped,
    logged,
    settled: () => until('findings done', () => enforcement.pending() === 0),
    stop: async () => {
      await enforcement.stop(0);
      redis.disconnect();
    },
  };
}

export async function until(what: string, ready: () => boolean | Promise<boolean>): Promise<void> {
  const deadline = performance.now() + 20_000;
  while (!(await ready())) {
    if (performance.now() > deadline) throw new Error(`not reached within 20 s: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}
