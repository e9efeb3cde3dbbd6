import type { AlertJson } from '../daemon/enforcement/alerts.ts';
import type { Suspension } from '../daemon/enforcement/suspension.ts';
import { shortNumber } from './output.ts';
import { printable } from './table.ts';

/** What the demo's lines are made of. */
export interface Screen {
  write(line: string): void;
  /** Bold, red and the like; off where the output is no terminal. */
  readonly colours: boolean;
}

const CODES = { bold: '1', dim: '2', red: '31;1', yellow: '33', green: '32' } as const;

export function painted(screen: Screen, colour: keyof typeof CODES, text: string): string {
  return screen.colours ? `\u001b[${CODES[colour]}m${text}\u001b[0m` : text;
}

type Measured = Pick<Suspension, 'value' | 'limit' | 'unit' | 'windowSeconds' | 'rule' | 'clause'>;

/** `Under half of the day's calls are answered: 46.7 % in 24 h, limit 50 % (cmi.…; general terms 12.1)` */
export function measured(
  { value, limit, unit, windowSeconds, rule, clause }: Measured,
  title: string | null,
): string {
  const per = windowSeconds === null || windowSeconds === 0 ? '' : ` in ${span(windowSeconds)}`;
  const numbers = value === null ? '' : `${amount(value, unit)}${per}, limit ${amount(limit, unit)} `;
  return `${title === null ? '' : `${title}: `}${numbers}(${rule}; ${clause})`;
}

/** Ratios as percentages; everything else with its unit. */
function amount(value: number | null, unit: string): string {
  if (value === null) return '-';
  return unit === 'ratio' || unit === 'share'
    ? `${shortNumber(Math.round(value * 1000) / 10)} %`
    : `${shortNumber(value)} ${unit}`;
}

function span(seconds: number): string {
  if (seconds % 3600 === 0) return `${seconds / 3600} h`;
  return seconds % 60 === 0 ? `${seconds / 60} min` : `${seconds} s`;
}

const two = (value: number): string => String(Math.floor(value)).padStart(2, '0');

/** Minutes and seconds since the demo began. */
export function sinceStart(ms: number): string {
  return `${two(ms / 60_000)}:${two((ms / 1000) % 60)}`;
}

const words: Readonly<Record<Suspension['action'], string>> = {
  suspend: 'SUSPENDED',
  'block-registration': 'BLOCKED',
  'restrict-caller-id': 'WITHHELD',
  'refuse-excess': 'LIMITED',
  'per-minute-billing': 'BILLED',
};

/** Alerts and suspensions as people read them, each once; what repeats is counted. */
export class DemoScreen {
  readonly #screen: Screen;
  readonly #nameOf: (kind: string, id: string) => string;
  readonly #command: (rest: string) => string;
  readonly #titleOf: (rule: string) => string | null;
  readonly #told = new Set<string>();
  readonly #states = new Map<string, string>();
  /** Alerts after the first of a rule and subject. */
  repeated = 0;
  alerts = 0;
  suspensions = 0;
  lifts = 0;

  constructor(
    screen: Screen,
    nameOf: (kind: string, id: string) => string,
    command: (rest: string) => string,
    titleOf: (rule: string) => string | null,
  ) {
    this.#screen = screen;
    this.#titleOf = titleOf;
    this.#nameOf = nameOf;
    this.#command = command;
  }

  alert({ kind, finding, note }: AlertJson, elapsedMs: number): void {
    if (kind === 'suspended' || kind === 'registration-blocked') return;
    const { rule, subject } = finding;
    const key = `${kind} ${rule} ${subject.kind} ${subject.id}`;
    if (this.#told.has(key)) {
      this.repeated++;
      return;
    }
    this.#told.add(key);
    this.alerts++;
    const word = kind === 'held' ? 'HELD BACK' : 'ALERT';
    const why = note === '' ? '' : `: ${note}`;
    this.#line(
      elapsedMs,
      'yellow',
      word,
      `${this.#who(subject)}: ${measured(finding, this.#titleOf(rule))}${why}`,
    );
  }

  suspension(suspension: Suspension, elapsedMs: number): void {
    const { id, state, subject, action, liftedBy, liftReason } = suspension;
    const before = this.#states.get(id);
    if (before === state) return;
    this.#states.set(id, state);
    if (state === 'active') {
      this.suspensions++;
      const word = words[action];
      this.#line(
        elapsedMs,
        'red',
        word,
        `${this.#who(subject)}: ${measured(suspension, this.#titleOf(suspension.rule))}`,
      );
      const indent = ' '.repeat(18);
      this.#screen.write(`${indent}why:  ${this.#command(`explain ${subject.kind} ${subject.id}`)}`);
      this.#screen.write(
        `${indent}lift: ${this.#command(`suspensions lift ${id} --grace 1h --reason "spoke with the customer"`)}`,
      );
    } else if (state === 'lifted' && before === 'active') {
      this.lifts++;
      this.#line(elapsedMs, 'green', 'LIFTED', `${this.#who(subject)}: by ${liftedBy}: ${liftReason}`);
    } else if (state === 'expired' && before === 'active') {
      this.#line(elapsedMs, 'green', 'EXPIRED', this.#who(subject));
    }
  }

  note(text: string, elapsedMs: number): void {
    this.#screen.write(painted(this.#screen, 'dim', `${sinceStart(elapsedMs)}  ${text}`));
  }

  #line(elapsedMs: number, colour: keyof typeof CODES, word: string, text: string): void {
    this.#screen.write(
      `${sinceStart(elapsedMs)}  ${painted(this.#screen, colour, word.padEnd(9))}  ${printable(text)}`,
    );
  }

  #who({ kind, id }: { readonly kind: string; readonly id: string }): string {
    const name = this.#nameOf(kind, id);
    return name === '' ? `${kind} ${id}` : `${kind} ${id} (${name})`;
  }
}
