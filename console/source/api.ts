import type { MessageJson, ModeJson } from '../../daemon/admin/replies.ts';
import type { FindingJson, Mode } from '../../daemon/policy/finding.ts';
import type { Subject } from '../../detectors/vocabulary.ts';
import { token } from './session.ts';

/** The parts of the API that the console reads, in the daemon's own types; the whole is in /v1/openapi.json. Times are ISO 8601. */

export type {
  AlertEntryJson as Alert,
  AuditItem,
  ExplanationJson as Explanation,
  FlowJson,
  IngestJson as IngestReport,
  MessageJson as Message,
  ModeJson,
  PolicyJson as Policy,
  PolicyRuleJson as PolicyRule,
  RankedJson as Ranked,
  RuleReadingJson as Reading,
  Step as LadderStep,
  SuspensionJson as Suspension,
} from '../../daemon/admin/replies.ts';
export type { AlertKind } from '../../daemon/enforcement/alert-kind.ts';
export type { SuspensionState } from '../../daemon/enforcement/suspension.ts';
export type { Action, FindingJson as Finding, Mode } from '../../daemon/policy/finding.ts';
export type { Readiness } from '../../daemon/telemetry/readiness.ts';
export type { Subject, SubjectKind } from '../../detectors/vocabulary.ts';

export interface Page<T> {
  readonly items: readonly T[];
  readonly cursor: string | null;
}

export interface Brake {
  readonly engaged: boolean;
  readonly reason: string | null;
}

/** The messages that a finding kept, and the calls that it names. */
export function evidenceOf({ evidence }: FindingJson): {
  readonly callIds: readonly string[];
  readonly messages: readonly (MessageJson & { readonly callId: string | null })[];
} {
  const { callIds = [], messages = [] } = evidence as Partial<ReturnType<typeof evidenceOf>>;
  return { callIds, messages };
}

/** A request that failed: a problem of the API's catalogue, or no answer at all. */
export class RequestFailure extends Error {
  /** `offline` where nobody answered. */
  readonly code: string;
  readonly status: number;

  constructor(code: string, status: number, detail: string) {
    super(detail);
    this.code = code;
    this.status = status;
  }
}

interface Asking {
  readonly method?: 'GET' | 'POST' | 'PUT';
  readonly body?: unknown;
  readonly signal?: AbortSignal;
  /** Asks with this token rather than that of the session: signing in. */
  readonly as?: string;
  /** Answers other than 2xx that carry what was asked for: /readyz says 503 with its checks. */
  readonly alsoOk?: number;
}

/** One request. Throws `RequestFailure`; an aborted one throws an AbortError. */
export async function ask<T>(path: string, asking: Asking = {}): Promise<T> {
  const { method = 'GET', body, signal, as = token.value ?? '', alsoOk } = asking;
  const headers: Record<string, string> = { accept: 'application/json', authorization: `Bearer ${as}` };
  if (body !== undefined) headers['content-type'] = 'application/json';
  let answer: Response;
  try {
    answer = await fetch(path, {
      method,
      headers,
      cache: 'no-store',
      credentials: 'omit',
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      ...(signal === undefined ? {} : { signal }),
    });
  } catch (error) {
    if ((error as Error).name === 'AbortError') throw error;
    throw new RequestFailure('offline', 0, '');
  }
  const text = await answer.text();
  const parsed: unknown = text.startsWith('{') ? JSON.parse(text) : {};
  if (answer.ok || answer.status === alsoOk) return parsed as T;
  const problem = parsed as { code?: string; detail?: string };
  throw new RequestFailure(problem.code ?? 'unknown', answer.status, problem.detail ?? answer.statusText);
}

export const subjectPath = ({ kind, id }: Subject): string =>
  `/v1/subjects/${kind}/${encodeURIComponent(id)}`;

export interface Modes {
  readonly default: Mode;
  readonly items: readonly ModeJson[];
}
