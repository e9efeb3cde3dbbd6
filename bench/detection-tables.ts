/**
 * `node bench/detection-tables.ts FILE…`: what runs of `npm run bench:detection -- --json` found, together, as the Markdown tables of docs/detection.md.
 *
 * Counts and euros are summed over the runs; a time is the median of each run, from the lowest to the highest of them.
 */
import { readFileSync } from 'node:fs';
import { Simulation } from '../simulate/simulation.ts';
import { type Options, simulationOptions } from './detection.ts';
import { time, whoIs } from './detection-page.ts';
import type { DetectionResult, Done, KindResult, Wronged } from './detection-report.ts';

export interface SavedRun extends Options {
  readonly messages: number;
  readonly seconds: number;
  readonly results: Readonly<Record<string, DetectionResult>>;
}

const sum = <T>(list: readonly T[], of: (item: T) => number): number =>
  list.reduce((total, item) => total + of(item), 0);

function row(cells: readonly (string | number)[]): string {
  return `| ${cells.join(' | ')} |`;
}

function table(head: readonly string[], rows: readonly (readonly (string | number)[])[]): string {
  const rule = head.map((_, index) => (index === 0 || index === head.length - 1 ? '---' : '---:'));
  return [row(head), row(rule), ...rows.map(row)].join('\n');
}

/** `12 s`, or `12 s – 0.3 h` where runs differ. */
function span(values: readonly (number | null)[]): string {
  const known = values.filter((value) => value !== null).sort((a, b) => a - b);
  if (known.length === 0) return '–';
  const [low, high] = [time(known[0]), time(known[known.length - 1])];
  return low === high ? low : `${low} – ${high}`;
}

/** Of one kind, what all runs come to. */
function kindRow(policy: string, kind: string, runs: readonly SavedRun[]): (string | number)[] {
  const found = runs.flatMap(({ results }) => results[policy].kinds.filter((one) => one.kind === kind));
  const planted = sum(found, (one) => one.planted);
  const mean = (of: (one: KindResult) => number): string =>
    (sum(found, (one) => of(one) * one.planted) / planted).toFixed(2);
  const rules = [...new Set(found.flatMap((one) => one.rules))].sort();
  return [
    kind,
    planted,
    sum(found, (one) => one.alerted),
    sum(found, (one) => one.limited),
    sum(found, (one) => one.stopped),
    span(found.map((one) => one.secondsToAlert)),
    span(found.map((one) => one.secondsToAct)),
    span(found.map((one) => one.secondsToStop)),
    mean((one) => one.eurosToAlert),
    mean((one) => one.eurosToStop),
    mean((one) => one.euros),
    rules.map((rule) => rule.replace(`${policy}.`, '')).join(', ') || '–',
  ];
}

const KIND_HEAD = [
  ...['kind', 'planted', 'alerted', 'limited', 'stopped', 'to alert', 'to act', 'to stop'],
  ...['€ to alert', '€ to stop', '€ in all', 'told by'],
];

/** Rules and, of the subjects that they named, how many were frauds or attacks. */
function ruleRows(policy: string, runs: readonly SavedRun[]): (string | number)[][] {
  const all = runs.flatMap(({ results }) => results[policy].rules);
  return [...new Set(all.map(({ rule }) => rule))].sort().map((name) => {
    const own = all.filter(({ rule }) => rule === name);
    const subjects = sum(own, (one) => one.subjects);
    const right = sum(own, (one) => one.fraudulent);
    return [
      name,
      subjects,
      right,
      sum(own, (one) => one.honest),
      sum(own, (one) => one.limitedHonest),
      sum(own, (one) => one.stoppedHonest),
      `${Math.round((100 * right) / subjects)} %`,
    ];
  });
}

/** By who they are: how many honest subjects, the worst that was done, by which rules. */
function honestRows(policy: string, runs: readonly SavedRun[]): (string | number)[][] {
  const named = runs.flatMap((run) => {
    const simulation = new Simulation(simulationOptions(run));
    return run.results[policy].honest.map((one) => ({ who: plainWho(simulation, one), ...one }));
  });
  return [...new Set(named.map(({ who }) => who))].sort().map((who) => {
    const own = named.filter((one) => one.who === who);
    const count = (done: Done): number => own.filter((one) => one.done === done).length;
    const rules = [...new Set(own.flatMap((one) => one.rules))].sort();
    return [
      who,
      count('stopped'),
      count('limited'),
      count('alerted'),
      rules.map((rule) => rule.replace(`${policy}.`, '')).join(', '),
    ];
  });
}

/** Without numbers: `Office 12, 80 calls a day` is one of the offices. */
function plainWho(simulation: Simulation, wronged: Wronged): string {
  const who = whoIs(simulation, wronged);
  return /^(Household|Office|Company|Call centre)/.exec(who)?.[1].toLowerCase() ?? who;
}

export function tables(runs: readonly SavedRun[]): string {
  const lineMonths = sum(runs, ({ lines, days }) => (lines * days) / 30_000);
  const ids = Object.keys(runs[0].results);
  const honestBy = (id: string, done: Done): number =>
    sum(runs, ({ results }) => results[id].honest.filter((one) => one.done === done).length);
  const overview = ids.map((id) => {
    const kinds = runs.flatMap(({ results }) => results[id].kinds);
    const share = (of: (one: KindResult) => number): string =>
      `${Math.round((100 * sum(kinds, of)) / sum(kinds, ({ planted }) => planted))} %`;
    const each = (done: Done): string =>
      `${honestBy(id, done)} (${(honestBy(id, done) / lineMonths).toFixed(1)})`;
    return [
      id,
      share(({ alerted }) => alerted),
      share(({ limited, stopped }) => limited + stopped),
      share(({ stopped }) => stopped),
      `${Math.round(sum(kinds, ({ eurosToStop, planted }) => eurosToStop * planted))} of ${Math.round(sum(kinds, ({ euros, planted }) => euros * planted))}`,
      each('stopped'),
      each('limited'),
      each('alerted'),
    ];
  });
  const parts = [
    ...runs.map(
      ({ lines, days, seed, messages, seconds }) =>
        `- seed ${seed}: ${lines} lines, ${days} days, ${messages} messages, ${Math.round(seconds)} s`,
    ),
    '',
    table(
      [
        ...['policy', 'frauds alerted', 'acted on', 'stopped', '€ until stopped', 'honest stopped'],
        ...['honest limited', 'honest alerted only'],
      ],
      overview,
    ),
    '',
  ];
  for (const id of ids) {
    const kinds = [
      ...new Set(runs.flatMap(({ results }) => results[id].kinds.map(({ kind }) => kind))),
    ].sort();
    parts.push(
      `### ${id}`,
      '',
      table(
        KIND_HEAD,
        kinds.map((kind) => kindRow(id, kind, runs)),
      ),
      '',
    );
    parts.push(
      table(
        ['rule', 'subjects', 'frauds', 'honest', 'honest limited', 'honest stopped', 'precision'],
        ruleRows(id, runs),
      ),
      '',
    );
    const honest = honestRows(id, runs);
    if (honest.length > 0)
      parts.push(table(['honest', 'stopped', 'limited', 'alerted only', 'by'], honest), '');
  }
  return parts.join('\n');
}

if (import.meta.main) {
  const runs = process.argv.slice(2).map((file) => JSON.parse(readFileSync(file, 'utf8')) as SavedRun);
  if (runs.length === 0) throw new RangeError('node bench/detection-tables.ts FILE…');
  process.stdout.write(tables(runs));
}
