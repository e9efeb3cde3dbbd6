import type { DeliveryEntry } from '../enforcement/notices.ts';
import type { Suspension } from '../enforcement/suspension.ts';
import type { Customer, Line, Trunk } from '../identity/directory-schema.ts';
import type { RankingRequest } from '../policy/ranking.ts';
import { silentLog } from '../telemetry/log.ts';
import type { Readiness } from '../telemetry/readiness.ts';
import { type MemoryDirectory, memoryDirectory } from './directory.fixture.ts';
import { EventHub } from './event-hub.ts';
import { exampleAlert, examplePolicy, exampleRule, liftSecret } from './examples.fixture.ts';
import type { Limits } from './limits.ts';
import { buildAdminServer } from './server.ts';
import type {
  AdminServices,
  CreditJson,
  ModeJson,
  OverrideJson,
  StoredReply,
  WriteRecord,
} from './services.ts';
import { memorySuspensions, START_MS } from './suspensions.fixture.ts';
import { hashToken, newToken, type Scope } from './tokens.ts';

/** Services in memory for the tests of the API and the command line. */
export function memoryServices() {
  const customers: MemoryDirectory<Customer> = memoryDirectory({
    inUse: (id) =>
      [...lines.entries.values()].some((line) => line.customer === id) ? 'a line names it' : null,
  });
  const lines: MemoryDirectory<Line> = memoryDirectory({
    invalid: ({ customer }) =>
      customer === undefined || customers.entries.has(customer)
        ? null
        : `"${customer}" is not in the directory`,
  });
  const state = {
    readiness: { status: 'ready', checks: [] } as Readiness,
    failure: null as Error | null,
    brakeReason: null as string | null,
    released: [] as { reason: string; by: string }[],
    credit: {
      customer: 'acme',
      currency: 'EUR',
      owed: 12.5,
      threshold: 10,
      suspension: 's-0001',
      entries: [],
    } as CreditJson,
    alerts: [exampleAlert],
    liftSecrets: [liftSecret],
    suspensions: new Map<string, Suspension>(),
    events: new EventHub({ lastId: 0 }),
    overrides: new Map<string, OverrideJson>(),
    modesVersion: 0,
    replies: new Map<string, { digest: string; reply: StoredReply | null }>(),
    writes: [] as WriteRecord[],
    deliveries: [] as DeliveryEntry[],
    replayed: [] as string[],
    rankings: [] as RankingRequest[],
  };
  const fail = () => {
    if (state.failure !== null) throw state.failure;
  };
  const services: AdminServices = {
    health: { live: () => ({ status: 'alive', uptimeSeconds: 1 }), ready: () => state.readiness },
    metrics: {
      expose: async () => ({ contentType: 'text/plain; version=0.0.4; charset=utf-8', text: 'vigie_up 1\n' }),
    },
    brake: {
      state: () => ({ engaged: state.brakeReason !== null, reason: state.brakeReason }),
      release: (request) => {
        state.released.push(request);
        state.brakeReason = null;
      },
    },
    calls: {
      flow: (callId) =>
        callId === 'a@example.net'
          ? {
              callId,
              messages: [
                {
                  at: '2026-11-22T09:59:59.000Z',
                  line: 'INVITE sip:33155000000@proxy SIP/2.0',
                  source: '192.0.2.7:5060',
                  destination: '10.0.0.1:5060',
                },
              ],
              omitted: 0,
            }
          : null,
    },
    suspensions: memorySuspensions(state, fail),
    events: state.events,
    modes: {
      list: () => ({
        version: state.modesVersion,
        default: 'observe',
        items: ['cmi', exampleRule.id].map((target): ModeJson => {
          const override = state.overrides.get(target) ?? null;
          return {
            target,
            kind: target === 'cmi' ? 'policy' : 'rule',
            policy: 'cmi',
            mode: override?.mode ?? 'observe',
            configured: 'observe',
            origin: target === 'cmi' ? null : 'configuration',
            override,
          };
        }),
      }),
      put: async ({ target, mode, by, reason, expected }) => {
        fail();
        if (!['cmi', exampleRule.id].includes(target)) return 'unknown';
        if (expected !== null && expected !== state.modesVersion) return 'conflict';
        state.modesVersion++;
        if (mode === null) state.overrides.delete(target);
        else state.overrides.set(target, { mode, by, reason, at: '2026-11-22T10:00:00.000Z' });
        return 'done';
      },
    },
    policies: {
      list: () => [examplePolicy],
      get: (id) => (id === 'cmi' ? examplePolicy : null),
    },
    ingest: { report: () => ({ agents: [] }) },
    lines: {
      export: async (line) => ({
        line,
        at: '2026-11-22T10:00:00.000Z',
        complete: true,
        directory: null,
        readings: [],
        suspensions: [],
        alerts: [],
        transitions: [],
        stored: {},
      }),
      erase: async (line) => ({
        line,
        at: '2026-11-22T10:00:00.000Z',
        erased: { keys: 2, alerts: 1, suspensions: 0 },
        kept: [{ what: 'the audit', why: 'who did what' }],
      }),
    },
    idempotency: {
      claim: async (name, digest) => {
        fail();
        const known = state.replies.get(name);
        if (known === undefined) {
          state.replies.set(name, { digest, reply: null });
          return { kind: 'new' };
        }
        if (known.digest !== digest) return { kind: 'other-body' };
        return known.reply === null ? { kind: 'running' } : { kind: 'done', reply: known.reply };
      },
      finish: async (name, digest, reply) => void state.replies.set(name, { digest, reply }),
      abandon: async (name) => void state.replies.delete(name),
    },
    audit: {
      record: async (write) => void state.writes.push(write),
      list: async (limit) => ({
        items: state.writes.slice(0, limit).map(({ status, ...write }, index) => ({
          ...write,
          kind: 'request',
          entry: `${index}-0`,
          at: '2026-11-22T10:00:00.000Z',
          status: `${status}`,
        })),
        cursor: null,
      }),
    },
    operator: () => ({
      name: 'Télécom Exemple',
      address: '1 rue de la Paix, Paris',
      timezone: 'Europe/Paris',
      version: '0.1.0',
    }),
    credit: {
      show: async (customer) => {
        fail();
        return customer === 'acme' ? state.credit : null;
      },
      order: async ({ customer, all, amount = 0, threshold, reference = null, by, reason }) => {
        fail();
        if (customer === 'unwatched') return 'unwatched';
        if (customer !== 'acme') return null;
        const paid = all ? (state.credit.owed ?? 0) : amount;
        const entry = {
          at: '2026-11-22T10:00:00.000Z',
          paid,
          threshold: threshold ?? null,
          reference,
          by,
          reason,
        };
        state.credit = {
          ...state.credit,
          owed: (state.credit.owed ?? 0) - paid,
          threshold: threshold ?? state.credit.threshold,
          suspension: null,
          entries: [entry, ...state.credit.entries],
        };
        return state.credit;
      },
    },
    subjects: {
      ranking: (request) => {
        state.rankings.push(request);
        return [
          {
            subject: { kind: 'source', id: '192.0.2.7' },
            customer: null,
            rule: 'cmi.message-rate',
            policy: 'cmi',
            clause: 'fixed telephony 7',
            title: 'Messages per second',
            mode: 'observe',
            value: 30,
            limit: 60,
            unit: 'messages',
            windowSeconds: 1,
            share: 0.5,
            breached: false,
            sample: null,
            minimumSample: 30,
            perSecond: 30,
            atMs: START_MS,
          },
        ];
      },
      explain: async (subject) =>
        subject.id === 'unknown'
          ? null
          : {
              subject,
              customer: 'acme',
              provisioned: true,
              policy: 'cmi',
              readings: [
                {
                  rule: 'cmi.answer-seizure-ratio',
                  policy: 'cmi',
                  clause: 'general terms 12.1',
                  mode: 'observe',
                  value: 0.42,
                  limit: 0.5,
                  unit: 'ratio',
                  windowSeconds: 86_400,
                  sample: 120,
                  breached: true,
                  significant: false,
                  sinceMs: Date.UTC(2026, 10, 22, 9),
                  policyVersion: '1',
                  detector: 'answer-seizure-ratio',
                  title: 'Answered share of the attempts',
                  subject,
                  minimumSample: 30,
                  step: 0,
                  action: 'alert',
                  calls: [],
                  tip: null,
                  evidence: {},
                },
              ],
              suspensions: [...state.suspensions.values()],
            },
    },
    directory: { lines, trunks: memoryDirectory<Trunk>(), customers },
  };
  return { services, state };
}

/** A server over these services with one token for each scope. */
export function adminFixture(change: Partial<AdminServices> = {}, withMetrics = true, limits?: Limits) {
  const { services, state } = memoryServices();
  const secrets = { read: newToken(), evidence: newToken(), lift: newToken(), admin: newToken() };
  const tokens = (Object.keys(secrets) as Scope[]).map((scope) => ({
    name: `${scope}-token`,
    hash: hashToken(secrets[scope]),
    scopes: [scope],
  }));
  const server = buildAdminServer({
    services: { ...services, ...change },
    log: silentLog,
    version: '0.1.0',
    tokens: () => tokens,
    withMetrics,
    ...(limits ? { limits: () => limits } : {}),
  });
  const call = async (
    method: 'GET' | 'POST' | 'PUT' | 'DELETE',
    url: string,
    options: { scope?: Scope | null; body?: unknown; headers?: Record<string, string> } = {},
  ) => {
    const { scope = 'admin', body, headers } = options;
    const reply = await server.inject({
      method,
      url,
      headers: {
        ...(scope === null ? {} : { authorization: `Bearer ${secrets[scope]}` }),
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        ...headers,
      },
      ...(body === undefined ? {} : { payload: typeof body === 'string' ? body : JSON.stringify(body) }),
    });
    const type = String(reply.headers['content-type'] ?? '');
    const json = type.includes('json') ? JSON.parse(reply.body) : null;
    return { status: reply.statusCode, type, json, text: reply.body, headers: reply.headers };
  };
  return { server, services, state, secrets, tokens, call };
}
