import type { AlertJson } from '../enforcement/alerts.ts';
import { EnforcementError } from '../enforcement/errors.ts';
import { verifyLift } from '../enforcement/lift-webhook.ts';
import type { DeliveryEntry } from '../enforcement/notices.ts';
import { isOpen, manualProposal, type Suspension, transit } from '../enforcement/suspension.ts';
import type { Customer, Line, Trunk } from '../identity/directory-schema.ts';
import type { FindingJson } from '../policy/finding.ts';
import type { RankingRequest } from '../policy/ranking.ts';
import type { Readiness } from '../telemetry/health.ts';
import { silentLog } from '../telemetry/log.ts';
import { EventHub } from './event-hub.ts';
import type { Limits } from './limits.ts';
import { buildAdminServer } from './server.ts';
import type {
  AdminServices,
  CreditJson,
  DirectoryService,
  ModeJson,
  OverrideJson,
  PolicyJson,
  StoredReply,
  SuspensionService,
  WriteRecord,
} from './services.ts';
import { hashToken, newToken, type Scope } from './tokens.ts';

const START_MS = Date.UTC(2026, 10, 22, 10, 0, 0);

export const liftSecret = `whsec_${Buffer.alloc(32, 7).toString('base64')}`;

export const exampleFinding: FindingJson = {
  id: '0f8c2f1e-1234-4abc-9def-123456789012',
  rule: 'cmi.transaction-rate',
  policy: 'cmi',
  policyVersion: '1',
  clause: 'general terms 12.1',
  subject: { kind: 'customer', id: 'acme' },
  customer: 'acme',
  value: 31,
  limit: 30,
  unit: 'transactions/s',
  windowSeconds: 1,
  at: '2026-11-22T10:00:00.000Z',
  since: '2026-11-22T09:59:57.000Z',
  action: 'suspend',
  step: 1,
  mode: 'enforce',
  held: null,
  sample: null,
  evidence: { callIds: ['a@example.net'] },
};

export const exampleAlert: AlertJson & { readonly entry: string } = {
  entry: '1795341600000-0',
  kind: 'suspended',
  recordedAt: '2026-11-22T10:00:00.010Z',
  note: '',
  suspensionId: 's-0001',
  finding: exampleFinding,
};

const exampleRule = {
  id: 'cmi.transaction-rate',
  title: 'More than 30 SIP transactions per second',
  clause: 'general terms 12.1',
  detector: 'transaction-rate',
  parameters: { limit: { value: 30, unit: 'transactions', description: 'The limit.' } },
  subject: 'customer',
  minimumSample: 30,
  confidence: 0.999,
  ladder: [{ action: 'alert' }, { action: 'suspend', for: 3_000 }],
  maturity: 'stable',
  enabled: true,
  mode: 'observe',
} as const;

export const examplePolicy: PolicyJson = {
  id: 'cmi',
  contract: 'CMI general terms 1.11',
  version: '1+abc',
  appliesTo: 'customers',
  isDefault: true,
  mode: 'observe',
  rules: [exampleRule, { ...exampleRule, id: 'cmi.fax-rate', maturity: 'incubating', enabled: false }],
};

type MemoryDirectory<Entry> = DirectoryService<Entry> & { readonly entries: Map<string, Entry> };

function directory<Entry extends { readonly id: string }>(
  hooks: {
    readonly invalid?: (entry: Entry) => string | null;
    readonly inUse?: (id: string) => string | null;
  } = {},
): MemoryDirectory<Entry> {
  const entries = new Map<string, Entry>();
  return {
    entries,
    list: async (limit, cursor) => {
      const after = [...entries.keys()].toSorted().filter((id) => cursor === null || id > cursor);
      const ids = after.slice(0, limit);
      return { items: ids.map((id) => entries.get(id)!), cursor: after.length > limit ? ids.at(-1)! : null };
    },
    get: async (id) => entries.get(id) ?? null,
    put: async (entry, check) => {
      check?.(entries.get(entry.id) ?? null);
      const message = hooks.invalid?.(entry) ?? null;
      if (message !== null) return { kind: 'invalid', faults: [{ path: '/customer', message }] };
      const kind = entries.has(entry.id) ? 'replaced' : 'created';
      entries.set(entry.id, entry);
      return { kind };
    },
    delete: async (id, check) => {
      check?.(entries.get(id) ?? null);
      if (id === 'in-file') return { kind: 'in-file' };
      const user = hooks.inUse?.(id) ?? null;
      if (user !== null) return { kind: 'in-use', faults: [{ path: '/customer', message: user }] };
      return { kind: entries.delete(id) ? 'deleted' : 'absent' };
    },
  };
}

/** Services in memory for the tests of the API and the command line. */
export function memoryServices() {
  const suspensions = new Map<string, Suspension>();
  let nowMs = START_MS;
  const customers: MemoryDirectory<Customer> = directory({
    inUse: (id) =>
      [...lines.entries.values()].some((line) => line.customer === id) ? 'a line names it' : null,
  });
  const lines: MemoryDirectory<Line> = directory({
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
    suspensions,
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
  const seen = new Set<string>();
  const lift: SuspensionService['lift'] = async ({ id, by, reason, graceSeconds = 0 }) => {
    fail();
    const suspension = suspensions.get(id);
    if (suspension === undefined)
      throw new EnforcementError('suspension-not-found', 'no suspension has this id');
    nowMs += 1_000;
    const lifted = transit(suspension, {
      to: 'lifted',
      atMs: nowMs,
      by,
      reason,
      graceMs: graceSeconds * 1_000,
    });
    if (lifted === null) return { suspension, changed: false };
    suspensions.set(id, lifted);
    return { suspension: lifted, changed: true };
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
    suspensions: {
      list: async (filter = {}, cursor = null) => {
        fail();
        const kept = [...suspensions.values()]
          .toReversed()
          .filter(
            ({ id, state, rule, customer, subject }) =>
              (cursor === null || id < cursor) &&
              (filter.open === undefined || isOpen(state) === filter.open) &&
              (filter.state === undefined || state === filter.state) &&
              (filter.rule === undefined || rule === filter.rule) &&
              (filter.customer === undefined || customer === filter.customer) &&
              (filter.subject === undefined ||
                (subject.kind === filter.subject.kind && subject.id === filter.subject.id)),
          );
        const limit = filter.limit ?? 50;
        const items = kept.slice(0, limit);
        return { items, cursor: kept.length > limit ? items.at(-1)!.id : null };
      },
      get: async (id) => {
        fail();
        return suspensions.get(id) ?? null;
      },
      suspend: async (request) => {
        fail();
        const { subject, reason, by, clause = '', customer = null, durationSeconds = null } = request;
        if (subject.id === '192.0.2.1') {
          throw new EnforcementError('address-protected', '192.0.2.1 stands under network.proxies');
        }
        for (const suspension of suspensions.values()) {
          const same = suspension.subject.kind === subject.kind && suspension.subject.id === subject.id;
          if (same && isOpen(suspension.state)) return suspension;
        }
        nowMs += 1_000;
        const action = request.action ?? (subject.kind === 'source' ? 'block-registration' : 'suspend');
        const durationMs = durationSeconds === null ? null : durationSeconds * 1_000;
        const id = `s-${String(suspensions.size + 1).padStart(4, '0')}`;
        const proposal = manualProposal(
          { subject, customer, clause, action, reason, by, durationMs },
          id,
          nowMs,
        );
        const told = transit(proposal, { to: 'notified', atMs: nowMs, by, reason })!;
        const suspension = transit(told, { to: 'active', atMs: nowMs, by, reason })!;
        suspensions.set(id, suspension);
        return suspension;
      },
      lift,
      liftBySignature: async (body, headers) => {
        const signed = verifyLift(body, headers, state.liftSecrets, Date.now());
        if (!signed.ok) return signed;
        if (seen.has(signed.webhookId))
          return { ok: false, code: 'webhook-replayed', message: 'seen before' };
        seen.add(signed.webhookId);
        const { suspensionId, reason, by } = signed;
        return { ok: true, results: [await lift({ id: suspensionId!, reason, by })] };
      },
      deliveries: async (limit = 50) => ({ items: state.deliveries.slice(0, limit), cursor: null }),
      replayDelivery: async (id) => {
        state.replayed.push(id);
        return id === 'gone' ? 'absent' : id === 'waiting' ? 'pending' : 'queued';
      },
      alerts: async ({ rule, subjectId, kind, limit } = {}, cursor = null) => {
        if (cursor !== null && !/^\d+-\d+$/.test(cursor)) {
          throw new EnforcementError('cursor-invalid', 'the cursor is none of this list');
        }
        const items = state.alerts.filter(
          (alert) =>
            (rule ?? alert.finding.rule) === alert.finding.rule &&
            (subjectId ?? alert.finding.subject.id) === alert.finding.subject.id &&
            (kind ?? alert.kind) === alert.kind,
        );
        return { items: items.slice(0, limit), cursor: null };
      },
    },
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
              suspensions: [...suspensions.values()],
            },
    },
    directory: { lines, trunks: directory<Trunk>(), customers },
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
  return { server, services, state, secrets, call };
}
