import type { FindingJson } from '../policy/finding.ts';
import type { CallMessage, RecentCalls } from '../recent-calls.ts';

/** A call that findings name, as far as it is known. Times are capture times. */
export interface CallRecord {
  readonly callId: string;
  readonly startedAt: string | null;
  readonly answeredAt: string | null;
  readonly endedAt: string | null;
  readonly called: string | null;
  readonly durationSeconds: number | null;
  /** `finding`: measured when it was judged; `messages`: read from the messages below. */
  readonly from: 'finding' | 'messages' | 'nothing';
  readonly findings: readonly string[];
  readonly messages: readonly {
    readonly at: string;
    readonly line: string;
    readonly source: string | null;
  }[];
  readonly messagesOmitted: number;
}

/** The calls of the findings, each once, in the order in which they are first named. */
export function callsOf(
  findings: readonly FindingJson[],
  recent: Pick<RecentCalls, 'flow'>,
  most: number,
): { readonly items: readonly CallRecord[]; readonly cut: boolean } {
  const byId = new Map<string, FindingJson[]>();
  for (const finding of findings) {
    for (const callId of texts(finding.evidence['callIds'])) {
      const known = byId.get(callId) ?? [];
      if (!known.some(({ id }) => id === finding.id)) known.push(finding);
      byId.set(callId, known);
    }
  }
  const ids = [...byId.keys()];
  const items = ids.slice(0, most).map((callId) => recordOf(callId, byId.get(callId)!, recent));
  return { items, cut: ids.length > most };
}

function recordOf(
  callId: string,
  findings: readonly FindingJson[],
  recent: Pick<RecentCalls, 'flow'>,
): CallRecord {
  const flow = recent.flow(callId);
  const kept = findings.flatMap(({ evidence }) => keptMessages(evidence['messages'], callId));
  const messages = flow?.messages ?? [];
  const shown = [
    ...messages.map(({ at, line, source }) => ({ at, line, source: source as string | null })),
    ...kept.filter(({ at, line }) => !messages.some((each) => each.at === at && each.line === line)),
  ].toSorted((a, b) => (a.at < b.at ? -1 : a.at > b.at ? 1 : 0));
  const alone = findings.find(
    ({ evidence }) => texts(evidence['callIds']).length === 1 && 'durationSeconds' in evidence,
  );
  const seen = timesOf(messages);
  const base = {
    callId,
    findings: findings.map(({ id }) => id),
    messages: shown,
    messagesOmitted: flow?.omitted ?? 0,
  };
  if (alone !== undefined) {
    const { startedAt, called, durationSeconds } = alone.evidence;
    return {
      ...base,
      startedAt: textOr(startedAt, seen.startedAt),
      answeredAt: seen.answeredAt,
      endedAt: seen.endedAt,
      called: textOr(called, seen.called),
      durationSeconds: typeof durationSeconds === 'number' ? durationSeconds : null,
      from: 'finding',
    };
  }
  return { ...base, ...seen, from: messages.length > 0 ? 'messages' : 'nothing' };
}

/** What the start lines tell. An answer that could be another request's (PRACK, UPDATE before it) is not taken for the call's. */
function timesOf(messages: readonly CallMessage[]) {
  const invite = messages.findIndex(({ line }) => line.startsWith('INVITE '));
  const after = invite < 0 ? [] : messages.slice(invite + 1);
  const bye = after.find(({ line }) => line.startsWith('BYE '));
  const doubtful = after.findIndex(({ line }) => /^(PRACK|UPDATE|INFO|CANCEL) /.test(line));
  const answer = after.findIndex(({ line }) => /^SIP\/2\.0 2\d\d/.test(line));
  const answered = answer >= 0 && (doubtful < 0 || answer < doubtful) ? after[answer]! : null;
  const before = answered !== null && (bye === undefined || answered.at <= bye.at) ? answered : null;
  const durationMs = before === null || bye === undefined ? null : Date.parse(bye.at) - Date.parse(before.at);
  return {
    startedAt: messages[invite]?.at ?? null,
    answeredAt: before?.at ?? null,
    endedAt: bye?.at ?? null,
    called: /^INVITE (?:sips?|tel):([^@;>\s]+)/.exec(messages[invite]?.line ?? '')?.[1] ?? null,
    durationSeconds: durationMs === null ? null : durationMs / 1_000,
  };
}

function keptMessages(value: unknown, callId: string) {
  if (!Array.isArray(value)) return [];
  return value
    .filter((each: { callId?: unknown }) => each?.callId === callId)
    .map(({ at, line, source }: { at: string; line: string; source?: string | null }) => ({
      at,
      line,
      source: source ?? null,
    }));
}

function texts(value: unknown): string[] {
  return Array.isArray(value) ? value.filter((each) => typeof each === 'string') : [];
}

function textOr(value: unknown, other: string | null): string | null {
  return typeof value === 'string' ? value : other;
}
