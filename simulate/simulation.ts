import type { Packet } from '../daemon/ingest/packet.ts';
import type { Actor } from './agenda.ts';
import { localTime, parisMidnightMs } from './calendar.ts';
import { forgedInvites, scan } from './fraud/attacks.ts';
import { SCRIPTS } from './fraud/index.ts';
import { livesOn, pbx } from './honest.ts';
import {
  type Attack,
  FRAUD_KINDS,
  type FraudKind,
  type Label,
  type LabelsJson,
  labelsToJson,
} from './labels.ts';
import type { Ledger } from './ledger.ts';
import { type LookAlike, withLookAlikes } from './look-alikes/cast.ts';
import {
  CARRIER_FAILURE_MS,
  carrierFails,
  type Incident,
  LATE_BYES,
  LOST_BYES,
  losesPower,
  OUTAGE_MS,
  pbxStarts,
} from './look-alikes/incidents.ts';
import { live } from './look-alikes/lives.ts';
import { type Line, makeOperator, type Operator } from './operator.ts';
import { Random } from './random.ts';
import { keepRegistered } from './registration.ts';
import { World } from './world.ts';

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;

export interface SimulationOptions {
  readonly seed: string;
  readonly lines: number;
  /** Default: three for five lines. */
  readonly customers?: number;
  /** Default: one for 200 lines, at least two; the first is a call centre that does nothing wrong. */
  readonly trunks?: number;
  readonly days: number;
  /** First moment; default 7 December 2026, a Monday, 00:00 in Paris: thirty days hold Christmas and New Year. */
  readonly fromMs?: number;
  /** What the people's clocks show, minus the packets' time: plays a morning at any hour. Default 0. */
  readonly clockAheadMs?: number;
  /** Share of the lines with a fraud, default 0.01, rounded up; kinds in turn. */
  readonly fraudShare?: number;
  /** Kinds to plant; default all. */
  readonly kinds?: readonly FraudKind[];
  /** All frauds begin and end within so many hours of the beginning; default: at their time of day, some day. */
  readonly fraudHours?: number;
  /** Scans and forged INVITEs from outside, default true. */
  readonly attacks?: boolean;
  /** The leg between proxy and carrier too, default true. */
  readonly bothLegs?: boolean;
  /** Honest customers whose traffic looks like something else, and incidents that are nobody's fault; default false. */
  readonly lookAlikes?: boolean;
  /** Asked as a proxy asks for `vigie:blocked:…` before it lets a call out; default: nobody is. */
  readonly isBarred?: (line: string, customer: string) => boolean;
}

export const DEFAULT_FROM_MS = parisMidnightMs(2026, 12, 7);

/**
 * A synthetic operator: the same options give the same packets. Memory grows with lines and open calls, not with time (fraud labels keep
 * their calls). It knows contracts only as people do; nothing here is shared with the detectors.
 */
export class Simulation {
  readonly options: SimulationOptions;
  readonly operator: Operator;
  readonly labels: readonly Label[];
  readonly attacks: readonly Attack[];
  readonly lookAlikes: readonly LookAlike[];
  readonly incidents: readonly Incident[];
  readonly fromMs: number;
  readonly toMs: number;
  readonly #world: World;

  constructor(options: SimulationOptions) {
    this.options = options;
    const random = new Random(options.seed);
    const { lines, days } = options;
    this.fromMs = options.fromMs ?? DEFAULT_FROM_MS;
    this.toMs = this.fromMs + Math.round(days * DAY_MS);
    const ordinary = makeOperator(random.fork('operator'), {
      lines,
      customers: options.customers ?? Math.ceil(lines * 0.6),
      trunks: options.trunks ?? Math.max(2, Math.round(lines / 200)),
    });
    const { operator, cast } =
      options.lookAlikes === true
        ? withLookAlikes(random.fork('look-alikes'), ordinary)
        : { operator: ordinary, cast: [] };
    this.operator = operator;
    this.lookAlikes = cast;
    this.#world = new World({
      operator: this.operator,
      random: random.fork('world'),
      fromMs: this.fromMs,
      toMs: this.toMs,
      clockAheadMs: options.clockAheadMs ?? 0,
      bothLegs: options.bothLegs ?? true,
      isBarred: options.isBarred ?? (() => false),
    });
    this.#people(random.fork('people'), ordinary);
    this.incidents = options.lookAlikes === true ? this.#extras(random.fork('extras'), ordinary) : [];
    this.labels = this.#frauds(random.fork('frauds'), ordinary.lines);
    this.attacks = (options.attacks ?? true) ? this.#attacks(random.fork('attacks')) : [];
  }

  /** What happened so far, by the simulator's own account. */
  get ledger(): Ledger {
    return this.#world.ledger;
  }

  /** All packets in the order of time, to be gone through once. The object is used again for later ones. */
  packets(): Generator<Packet, void, void> {
    return this.#world.packets();
  }

  labelsJson(): LabelsJson {
    const { seed, lines } = this.options;
    const heavy: LabelsJson['heavy'][number][] = [];
    for (const { id, customer } of this.operator.trunks)
      heavy.push({ kind: 'trunk', id, customer: customer.id });
    for (const { id, customer, habits } of this.operator.lines)
      if (habits.callsPerDay >= 40) heavy.push({ kind: 'line', id, customer: customer.id });
    return labelsToJson({ seed, lines, heavy, from: this.fromMs, to: this.toMs }, this.labels, this.attacks);
  }

  #people(random: Random, { lines, trunks }: Operator): void {
    const world = this.#world;
    for (const line of lines) {
      world.start(keepRegistered(world, line, line.device, this.toMs), random.between(0, 240_000));
      world.start(livesOn(world, line));
    }
    for (const trunk of trunks) world.start(pbx(world, trunk), 1_000);
  }

  #extras(random: Random, { customers }: Operator): Incident[] {
    const world = this.#world;
    const [resultsDay, cutDay, failureDay] = [0.3, 0.45, 0.6].map((share) => this.#workingDay(share));
    for (const someone of this.lookAlikes) live(world, random.fork(someone.kind), someone, resultsDay);
    world.lostByes = LOST_BYES;
    world.lateByes = LATE_BYES;
    const cutAt = cutDay + 10.6 * HOUR_MS;
    const largest = customers.reduce((most, one) => (one.lines.length > most.lines.length ? one : most));
    world.startAt(losesPower(world, random.fork('power'), largest), cutAt);
    for (const { trunk } of this.lookAlikes)
      if (trunk !== null) world.startAt(pbxStarts(world, random.fork(trunk.id), trunk), cutAt + OUTAGE_MS);
    const failureAt = failureDay + 14.2 * HOUR_MS;
    world.startAt(carrierFails(world), failureAt);
    return [
      { kind: 'power-cut', from: cutAt, to: cutAt + OUTAGE_MS },
      { kind: 'carrier-failure', from: failureAt, to: failureAt + CARRIER_FAILURE_MS },
    ];
  }

  /** Midnight of the first working day from so far into the period on. */
  #workingDay(share: number): number {
    let at = this.fromMs + Math.floor((share * (this.toMs - this.fromMs)) / DAY_MS) * DAY_MS;
    for (let days = 0; days < 7; days++, at += DAY_MS) {
      const { weekday, holiday } = localTime(at + 12 * HOUR_MS);
      if (weekday >= 1 && weekday <= 5 && !holiday) break;
    }
    return at;
  }

  #frauds(random: Random, lines: readonly Line[]): Label[] {
    const world = this.#world;
    const { fraudShare = 0.01, kinds = FRAUD_KINDS } = this.options;
    const count = Math.min(lines.length, Math.ceil(lines.length * fraudShare - 1e-9));
    // One line of a customer at most, so that what is found about a customer names one fraud.
    const customers = new Set<string>();
    const offenders: Line[] = [];
    for (const line of random.shuffled(lines)) {
      if (offenders.length === count) break;
      if (customers.has(line.customer.id)) continue;
      customers.add(line.customer.id);
      offenders.push(line);
    }
    const order = random.shuffled(kinds);
    return offenders.map((line, index) => {
      const kind = order[index % order.length];
      const script = SCRIPTS[kind];
      const own = random.fork(`${kind} ${line.id}`);
      const { fraudHours } = this.options;
      const from =
        fraudHours === undefined
          ? this.#beginning(own, script.hour)
          : this.fromMs + fraudHours * HOUR_MS * (0.05 + (0.6 * (index + own.next())) / count);
      const lastMs = fraudHours === undefined ? this.toMs : this.fromMs + fraudHours * HOUR_MS;
      const label: Label = {
        kind,
        line: line.id,
        customer: line.customer.id,
        byOwner: script.byOwner,
        byRegistering: script.byRegistering ?? false,
        sources: script.byOwner ? [line.customer.site] : [],
        from,
        to: Math.min(lastMs, from + script.hours * HOUR_MS * own.between(0.8, 1.2)),
        attempts: 0,
        answered: 0,
        minutes: 0,
        euros: 0,
        otherRequests: 0,
        calls: [],
      };
      world.startAt(
        later(() => script.commit({ world, random: own, line, label })),
        from,
      );
      return label;
    });
  }

  /** Some day at this hour, working days first; in a period of less than two days, some time in its first half. */
  #beginning(random: Random, hour: number): number {
    const { fromMs, toMs } = this;
    const days = Math.floor((toMs - fromMs) / DAY_MS);
    if (days < 2) return fromMs + (toMs - fromMs) * random.between(0.1, 0.5);
    for (let attempt = 0; ; attempt++) {
      // Habits of before are known by the second day at the earliest.
      const day = Math.min(days - 1, 1 + random.below(Math.max(1, days - 1)));
      const at = fromMs + day * DAY_MS + (hour + random.between(-0.5, 1)) * HOUR_MS;
      const { weekday, holiday } = localTime(at);
      if (attempt > 20 || (weekday >= 1 && weekday <= 5 && !holiday)) return at;
    }
  }

  #attacks(random: Random): Attack[] {
    const world = this.#world;
    const count = Math.max(1, Math.round(this.options.days / 2));
    return Array.from({ length: count * 2 }, (_, index) => {
      const kind = index % 2 === 0 ? 'scan' : 'forged-invite';
      const from = this.fromMs + random.between(0.05, 0.9) * (this.toMs - this.fromMs);
      const attack: Attack = {
        kind,
        source: `203.0.113.${1 + random.below(120)}`,
        namedLines: Array.from({ length: 4 }, () => random.pick(this.operator.lines).id),
        from,
        to: Math.min(this.toMs, from + random.between(30_000, 120_000)),
      };
      const act = kind === 'scan' ? scan : forgedInvites;
      world.startAt(act(world, attack, random.fork(index)), from);
      return attack;
    });
  }
}

/** Does something when its time has come. */
function* later(act: () => void): Actor {
  yield 0;
  act();
}
