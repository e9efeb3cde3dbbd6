/**
 * `npm run bench:detection [-- --full] [--lines N] [--days D] [--per-kind N] [--seed TEXT] [--policy NAMES] [--from DATE] [--no-look-alikes] [--json]`
 *
 * Runs a synthetic operator through the daemon's core, on capture time and without Redis, and says how much of what was planted each
 * policy finds, how soon, for how many euros, and whom it wrongs. Nothing is fed back: a fraud goes on after it was found.
 *
 * - `--full`: 1,000 lines and 30 days from 7 December 2026, each kind of fraud once (1.1 % of the lines): ten minutes of a processor or more.
 *   Default: 200 lines and 7 days from 28 December, each kind twice.
 * - `--policy`: names with commas; default all that are shipped. All are judged in one run over the same packets.
 * - `--no-look-alikes`: without the honest customers and incidents that look like something else.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { stringify } from 'yaml';
import type { Fault } from '../daemon/config/fault.ts';
import { formatFault } from '../daemon/config/fault.ts';
import { loadDeck } from '../daemon/config/rate-deck-files.ts';
import { loadSetup, type Setup } from '../daemon/config/setup.ts';
import { createCore } from '../daemon/core.ts';
import { Directory } from '../daemon/identity/directory.ts';
import { MICROS } from '../daemon/rating/money.ts';
import { chargedSeconds, priceOf } from '../daemon/rating/rate.ts';
import { MemoryStore } from '../daemon/windows/memory-store.ts';
import { detectors } from '../detectors/index.ts';
import { parisMidnightMs } from '../simulate/calendar.ts';
import { directoryYaml, NETWORK } from '../simulate/directory-yaml.ts';
import { FRAUD_KINDS } from '../simulate/labels.ts';
import { Simulation, type SimulationOptions } from '../simulate/simulation.ts';
import { renderReport } from './detection-page.ts';
import { type DetectionResult, evaluate, type Price, type Told } from './detection-report.ts';

/** As the daemon and replay look at what only time ends or prolongs. */
const TICK_MS = 100;
const DAY_MS = 86_400_000;
const DEFAULT_POLICY = 'cmi';
const ALL_POLICIES = ['cmi', 'techcrea', 'access', 'mixvoip', 'voxbi'] as const;
const RATES = join(import.meta.dirname, '../simulate/rates');
const TIME_ZONE = 'Europe/Paris';

export interface Options {
  readonly lines: number;
  readonly days: number;
  readonly perKind: number;
  readonly seed: string;
  readonly policies: readonly string[];
  readonly fromMs: number;
  readonly lookAlikes: boolean;
}

export interface Run {
  /** By policy; each with the findings of the operator's own protection (`network`). */
  readonly results: ReadonlyMap<string, DetectionResult>;
  readonly messages: number;
  readonly simulation: Simulation;
}

/**
 * All policies judge the same packets: one is everybody's contract, the others apply to everyone beside it. A rule that counts per message
 * follows a customer's own contract, so the policy that has some is the default.
 */
function setupOf(simulation: Simulation, policies: readonly string[]): Setup {
  const directory = mkdtempSync(join(tmpdir(), 'vigie-bench-'));
  const first = policies.includes(DEFAULT_POLICY) ? DEFAULT_POLICY : policies[0];
  try {
    const file = join(directory, 'vigie.yaml');
    writeFileSync(join(directory, 'directory.yaml'), directoryYaml(simulation.operator));
    writeFileSync(
      file,
      stringify({
        network: { ...NETWORK, timezone: TIME_ZONE },
        directory: { file: 'directory.yaml' },
        policies: { default: first, mode: 'enforce' },
        rating: { decks: { retail: join(RATES, 'retail.csv') }, deck: 'retail' },
      }),
    );
    const loaded = loadSetup(file, {}, detectors);
    if (!loaded.ok) throw new Error(loaded.faults.map(formatFault).join('\n'));
    const { setup } = loaded;
    const judged = [...setup.policies].map(([id, policy]) => {
      if (id === first || !policies.includes(id)) return [id, policy] as const;
      if (policy.rules.some(({ detector }) => 'stream' in (detectors.get(detector) ?? {})))
        throw new RangeError(`${id} counts per message: run it alone, --policy ${id}`);
      return [id, { ...policy, appliesTo: 'everyone' as const }] as const;
    });
    return { ...setup, policies: new Map(judged) };
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

/** Wholesale, by the deck of the operator's carriers. */
function wholesalePrice(): Price {
  const faults: Fault[] = [];
  const deck = loadDeck(
    'wholesale',
    join(RATES, 'wholesale.csv'),
    TIME_ZONE,
    { file: 'bench', line: 1, column: 1 },
    faults,
  );
  if (deck === null) throw new Error(faults.map(formatFault).join('\n'));
  return (called, durationMs, atMs) => {
    const number = { number: `+${called}`, kind: 'unknown', country: null, restricted: false } as const;
    const row = deck.find({ ...number, highRisk: false }, false, atMs);
    return row === null ? 0 : priceOf(row, chargedSeconds(row, durationMs)) / MICROS;
  };
}

export function simulationOptions({
  lines,
  days,
  perKind,
  seed,
  fromMs,
  lookAlikes,
}: Omit<Options, 'policies'>): SimulationOptions {
  const fraudShare = (perKind * FRAUD_KINDS.length) / lines;
  return { seed, lines, days, fraudShare, fromMs, lookAlikes, bothLegs: false };
}

export function runDetection(options: Options, onDay: (day: number) => void = () => {}): Run {
  const { lines, days, policies } = options;
  const simulation = new Simulation(simulationOptions(options));
  const setup = setupOf(simulation, policies);
  const directory = Directory.empty();
  directory.replace(setup.directory);
  const told: Told[] = [];
  const core = createCore({
    ...setup,
    directory,
    store: new MemoryStore({ maxWindows: 5_000_000 }),
    onFinding: ({ rule, policy, subject, customer, atMs, action, held, mode }) =>
      told.push({
        ...{ rule, policy, subject, customer, atMs, action, held, mode },
        noticeMs: setup.policies.get(policy)?.terms?.noticePeriodMs ?? 0,
      }),
  });
  const { pipeline, brake } = core;
  let nextTickMs = 0;
  let nextDayMs = simulation.fromMs + DAY_MS;
  let messages = 0;
  for (const packet of simulation.packets()) {
    messages++;
    pipeline.packet(packet);
    if (packet.timeMs < nextTickMs) continue;
    nextTickMs = packet.timeMs + TICK_MS;
    core.engine.tick(pipeline.nowMs);
    if (packet.timeMs < nextDayMs) continue;
    brake.onLineCount(pipeline.lines.size);
    onDay(Math.round((nextDayMs - simulation.fromMs) / DAY_MS));
    nextDayMs += DAY_MS;
  }
  pipeline.finish();
  core.engine.tick(pipeline.nowMs);
  const price = wholesalePrice();
  const results = policies.map((id) => {
    const own = told.filter(({ policy }) => policy === id || policy === 'network');
    return [id, evaluate(own, simulation.labels, simulation.attacks, { lines, days }, price)] as const;
  });
  return { results: new Map(results), messages, simulation };
}

function optionsOf(argv: readonly string[]): Options & { readonly json: boolean } {
  const { values } = parseArgs({
    args: [...argv],
    allowNegative: true,
    options: {
      full: { type: 'boolean', default: false },
      lines: { type: 'string' },
      days: { type: 'string' },
      'per-kind': { type: 'string' },
      seed: { type: 'string', default: '1' },
      policy: { type: 'string', default: ALL_POLICIES.join(',') },
      from: { type: 'string' },
      'look-alikes': { type: 'boolean', default: true },
      json: { type: 'boolean', default: false },
    },
  });
  const { full } = values;
  const count = (text: string | undefined, otherwise: number): number => {
    const value = text === undefined ? otherwise : Number(text);
    if (value > 0 && value <= 100_000) return value;
    throw new RangeError(`not a number above 0: ${text}`);
  };
  // Both hold New Year and its holiday.
  const [year, month, day] = (values.from ?? (full ? '2026-12-07' : '2026-12-28')).split('-').map(Number);
  const fromMs = parisMidnightMs(year, month, day);
  if (Number.isNaN(fromMs)) throw new RangeError(`not a date: ${values.from}`);
  return {
    lines: count(values.lines, full ? 1_000 : 200),
    days: count(values.days, full ? 30 : 7),
    perKind: count(values['per-kind'], full ? 1 : 2),
    seed: values.seed,
    policies: values.policy.split(','),
    fromMs,
    lookAlikes: values['look-alikes'],
    json: values.json,
  };
}

if (import.meta.main) {
  const { json, ...options } = optionsOf(process.argv.slice(2));
  const startedAt = performance.now();
  const progress = process.stderr.isTTY === true;
  const run = runDetection(options, (day) => {
    if (progress) process.stderr.write(`\rday ${day} of ${options.days} `);
  });
  if (progress) process.stderr.write('\r');
  const seconds = (performance.now() - startedAt) / 1000;
  if (json) {
    const { results, messages } = run;
    process.stdout.write(
      `${JSON.stringify({ ...options, messages, seconds, results: Object.fromEntries(results) }, null, 2)}\n`,
    );
  } else process.stdout.write(`${renderReport(options, run, seconds)}\n`);
}
