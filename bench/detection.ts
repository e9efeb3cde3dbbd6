/**
 * `npm run bench:detection [-- --full] [--lines N] [--days D] [--per-kind N] [--seed TEXT] [--policy NAME] [--from DATE] [--json]`
 *
 * Runs a synthetic operator through the daemon's core, on capture time and without Redis, and says how much of what was planted the
 * policy finds, how soon, for how many euros, and whom it wrongs. Nothing is fed back: a fraud goes on after it was found.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { stringify } from 'yaml';
import { shortNumber } from '../cli/output.ts';
import { type Column, renderTable } from '../cli/table.ts';
import { formatFault } from '../daemon/config/fault.ts';
import { loadSetup, type Setup } from '../daemon/config/setup.ts';
import { createCore } from '../daemon/core.ts';
import { Directory } from '../daemon/identity/directory.ts';
import { MemoryStore } from '../daemon/windows/memory-store.ts';
import { detectors } from '../detectors/index.ts';
import { parisMidnightMs } from '../simulate/calendar.ts';
import { directoryYaml, NETWORK } from '../simulate/directory-yaml.ts';
import { FRAUD_KINDS } from '../simulate/labels.ts';
import { Simulation } from '../simulate/simulation.ts';
import {
  type DetectionResult,
  evaluate,
  type KindResult,
  type RuleResult,
  type Told,
} from './detection-report.ts';

/** As the daemon and replay look at what only time ends or prolongs. */
const TICK_MS = 100;
const DAY_MS = 86_400_000;

interface Options {
  readonly lines: number;
  readonly days: number;
  readonly perKind: number;
  readonly seed: string;
  readonly policy: string;
  readonly fromMs: number;
}

function setupOf(simulation: Simulation, policy: string): Setup {
  const directory = mkdtempSync(join(tmpdir(), 'vigie-bench-'));
  try {
    const file = join(directory, 'vigie.yaml');
    writeFileSync(join(directory, 'directory.yaml'), directoryYaml(simulation.operator));
    writeFileSync(
      file,
      stringify({
        network: NETWORK,
        directory: { file: 'directory.yaml' },
        policies: { default: policy, mode: 'enforce' },
      }),
    );
    const loaded = loadSetup(file, {}, detectors);
    if (!loaded.ok) throw new Error(loaded.faults.map(formatFault).join('\n'));
    return loaded.setup;
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

export function runDetection(
  { lines, days, perKind, seed, policy, fromMs }: Options,
  onDay: (day: number) => void = () => {},
): { result: DetectionResult; messages: number; simulation: Simulation } {
  const fraudShare = (perKind * FRAUD_KINDS.length) / lines;
  const simulation = new Simulation({ seed, lines, days, fraudShare, fromMs, bothLegs: false });
  const setup = setupOf(simulation, policy);
  const directory = Directory.empty();
  directory.replace(setup.directory);
  const told: Told[] = [];
  const core = createCore({
    ...setup,
    directory,
    store: new MemoryStore({ maxWindows: 5_000_000 }),
    onFinding: ({ rule, subject, atMs, action, held, mode }) =>
      told.push({ rule, subject, atMs, action, held, mode }),
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
  return {
    result: evaluate(told, simulation.labels, simulation.attacks, { lines, days }),
    messages,
    simulation,
  };
}

const percent = (share: number | null): string => (share === null ? '-' : `${Math.round(share * 100)} %`);
const euros = (value: number): string => value.toFixed(2);
const time = (seconds: number | null): string =>
  seconds === null
    ? '-'
    : seconds < 600
      ? `${Math.round(seconds)} s`
      : seconds < 86_400
        ? `${(seconds / 3600).toFixed(1)} h`
        : `${(seconds / 86_400).toFixed(1)} d`;

const kindColumns: readonly Column<KindResult>[] = [
  { title: 'KIND', value: ({ kind }) => kind },
  { title: 'PLANTED', value: ({ planted }) => String(planted), align: 'right' },
  { title: 'RECALL', value: ({ recall }) => percent(recall), align: 'right' },
  { title: 'STOPPED', value: ({ recallStopped }) => percent(recallStopped), align: 'right' },
  { title: 'PRECISION', value: ({ precision }) => percent(precision), align: 'right' },
  { title: 'TO ALERT', value: ({ secondsToAlert }) => time(secondsToAlert), align: 'right' },
  { title: 'TO STOP', value: ({ secondsToStop }) => time(secondsToStop), align: 'right' },
  { title: '€ TO ALERT', value: ({ eurosToAlert }) => euros(eurosToAlert), align: 'right' },
  { title: '€ TO STOP', value: ({ eurosToStop }) => euros(eurosToStop), align: 'right' },
  { title: '€ IN ALL', value: (result) => euros(result.euros), align: 'right' },
  { title: 'TOLD BY', value: ({ rules }) => rules.join(' ') || '-' },
];

const ruleColumns: readonly Column<RuleResult>[] = [
  { title: 'RULE', value: ({ rule }) => rule },
  { title: 'FINDINGS', value: ({ findings }) => String(findings), align: 'right' },
  { title: 'SUBJECTS', value: ({ subjects }) => String(subjects), align: 'right' },
  { title: 'FRAUD', value: ({ fraudulent }) => String(fraudulent), align: 'right' },
  { title: 'HONEST', value: ({ honest }) => String(honest), align: 'right' },
  { title: 'HONEST STOPPED', value: ({ stoppedHonest }) => String(stoppedHonest), align: 'right' },
];

function render(options: Options, result: DetectionResult, messages: number, seconds: number): string {
  const { lines, days, policy, seed } = options;
  const {
    kinds,
    rules,
    honestAlerted,
    honestStopped,
    falseStopsPer1000LinesAndMonth: rate,
    attacks,
  } = result;
  return [
    `Policy ${policy}; ${lines} lines, ${days} days from ${new Date(options.fromMs).toISOString()}, seed ${seed}: ${messages} messages in ${shortNumber(seconds)} s`,
    '',
    renderTable(kindColumns, kinds, 240),
    '',
    renderTable(ruleColumns, rules, 240),
    '',
    `Honest subjects alerted: ${honestAlerted.length}${listed(honestAlerted)}`,
    `Honest subjects stopped: ${honestStopped.length}${listed(honestStopped)}, ${shortNumber(rate)} per 1,000 lines and month`,
    `Attacks from outside: ${attacks.planted}, alerted ${attacks.alerted}, sources stopped ${attacks.stopped}`,
    '',
    'RECALL: alerted of planted. STOPPED: a suspension or block, too. PRECISION: of the subjects that the rules in TOLD BY named, those that were a fraud',
    'or an attack. TO …: median over those found. €: wholesale, mean over all planted; one that is not found costs all.',
  ].join('\n');
}

function listed(subjects: readonly string[]): string {
  if (subjects.length === 0) return '';
  return ` (${subjects.slice(0, 8).join(', ')}${subjects.length > 8 ? ', …' : ''})`;
}

function optionsOf(argv: readonly string[]): Options & { readonly json: boolean } {
  const { values } = parseArgs({
    args: [...argv],
    options: {
      full: { type: 'boolean', default: false },
      lines: { type: 'string' },
      days: { type: 'string' },
      'per-kind': { type: 'string' },
      seed: { type: 'string', default: '1' },
      policy: { type: 'string', default: 'cmi' },
      from: { type: 'string' },
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
    policy: values.policy,
    fromMs,
    json: values.json,
  };
}

if (import.meta.main) {
  const { json, ...options } = optionsOf(process.argv.slice(2));
  const startedAt = performance.now();
  const progress = process.stderr.isTTY === true;
  const { result, messages } = runDetection(options, (day) => {
    if (progress) process.stderr.write(`\rday ${day} of ${options.days} `);
  });
  if (progress) process.stderr.write('\r');
  const seconds = (performance.now() - startedAt) / 1000;
  if (json)
    process.stdout.write(`${JSON.stringify({ ...options, messages, seconds, ...result }, null, 2)}\n`);
  else process.stdout.write(`${render(options, result, messages, seconds)}\n`);
}
