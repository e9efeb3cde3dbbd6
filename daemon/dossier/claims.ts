import type { AdminServices } from '../admin/services.ts';
import type { FindingJson } from '../policy/finding.ts';

export type ClaimSources = Pick<AdminServices, 'suspensions' | 'policies' | 'directory' | 'operator'>;

/** One call from outside the client's sites, as a refund claim states it. */
export interface OffSiteCall {
  /** Date and time of the call in the time zone of the file. */
  readonly date: string;
  readonly time: string;
  /** ISO 8601, UTC. */
  readonly startedAt: string;
  readonly line: string;
  readonly customer: string | null;
  /** E.164, or as dialled. */
  readonly number: string | null;
  readonly country: string | null;
  /** Null where the end was not seen. */
  readonly durationSeconds: number | null;
  readonly source: string | null;
  readonly callId: string;
  readonly clause: string;
  readonly rule: string;
  /** Last day of the time to claim, in that time zone. */
  readonly claimBy: string;
  /** It is not over when the file is made. */
  readonly inTime: boolean;
}

export interface ClaimFile {
  readonly subject: string;
  readonly from: string;
  readonly to: string;
  readonly timezone: string;
  readonly madeAt: string;
  /** False: there are more findings than were looked at. */
  readonly complete: boolean;
  /** By time. */
  readonly calls: readonly OffSiteCall[];
}

/** Voxbi 8.12: within 30 days of the call. */
export const CLAIM_DAYS = 30;

const DAY_MS = 86_400_000;
const PAGE = 500;
const MOST_PAGES = 400;

export interface ClaimRequest {
  /** A line or a customer. */
  readonly subject: string;
  readonly fromMs: number;
  readonly toMs: number;
  readonly nowMs: number;
  /** Ends the reading, which then rejects; at the next page. */
  readonly signal: AbortSignal;
}

/** The calls that the rules of the detector off-site-calls have found, each once. */
export async function offSiteCalls(sources: ClaimSources, request: ClaimRequest): Promise<ClaimFile> {
  const { subject, fromMs, toMs, nowMs } = request;
  const detectorOf = new Map(
    sources.policies.list().flatMap(({ rules }) => rules.map(({ id, detector }) => [id, detector] as const)),
  );
  const customer = (await sources.directory.lines.get(subject))?.customer ?? subject;
  const timezone = (await sources.directory.customers.get(customer))?.timezone ?? sources.operator().timezone;
  const found = new Map<string, OffSiteCall>();
  let complete = false;
  let cursor: string | null = null;
  for (let pages = 0; pages < MOST_PAGES; pages++) {
    request.signal.throwIfAborted();
    const page: Awaited<ReturnType<ClaimSources['suspensions']['alerts']>> = await sources.suspensions.alerts(
      { limit: PAGE },
      cursor,
    );
    for (const { finding } of page.items) {
      // A rule that is gone goes by its name.
      const detector = detectorOf.get(finding.rule) ?? finding.rule;
      if (!/(^|\.)off-site-calls/.test(detector)) continue;
      if (finding.subject.id !== subject && finding.customer !== subject) continue;
      const call = callOf(finding, timezone, nowMs);
      if (call === null) continue;
      const startedMs = Date.parse(call.startedAt);
      if (startedMs < fromMs || startedMs > toMs) continue;
      const known = found.get(call.callId);
      // Found at its answer and at its end: the end knows the duration.
      if (known === undefined || known.durationSeconds === null) found.set(call.callId, call);
    }
    const last = page.items.at(-1);
    // A call is found at its end at the latest, so that what was recorded before `from` began before it.
    if (page.cursor === null || (last !== undefined && Date.parse(last.recordedAt) < fromMs)) {
      complete = true;
      break;
    }
    cursor = page.cursor;
  }
  const iso = (ms: number) => new Date(ms).toISOString();
  return {
    subject,
    from: iso(fromMs),
    to: iso(toMs),
    timezone,
    madeAt: iso(nowMs),
    complete,
    calls: [...found.values()].toSorted((a, b) => (a.startedAt < b.startedAt ? -1 : 1)),
  };
}

function callOf(finding: FindingJson, timezone: string, nowMs: number): OffSiteCall | null {
  const { subject, customer, clause, rule, evidence } = finding;
  const { callIds, startedAt, called, country, durationSeconds, source } = evidence;
  const callId = Array.isArray(callIds) ? callIds[0] : undefined;
  const startedMs = Date.parse(typeof startedAt === 'string' ? startedAt : finding.at);
  if (typeof callId !== 'string' || Number.isNaN(startedMs)) return null;
  const [date, time] = localOf(startedMs, timezone);
  const [claimBy] = localOf(startedMs + CLAIM_DAYS * DAY_MS, timezone);
  const text = (value: unknown) => (typeof value === 'string' ? value : null);
  return {
    date: date!,
    time: time!,
    startedAt: new Date(startedMs).toISOString(),
    line: subject.id,
    customer,
    number: text(called),
    country: text(country),
    durationSeconds: typeof durationSeconds === 'number' ? durationSeconds : null,
    source: text(source),
    callId,
    clause,
    rule,
    claimBy: claimBy!,
    inTime: localOf(nowMs, timezone)[0]! <= claimBy!,
  };
}

/** `2026-11-22`, `14:03:07`. */
function localOf(ms: number, timeZone: string): string[] {
  return new Intl.DateTimeFormat('sv-SE', { dateStyle: 'short', timeStyle: 'medium', timeZone })
    .format(new Date(ms))
    .split(' ');
}

const COLUMNS = [
  ...([
    'date',
    'time',
    'line',
    'number',
    'country',
    'durationSeconds',
    'clause',
    'claimBy',
    'inTime',
  ] as const),
  ...(['source', 'callId', 'rule', 'startedAt'] as const),
];

/**
 * RFC 4180. What a spreadsheet would take for a formula gets an apostrophe; a number that begins with + does not. Where the decimal mark is a
 * comma, spreadsheets cut at semicolons, and through quotes: what follows one is looked at in the same way.
 */
export function claimCsv({ calls }: ClaimFile): string {
  const lines = calls.map((call) => COLUMNS.map((column) => field(call[column])).join(','));
  return `${[COLUMNS.join(','), ...lines].join('\r\n')}\r\n`;
}

function field(value: string | number | boolean | null): string {
  if (value === null) return '';
  const text = String(value);
  const safe = text.replace(/(^|;)(?=[=@\t\r-]|\+(?!\d+$))/g, "$1'");
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}
