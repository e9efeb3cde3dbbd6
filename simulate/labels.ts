/** What is planted, in the words of the contracts' world, not of any detector. */
export const FRAUD_KINDS = [
  'irsf-stolen-credentials',
  'wangiri',
  'autodialler',
  'call-centre-unlimited',
  'shared-subscription',
  'traffic-pumping',
  'sms-burst',
  'brute-forced-account',
  'low-and-slow',
  'transaction-flood',
  'forged-from',
] as const;

export type FraudKind = (typeof FRAUD_KINDS)[number];

/** One call of an episode, for judging what a detection at some moment would have saved. */
export interface FraudCall {
  readonly startMs: number;
  answeredMs: number | null;
  endMs: number | null;
  /** International, without `+`. */
  readonly called: string;
  readonly eurosPerMinute: number;
}

/** One fraud: who, how, from when to when, and what it did to the operator. Times are capture time, milliseconds since the epoch. */
export interface Label {
  readonly kind: FraudKind;
  /** The line that does it, or in whose name it is done. */
  readonly line: string;
  readonly customer: string;
  /** The owner of the line does it; else the line is a victim whose credentials were taken. */
  readonly byOwner: boolean;
  /** It has to register before it can do anything. */
  readonly byRegistering: boolean;
  /** Public addresses that it comes from. */
  readonly sources: string[];
  readonly from: number;
  to: number;
  attempts: number;
  answered: number;
  minutes: number;
  /** Wholesale cost of its calls. */
  euros: number;
  /** SIP MESSAGEs, transactions of a flood, guesses of a password. */
  otherRequests: number;
  readonly calls: FraudCall[];
}

/** Attacks from outside that no line is to blame for: the named lines must come to no harm. */
export interface Attack {
  readonly kind: 'scan' | 'forged-invite';
  readonly source: string;
  readonly namedLines: readonly string[];
  readonly from: number;
  readonly to: number;
}

export interface LabelsJson {
  readonly format: 'vigie-labels/1';
  readonly seed: string;
  readonly from: string;
  readonly to: string;
  readonly lines: number;
  readonly fraud: readonly Readonly<Record<string, unknown>>[];
  readonly attacks: readonly Readonly<Record<string, unknown>>[];
  /** Much used and honest. */
  readonly heavy: readonly {
    readonly kind: 'line' | 'trunk';
    readonly id: string;
    readonly customer: string;
  }[];
}

const iso = (ms: number): string => new Date(ms).toISOString();
const cents = (value: number): number => Math.round(value * 100) / 100;

export function labelsToJson(
  facts: Pick<LabelsJson, 'seed' | 'lines' | 'heavy'> & { readonly from: number; readonly to: number },
  labels: readonly Label[],
  attacks: readonly Attack[],
): LabelsJson {
  return {
    format: 'vigie-labels/1',
    seed: facts.seed,
    from: iso(facts.from),
    to: iso(facts.to),
    lines: facts.lines,
    fraud: labels.map(({ from, to, minutes, euros, calls: _, ...label }) => ({
      ...label,
      from: iso(from),
      to: iso(to),
      minutes: cents(minutes),
      euros: cents(euros),
    })),
    attacks: attacks.map(({ from, to, ...attack }) => ({ ...attack, from: iso(from), to: iso(to) })),
    heavy: facts.heavy,
  };
}
