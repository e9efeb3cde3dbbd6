import type { Audience, Language } from './config.ts';
import { ageText, type Label, type NoticeWords, noticeWords, type Told } from './notice-words.ts';
import type { NoticeEvent } from './notices.ts';
import type { Effect } from './suspension.ts';

/** What `suspensionToJson` gives, as far as letters use it. */
interface SuspensionPart {
  readonly id: string;
  readonly subject: { readonly kind: string; readonly id: string };
  readonly customer: string | null;
  readonly rule: string;
  readonly policy: string;
  readonly clause: string;
  readonly effect: Effect;
  readonly value: number | null;
  readonly limit: number | null;
  readonly unit: string;
  readonly windowSeconds: number | null;
  readonly reason: string;
  readonly proposedAt: string;
  readonly activeAt: string | null;
  readonly until: string | null;
  readonly liftedAt: string | null;
  readonly expiredAt: string | null;
  readonly liftReason: string | null;
  readonly liftedBy?: string | null;
  readonly noticePeriodSeconds: number | null;
  readonly reinstatement: { readonly fee: string | null; readonly guarantee: boolean } | null;
  readonly evidence: { readonly callIds?: readonly string[] };
}

interface FindingPart {
  readonly id: string;
  readonly subject: { readonly kind: string; readonly id: string };
  readonly customer: string | null;
  readonly rule: string;
  readonly policy: string;
  readonly clause: string;
  readonly value: number;
  readonly limit: number;
  readonly unit: string;
  readonly windowSeconds: number;
  readonly at: string;
  readonly since: string;
  readonly mode: string;
  readonly evidence: { readonly callIds?: readonly string[] };
}

/** A notice as webhooks of the format standard carry it. */
export interface NoticeBody {
  readonly type: NoticeEvent;
  readonly timestamp: string;
  readonly data: {
    readonly audience: Audience;
    readonly suspension?: SuspensionPart;
    readonly finding?: FindingPart;
    readonly kind?: string;
    readonly note?: string;
    readonly reason?: string;
    readonly review?: { readonly after: string; readonly clause: string };
  };
}

/** How a policy names its rules and clauses in the language of a letter. */
export interface PolicyWords {
  /** Null where it has no title in the language. */
  title(policy: string, rule: string): string | null;
  clause(policy: string, clause: string): string;
}

export interface LetterOptions {
  readonly language: Language;
  /** What the policy says in the language; absent: as it is written. */
  readonly policyWords?: PolicyWords | undefined;
  /** IANA name, of all times in it. */
  readonly timezone: string;
  /** Of the configuration, where the policy names none. */
  readonly noticePeriodMs: number;
  readonly operator: string | null;
  readonly contact: string | null;
}

/** A notice in words, before it is laid out. Everything that others wrote is as they wrote it. */
export interface Letter {
  readonly subject: string;
  readonly greeting: string | null;
  /** What has happened, one thought each. */
  readonly paragraphs: readonly string[];
  readonly facts: readonly (readonly [label: string, value: string])[];
  readonly sections: readonly { readonly title: string; readonly text: string }[];
  readonly closing: string;
}

export function customerOf({ data }: NoticeBody): string | null {
  return data.suspension?.customer ?? data.finding?.customer ?? null;
}

export function letterOf(notice: NoticeBody, options: LetterOptions): Letter {
  const words = noticeWords[options.language];
  const { suspension, finding } = notice.data;
  const body =
    suspension !== undefined
      ? ofSuspension(notice, suspension, words, options)
      : finding !== undefined
        ? ofFinding(notice, finding, words, options)
        : ofBrake(notice, words);
  return {
    greeting: notice.data.audience === 'client' ? words.greeting : null,
    closing: words.automatic(options.operator ?? ''),
    ...body,
  };
}

type Body = Omit<Letter, 'greeting' | 'closing'>;

function ofSuspension(
  notice: NoticeBody,
  s: SuspensionPart,
  words: NoticeWords,
  options: LetterOptions,
): Body {
  const { type, data } = notice;
  const effect = words.effects[s.effect];
  const whom = words.of(s.subject.kind, s.subject.id);
  const time = timeIn(words, options.timezone);
  const operator = data.audience === 'operator';
  const told = toldBy(type);
  const over = told === 'over';
  const facts = new Facts(words);
  facts.addRule(s, options.policyWords);
  facts.addNumbers(s);
  if (s.value === null) facts.add('reason', s.reason);
  facts.add('recorded', time(s.proposedAt));
  if (operator) {
    facts.add('customer', s.customer);
    facts.add('calls', (s.evidence.callIds ?? []).slice(0, 5).join(' '));
  }
  facts.add('reference', s.id);
  const sections = [
    ...(!over && effect.stays !== '' ? [{ title: words.stays, text: effect.stays }] : []),
    ...(over ? [] : [{ title: words.reinstatement, text: reinstatement(s, words) }]),
    ...(options.contact !== null && !operator ? [{ title: words.contact, text: options.contact }] : []),
  ];
  return {
    subject: `${words.subjects[told]}: ${s.subject.kind === 'source' ? '' : `${s.subject.kind} `}${s.subject.id}`,
    paragraphs: happened(notice, s, `${effect.what} ${whom}`, words, options),
    facts: facts.all,
    sections,
  };
}

function happened(
  { type, data }: NoticeBody,
  s: SuspensionPart,
  what: string,
  words: NoticeWords,
  { language, timezone, noticePeriodMs, policyWords }: LetterOptions,
): string[] {
  const effect = words.effects[s.effect];
  const time = timeIn(words, timezone);
  const until = s.until === null ? [] : [words.until(time(s.until))];
  const since = s.activeAt === null ? '' : ` ${words.since(time(s.activeAt))}`;
  switch (toldBy(type)) {
    case 'over': {
      const at = s.liftedAt ?? s.expiredAt;
      const why =
        s.liftedAt === null ? words.expired : words.liftedBy(s.liftedBy ?? '', s.liftReason ?? '').trim();
      // A client is not told which person lifted.
      const said = data.audience === 'client' && s.liftedAt !== null ? [] : [why];
      return [`${what} ${effect.back}${at === null ? '' : ` ${words.since(time(at))}`}.`, ...said];
    }
    case 'escalated':
      return [`${what} ${effect.done}${since}.`, words.escalated];
    case 'review':
      return [
        `${what} ${effect.done}${since}.`,
        words.review(ageText(data.review?.after ?? '', language)) +
          (data.review?.clause
            ? ` (${policyWords?.clause(s.policy, data.review.clause) ?? data.review.clause})`
            : ''),
      ];
    case 'done':
      return [`${what} ${effect.done}${since}.`, ...until];
    default: {
      const noticeMs = s.noticePeriodSeconds === null ? noticePeriodMs : s.noticePeriodSeconds * 1_000;
      const from = new Date(Date.parse(s.proposedAt) + noticeMs).toISOString();
      return [`${what} ${effect.soon} ${words.from(time(from))}.`, ...until];
    }
  }
}

function ofFinding({ data }: NoticeBody, f: FindingPart, words: NoticeWords, options: LetterOptions): Body {
  const time = timeIn(words, options.timezone);
  const facts = new Facts(words);
  facts.addRule(f, options.policyWords);
  facts.addNumbers(f);
  facts.add('recorded', time(f.at));
  facts.add('since', f.since === f.at ? null : time(f.since));
  facts.add('customer', f.customer);
  facts.add('mode', f.mode);
  facts.add('note', [data.kind, data.note].filter(Boolean).join(': '));
  facts.add('calls', (f.evidence.callIds ?? []).slice(0, 5).join(' '));
  facts.add('reference', f.id);
  return {
    subject: `${words.subjects.alert} ${f.rule}: ${f.subject.kind} ${f.subject.id}`,
    paragraphs: [words.alert],
    facts: facts.all,
    sections: [],
  };
}

function ofBrake({ type, data }: NoticeBody, words: NoticeWords): Body {
  const engaged = type === 'brake.engaged';
  return {
    subject: words.subjects[engaged ? 'brake' : 'released'],
    paragraphs: [engaged ? words.brakeEngaged : words.brakeReleased],
    facts: [[words.labels.reason, data.reason ?? '']],
    sections: [],
  };
}

function reinstatement({ reinstatement: terms }: SuspensionPart, words: NoticeWords): string {
  const asked = [
    ...(terms?.fee ? [words.fee(terms.fee)] : []),
    ...(terms?.guarantee === true ? [words.guarantee] : []),
  ];
  if (asked.length === 0) return words.noTerms;
  const list = `${asked.join(', ')}.`;
  return `${list[0]!.toUpperCase()}${list.slice(1)} ${words.noTerms}`;
}

function toldBy(type: NoticeEvent): Told {
  switch (type) {
    case 'suspension.lifted':
    case 'suspension.expired':
      return 'over';
    case 'suspension.active':
    case 'plan.per-minute-billing':
      return 'done';
    case 'suspension.escalated':
      return 'escalated';
    case 'suspension.review-due':
      return 'review';
    default:
      return 'soon';
  }
}

class Facts {
  readonly all: (readonly [string, string])[] = [];
  readonly #words: NoticeWords;

  constructor(words: NoticeWords) {
    this.#words = words;
  }

  add(label: Label, value: string | null): void {
    if (value !== null && value !== '') this.all.push([this.#words.labels[label], value]);
  }

  /** The rule by its title, with its id for whoever looks it up. */
  addRule(
    { policy, rule, clause }: Pick<SuspensionPart, 'policy' | 'rule' | 'clause'>,
    said: PolicyWords | undefined,
  ): void {
    const title = said?.title(policy, rule) ?? null;
    this.add('clause', said?.clause(policy, clause) ?? clause);
    this.add('rule', title === null ? rule : `${title} (${rule})`);
  }

  addNumbers(
    measured: Pick<SuspensionPart, 'value' | 'limit' | 'windowSeconds'> & { readonly unit: string },
  ): void {
    const { value, limit, unit, windowSeconds } = measured;
    if (value === null) return;
    this.add('measured', quantity(value, unit, this.#words));
    if (limit !== null) this.add('limit', quantity(limit, unit, this.#words));
    if (windowSeconds !== null && windowSeconds > 0)
      this.add('window', `${windowSeconds} ${this.#words.seconds}`);
  }
}

/** `31 calls`, `42.5 %`. */
export function quantity(value: number, unit: string, { locale, units }: NoticeWords): string {
  if (unit === 'ratio')
    return new Intl.NumberFormat(locale, { style: 'percent', maximumFractionDigits: 2 }).format(value);
  const number = new Intl.NumberFormat(locale, { maximumFractionDigits: 4 }).format(value);
  const [noun, ...per] = unit.split('/');
  return `${number} ${[units[noun!] ?? noun, ...per].join('/')}`.trim();
}

/** `22 November 2026 at 11:00:00 CET`; the zone is said, because it is not the reader's of necessity. */
function timeIn({ locale }: NoticeWords, timeZone: string): (iso: string) => string {
  const format = new Intl.DateTimeFormat(locale, { dateStyle: 'long', timeStyle: 'long', timeZone });
  return (iso) => format.format(new Date(iso));
}
