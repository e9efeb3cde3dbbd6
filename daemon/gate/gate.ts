import type { Subject } from '../../detectors/vocabulary.ts';
import { type KeyFamily, proxyKey } from '../enforcement/blocked-keys.ts';
import type { RedisClient } from '../enforcement/functions.ts';
import { formatAddress } from '../ingest/address.ts';
import type { CallLedger, CallLimit } from './call-ledger.ts';
import { type Parties, type PartySources, partiesOf } from './parties.ts';
import type { GateQuestion } from './question.ts';
import { type GateVerdict, type RefusalPolicy, refusalOf } from './verdict.ts';

export interface GateOptions extends PartySources {
  readonly redis: RedisClient;
  readonly ledger: CallLedger;
  readonly isEmergency: (user: string, uri: string, country: string | null) => boolean;
  readonly refusal: RefusalPolicy;
  /** A decision that takes longer lets the request go on. */
  readonly deadlineMs: number;
  /** False: it decides and counts, and refuses nothing. Asked at each request. */
  readonly enforces: () => boolean;
}

/** How long the end of an earlier INVITE of the same Call-ID may still be on its way, at most a quarter of the deadline. */
const SETTLING_MS = 15;

/** A key that says something other than calls: proxies of the operator may read the same family. */
const CALL_SCOPES: ReadonlySet<unknown> = new Set(['outgoing', undefined, null]);

/**
 * Decides about single requests from the keys that every proxy reads (daemon/enforcement/blocked-keys.ts). Whatever goes wrong, the
 * request goes on: a call is never lost because the gate, or Redis, is slow or away.
 */
export class Gate {
  readonly #options: GateOptions;

  constructor(options: GateOptions) {
    this.#options = options;
  }

  /** Never rejects, and never takes longer than the deadline. */
  async decide(question: GateQuestion): Promise<GateVerdict> {
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<GateVerdict>((resolve) => {
      timer = setTimeout(() => resolve(passing('deadline')), this.#options.deadlineMs);
    });
    try {
      return await Promise.race([this.#judged(question), late]);
    } catch {
      return passing('fault');
    } finally {
      clearTimeout(timer);
    }
  }

  async #judged(question: GateQuestion): Promise<GateVerdict> {
    try {
      // A REGISTER belongs to no dialog, whatever its To says (RFC 3261 section 10.2).
      if (question.method === 'REGISTER') return await this.#registration(question);
      if (await this.#isInDialog(question)) return passing('in-dialog');
      const parties = partiesOf(question, this.#options);
      const { requestUser, requestUri } = question;
      if (this.#options.isEmergency(requestUser, requestUri, parties.country)) {
        // It counts for nobody, and is known when it is put on hold.
        this.#enter(question, { ...parties, subjects: [] });
        return passing('emergency');
      }
      if (parties.direction === 'incoming') {
        this.#enter(question, parties);
        return passing('incoming');
      }
      return await this.#outgoing(question, parties);
    } catch {
      return passing('state-away');
    }
  }

  /** Anybody can invent a To tag: only the tags of a call that was let through and answered make a request part of one. */
  async #isInDialog({ callId, fromTag, toTag }: GateQuestion): Promise<boolean> {
    return toTag !== '' && (await this.#options.ledger.knows(callId, fromTag, toTag));
  }

  /** A source's block holds for its registrations only: an address can be forged, calls are judged by whose they are. */
  async #registration(question: GateQuestion): Promise<GateVerdict> {
    if (this.#options.isUpstream(question.source)) return passing('incoming');
    const source = { kind: 'source', id: formatAddress(question.source) } as const;
    const [block] = await this.#read('blocked', [source]);
    if (block === null || block.scope === 'outgoing') return passing('clear');
    return this.#refuse(question, 'suspended', block.rule);
  }

  async #outgoing(question: GateQuestion, parties: Parties): Promise<GateVerdict> {
    const { subjects } = parties;
    const asksForCalls = question.method === 'INVITE';
    const [blocks, restrictions, limits] = await Promise.all([
      this.#read('blocked', subjects),
      asksForCalls ? this.#read('restricted', subjects) : [],
      asksForCalls ? this.#limits(subjects) : [],
    ]);
    const block = blocks.find((found) => found !== null && CALL_SCOPES.has(found.scope));
    if (block) {
      const refused = this.#refuse(question, 'suspended', block.rule);
      if (!refused.pass) return refused;
    }
    if (!asksForCalls) return passing('clear');
    const excess = await this.#admit(question, limits);
    if (excess !== null) return this.#refuse(question, 'too-many-calls', excess.rule);
    this.#enter(question, parties, this.#options.enforces() ? limits : []);
    return passing(
      'clear',
      restrictions.some((found) => found !== null),
    );
  }

  /** Takes the call up under every limit, or under none; returns the limit that is reached. */
  async #admit(question: GateQuestion, limits: readonly CallLimit[]): Promise<CallLimit | null> {
    const reached = await this.#tryToAdmit(question, limits);
    if (reached === null || !(await this.#options.ledger.knowsCallId(question.callId))) return reached;
    // The INVITE before this one may have been challenged a moment ago, and the word of it go another way than this question.
    const settlingMs = Math.min(SETTLING_MS, this.#options.deadlineMs / 4);
    await new Promise((resolve) => setTimeout(resolve, settlingMs));
    return this.#tryToAdmit(question, limits);
  }

  async #tryToAdmit(question: GateQuestion, limits: readonly CallLimit[]): Promise<CallLimit | null> {
    const { ledger } = this.#options;
    const entered: Subject[] = [];
    for (const limit of limits) {
      const open = await ledger.admit(question, limit);
      if (open === null) {
        entered.push(limit.subject);
        continue;
      }
      if (!this.#options.enforces()) continue;
      await ledger.leave(question, entered);
      return limit;
    }
    return null;
  }

  /** Without waiting: the request goes on whether it could be entered or not. */
  #enter(
    question: GateQuestion,
    { direction, subjects }: Pick<Parties, 'direction' | 'subjects'>,
    limits: readonly CallLimit[] = [],
  ): void {
    if (question.method !== 'INVITE') return;
    this.#options.ledger.enter(question, { direction, subjects, limits }).catch(() => undefined);
  }

  #refuse(question: GateQuestion, grounds: 'suspended' | 'too-many-calls', rule: string): GateVerdict {
    if (!this.#options.enforces()) return passing('clear');
    return { pass: false, grounds, rule, refusal: refusalOf(question.method, rule, this.#options.refusal) };
  }

  async #limits(subjects: readonly Subject[]): Promise<readonly CallLimit[]> {
    const found = await this.#read('limited', subjects);
    return found.flatMap((entry, index) => {
      if (entry === null || !Number.isInteger(entry.calls) || (entry.calls as number) < 0) return [];
      // Calls that arrive are never refused, whatever limit they count for.
      if (entry.direction === 'incoming') return [];
      const direction = entry.direction === 'both' ? 'both' : 'outgoing';
      return [{ subject: subjects[index], rule: entry.rule, calls: entry.calls as number, direction }];
    });
  }

  async #read(family: KeyFamily, subjects: readonly Subject[]): Promise<readonly (Entry | null)[]> {
    const { redis } = this.#options;
    // One GET a key, which ioredis sends together: in a cluster the keys lie in different slots.
    const texts = await Promise.all(subjects.map((subject) => redis.get(proxyKey(family, subject))));
    return texts.map(entryOf);
  }
}

interface Entry {
  readonly rule: string;
  readonly scope?: unknown;
  readonly calls?: unknown;
  readonly direction?: unknown;
}

/** A key stands for a suspension even where its text cannot be read. */
function entryOf(text: string | null): Entry | null {
  if (text === null) return null;
  try {
    const entry: unknown = JSON.parse(text);
    if (typeof entry !== 'object' || entry === null) return { rule: '' };
    const { rule } = entry as { rule?: unknown };
    return { ...entry, rule: typeof rule === 'string' ? rule : '' };
  } catch {
    return { rule: '' };
  }
}

function passing(
  grounds: Extract<GateVerdict, { readonly pass: true }>['grounds'],
  restrictCallerId = false,
): GateVerdict {
  return { pass: true, grounds, restrictCallerId };
}
