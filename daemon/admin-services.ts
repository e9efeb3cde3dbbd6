import type { Subject } from '../detectors/vocabulary.ts';
import type { AdminServices, DirectoryService, SubjectExplanation } from './admin/services.ts';
import { Unavailable } from './admin/services.ts';
import type { Daemon } from './daemon.ts';
import { DirectoryNames } from './enforcement/subject-names.ts';
import { IdempotencyStore } from './idempotency-store.ts';
import type { EntryKind } from './identity/directory-contents.ts';
import type { Customer, Line, Trunk } from './identity/directory-schema.ts';
import { ingestReport } from './ingest-report.ts';
import { LineData } from './line-data.ts';
import { isoTime } from './policy/finding.ts';
import { modesOf, policyOf } from './policy-report.ts';
import { RequestAudit } from './request-audit.ts';
import type { Health } from './telemetry/health.ts';
import { VERSION } from './version.ts';

/** What the HTTP API is given of the running daemon. */
export function adminServices(daemon: Daemon, health: Health): AdminServices {
  return {
    health,
    metrics: {
      expose: async () => {
        // Asked of Redis at each scrape; while it is away the last answer stands.
        daemon.tallies.activeByScope = await daemon.enforcement
          .activeByScope()
          .catch(() => daemon.tallies.activeByScope);
        daemon.tallies.enforcersInStep = await daemon.enforcement.inStep();
        return daemon.metrics.expose();
      },
    },
    suspensions: daemon.enforcement,
    calls: daemon.recentCalls,
    brake: {
      state: () => ({ engaged: daemon.brakeReason !== null, reason: daemon.brakeReason }),
      release: (request) => daemon.releaseBrake(request),
    },
    subjects: {
      explain: (subject) => explain(daemon, subject),
      ranking: (request) => daemon.core.engine.ranking(request),
    },
    events: daemon.events,
    modes: {
      list: () => modesOf(daemon.setup, daemon.modes),
      put: async ({ target, mode, by, reason, expected }) => {
        const known = modesOf(daemon.setup, daemon.modes).items.some((item) => item.target === target);
        // One that is left over from a policy that is gone can be taken back.
        if (!known && (mode !== null || daemon.modes.get(target) === null)) return 'unknown';
        if (!daemon.store.status().connected)
          throw new Unavailable('Redis is away: the change could not be kept');
        const override = mode === null ? null : { mode, by, reason, at: isoTime(Date.now()) };
        return (await daemon.setMode(target, override, expected)) ? 'done' : 'conflict';
      },
    },
    policies: {
      list: () =>
        [...daemon.setup.policies.values()].map((policy) => policyOf(daemon.setup, daemon.modes, policy)),
      get: (id) => {
        const policy = daemon.setup.policies.get(id);
        return policy === undefined ? null : policyOf(daemon.setup, daemon.modes, policy);
      },
    },
    ingest: { report: () => ingestReport(daemon) },
    lines: lineData(daemon),
    idempotency: new IdempotencyStore(daemon.store.redis),
    audit: new RequestAudit(
      daemon.store.redis,
      daemon.enforcement,
      () => daemon.setup.config.retention.audit as number,
    ),
    operator: () => {
      const { operator, network } = daemon.setup.config;
      const { name, address } = operator;
      return { name, address, timezone: network.timezone, version: VERSION };
    },
    credit: daemon.credit,
    directory: {
      lines: directoryService<Line>(daemon, 'line'),
      trunks: directoryService<Trunk>(daemon, 'trunk'),
      customers: directoryService<Customer>(daemon, 'customer'),
    },
  };
}

async function explain(daemon: Daemon, named: Subject): Promise<SubjectExplanation> {
  const { engine } = daemon.core;
  const { directory } = daemon;
  const subject = new DirectoryNames(directory).canonical(named);
  const { kind, id } = subject;
  const [readings, suspensions] = await Promise.all([
    engine.explain(subject),
    daemon.enforcement.list({ subject, open: true }),
  ]).catch((error: Error) => {
    if (daemon.store.status().connected) throw error;
    throw new Unavailable('Redis is away: windows cannot be read');
  });
  const entry = kind === 'line' || kind === 'trunk' || kind === 'customer' ? kind : null;
  const customerOf = {
    line: () => directory.line(id)?.customer ?? id,
    trunk: () => directory.trunk(id)?.customer ?? null,
    customer: () => id,
  };
  const provisioned = {
    line: () => directory.line(id),
    trunk: () => directory.trunk(id),
    customer: () => directory.customer(id),
  };
  return {
    subject,
    customer: entry === null ? null : customerOf[entry](),
    provisioned: entry !== null && provisioned[entry]() !== null,
    policy: readings[0]?.policy ?? null,
    readings: readings.map(({ sinceMs, ...reading }) => ({
      ...reading,
      since: sinceMs === null ? null : isoTime(sinceMs),
    })),
    suspensions: suspensions.items,
  };
}

/** A line goes by its id, whichever of its names was given. */
function lineData(daemon: Daemon): AdminServices['lines'] {
  const data = new LineData(daemon);
  const idOf = (line: string) =>
    new DirectoryNames(daemon.directory).canonical({ kind: 'line', id: line }).id;
  const whileConnected = <Reply>(work: () => Promise<Reply>): Promise<Reply> => {
    if (!daemon.store.status().connected) throw new Unavailable('Redis is away: nothing can be read');
    return work();
  };
  return {
    export: (line) => whileConnected(() => data.export(idOf(line))),
    erase: (line) => whileConnected(() => data.erase(idOf(line))),
  };
}

function directoryService<Entry extends Line | Trunk | Customer>(
  daemon: Daemon,
  kind: EntryKind,
): DirectoryService<Entry> {
  const { directory, persistence, store } = daemon;
  const writable = (): void => {
    if (!store.status().connected) throw new Unavailable('Redis is away: the change could not be kept');
  };
  return {
    list: async (limit, cursor, search) => directory.page(kind, limit, cursor, search) as never,
    get: async (id) => directory[kind](id) as Entry | null,
    put: async (entry, check) => {
      writable();
      check?.(directory[kind](entry.id) as Entry | null);
      const put = {
        line: () => directory.putLine(entry as Line),
        trunk: () => directory.putTrunk(entry as Trunk),
        customer: () => directory.putCustomer(entry as Customer),
      };
      const outcome = put[kind]();
      if (outcome.kind !== 'invalid') persistence.saveDirectoryChange(outcome.change);
      if (outcome.kind !== 'invalid' && kind === 'customer')
        await daemon.credit.review(entry.id, 'directory', 'the customer was changed in the directory');
      return outcome;
    },
    delete: async (id, check) => {
      writable();
      check?.(directory[kind](id) as Entry | null);
      const remove = {
        line: () => directory.deleteLine(id),
        trunk: () => directory.deleteTrunk(id),
        customer: () => directory.deleteCustomer(id),
      };
      const outcome = remove[kind]();
      if (outcome.kind === 'deleted') persistence.saveDirectoryChange(outcome.change);
      return outcome;
    },
  };
}
