import type { AdminServices, AuditItem } from '../admin/services.ts';
import type { AlertJson } from '../enforcement/alerts.ts';
import type { DeliveryEntry } from '../enforcement/notices.ts';
import { type Suspension, suspensionToJson } from '../enforcement/suspension.ts';
import type { Page } from '../enforcement/suspension-store.ts';
import { isoTime } from '../policy/finding.ts';
import { type CallRecord, callsOf } from './calls.ts';
import { chained, type Dossier, type EntryContent } from './chain.ts';

export type DossierSources = Pick<
  AdminServices,
  'suspensions' | 'audit' | 'policies' | 'calls' | 'directory' | 'operator'
>;

/** Findings before a suspension that led to it: the steps of the rule's ladder. */
const BEFORE_MS = 30 * 86_400_000;
const PAGE = 500;
/** Pages of a stream that are looked at; past them the dossier says that it is not complete. */
const MOST_PAGES = 200;
const MOST = { suspensions: 200, findings: 1_000, acts: 2_000, calls: 500, notices: 1_000 } as const;

export interface DossierRequest {
  readonly by: string;
  readonly nowMs: number;
  /** Ends the reading, which then rejects; at the next page. */
  readonly signal: AbortSignal;
}

/** Everything kept of one suspension, chained. Null: there is none of this id. */
export async function suspensionDossier(
  sources: DossierSources,
  id: string,
  request: DossierRequest,
): Promise<Dossier | null> {
  const suspension = await sources.suspensions.get(id);
  if (suspension === null) return null;
  const { subject, rule, proposedAtMs } = suspension;
  const alerts = await collect(
    (cursor) =>
      sources.suspensions.alerts({ subjectKind: subject.kind, subjectId: subject.id, limit: PAGE }, cursor),
    ({ suspensionId, finding }) => suspensionId === id || finding.rule === rule,
    ({ recordedAt }) => Date.parse(recordedAt) < proposedAtMs - BEFORE_MS,
    MOST.findings,
    request.signal,
  );
  return made(sources, request, {
    about: { kind: 'suspension', id },
    suspensions: [suspension],
    alerts,
    fromMs: proposedAtMs,
    lines: subject.kind === 'line' ? [subject.id] : [],
    customer: suspension.customer,
  });
}

export interface CustomerDossierRequest extends DossierRequest {
  readonly fromMs: number;
  readonly toMs: number;
}

/** All lines of a customer, as authorities ask for: findings and suspensions of the time. Null: nothing is known of it. */
export async function customerDossier(
  sources: DossierSources,
  customer: string,
  request: CustomerDossierRequest,
): Promise<Dossier | null> {
  const { fromMs, toMs, signal } = request;
  const within = (iso: string) => Date.parse(iso) >= fromMs && Date.parse(iso) <= toMs;
  const suspensions = await collect(
    (cursor) => sources.suspensions.list({ customer, limit: PAGE }, cursor),
    ({ proposedAtMs, liftedAtMs, expiredAtMs }) =>
      proposedAtMs <= toMs && (liftedAtMs ?? expiredAtMs ?? Number.POSITIVE_INFINITY) >= fromMs,
    () => false,
    MOST.suspensions,
    signal,
  );
  const alerts = await collect(
    (cursor) => sources.suspensions.alerts({ limit: PAGE }, cursor),
    ({ finding }) => finding.customer === customer && within(finding.at),
    ({ recordedAt }) => Date.parse(recordedAt) < fromMs,
    MOST.findings,
    signal,
  );
  const entry = await sources.directory.customers.get(customer);
  if (entry === null && suspensions.items.length === 0 && alerts.items.length === 0) return null;
  const lines = await collect(
    (cursor) => sources.directory.lines.list(PAGE, cursor),
    (line) => (line.customer ?? line.id) === customer,
    () => false,
    10_000,
    signal,
  );
  return made(sources, request, {
    about: { kind: 'customer', id: customer, from: isoTime(fromMs), to: isoTime(toMs) },
    suspensions: suspensions.items,
    alerts,
    fromMs: Math.min(fromMs, ...suspensions.items.map(({ proposedAtMs }) => proposedAtMs)),
    lines: lines.items.map(({ id }) => id),
    customer,
    cut: suspensions.cut || lines.cut,
  });
}

interface Material {
  readonly about: object;
  readonly suspensions: readonly Suspension[];
  readonly alerts: Collected<AlertJson>;
  /** Acts and notices are looked for from then on. */
  readonly fromMs: number;
  readonly lines: readonly string[];
  readonly customer: string | null;
  readonly cut?: boolean;
}

async function made(
  sources: DossierSources,
  { by, nowMs, signal }: DossierRequest,
  { about, suspensions, alerts, fromMs, lines, customer, cut = false }: Material,
): Promise<Dossier> {
  const ids = new Set(suspensions.map(({ id }) => id));
  const findings = new Set(alerts.items.map(({ finding }) => finding.id));
  const older = (at: string | undefined) => Date.parse(at ?? '') < fromMs - 60_000;
  const acts = await collect<AuditItem>(
    (cursor) => sources.audit.list(PAGE, cursor),
    (item) =>
      ids.has(item['suspension'] ?? '') ||
      findings.has(item['finding'] ?? '') ||
      [...ids].some((id) => (item['path'] ?? '').includes(id)),
    (item) => older(item['at']),
    MOST.acts,
    signal,
  );
  const notices = await collect<DeliveryEntry>(
    (cursor) => sources.suspensions.deliveries(PAGE, cursor),
    ({ id }) => [...ids].some((each) => id.includes(each)),
    ({ at }) => older(at),
    MOST.notices,
    signal,
  );
  const found = alerts.items.toReversed();
  const calls = callsOf(
    [
      ...suspensions.flatMap(({ finding }) => (finding === null ? [] : [finding])),
      ...found.map(({ finding }) => finding),
    ],
    sources.calls,
    MOST.calls,
  );
  const entries: EntryContent[] = [
    {
      kind: 'dossier',
      data: {
        about,
        operator: sources.operator(),
        exportedAt: isoTime(nowMs),
        exportedBy: by,
        // False: something was too long to be looked through or to be included.
        complete: !(cut || alerts.cut || acts.cut || notices.cut || calls.cut),
      },
    },
    ...(await subjects(sources, customer, lines)),
    ...rules(sources, [...suspensions.map((each) => each), ...found.map(({ finding }) => finding)]),
    ...suspensions
      .toSorted((a, b) => a.proposedAtMs - b.proposedAtMs)
      .map((suspension) => {
        const { finding: _, ...data } = suspensionToJson(suspension);
        return { kind: 'suspension', data };
      }),
    ...found.map((alert) => ({ kind: 'finding', data: alert })),
    ...acts.items.toReversed().map(({ from, ...item }) => ({
      kind: 'act',
      // Of a request `from` is the address it came from; of a transition the state before.
      data: item.kind === 'request' ? { ...item, address: from } : { ...item, from },
    })),
    ...calls.items.map((call: CallRecord) => ({ kind: 'call', data: call })),
    ...notices.items.toReversed().map((notice) => ({ kind: 'notice', data: notice })),
  ];
  return chained(entries);
}

async function subjects(
  { directory }: DossierSources,
  customer: string | null,
  lines: readonly string[],
): Promise<EntryContent[]> {
  const entries: EntryContent[] = [];
  const known = customer === null ? null : await directory.customers.get(customer);
  if (known !== null) {
    const { id, name = null, plan = null, policy = null, timezone = null, sites = [] } = known;
    entries.push({ kind: 'subject', data: { kind: 'customer', id, name, plan, policy, timezone, sites } });
  }
  for (const each of lines) {
    const line = await directory.lines.get(each);
    if (line === null) continue;
    const { id, usernames = [], numbers = [], plan = null, sites = [] } = line;
    entries.push({
      kind: 'subject',
      data: { kind: 'line', id, customer: line.customer ?? null, usernames, numbers, plan, sites },
    });
  }
  return entries;
}

/** The rules as they are now, with the version that was judged by: where the two differ, the numbers of the finding hold. */
function rules(
  { policies }: DossierSources,
  judged: readonly {
    readonly policy: string;
    readonly rule: string;
    readonly policyVersion: string;
    readonly clause: string;
  }[],
): EntryContent[] {
  const seen = new Map<string, EntryContent>();
  for (const { policy: id, rule, policyVersion, clause } of judged) {
    const key = JSON.stringify([id, rule, policyVersion]);
    if (seen.has(key)) continue;
    const policy = policies.get(id);
    const now = policy?.rules.find((each) => each.id === rule) ?? null;
    seen.set(key, {
      kind: 'rule',
      data: {
        contract: policy?.contract ?? null,
        policy: id,
        policyVersion,
        clause,
        rule,
        currentVersion: policy?.version ?? null,
        current: now,
      },
    });
  }
  return [...seen.values()];
}

interface Collected<Item> {
  readonly items: readonly Item[];
  /** There is more than was looked at or taken. */
  readonly cut: boolean;
}

/** Newest first, until one is `over` or there are `most`. */
async function collect<Item>(
  page: (cursor: string | null) => Promise<Page<Item>>,
  wanted: (item: Item) => boolean,
  over: (item: Item) => boolean,
  most: number,
  signal: AbortSignal,
): Promise<Collected<Item>> {
  const items: Item[] = [];
  let cursor: string | null = null;
  for (let pages = 0; pages < MOST_PAGES; pages++) {
    signal.throwIfAborted();
    const next: Page<Item> = await page(cursor);
    for (const item of next.items) {
      if (over(item)) return { items, cut: false };
      if (!wanted(item)) continue;
      if (items.length === most) return { items, cut: true };
      items.push(item);
    }
    if (next.cursor === null) return { items, cut: false };
    cursor = next.cursor;
  }
  return { items, cut: true };
}
