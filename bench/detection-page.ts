import { shortNumber } from '../cli/output.ts';
import { type Column, renderTable } from '../cli/table.ts';
import type { Incident } from '../simulate/look-alikes/incidents.ts';
import type { Simulation } from '../simulate/simulation.ts';
import type { Options, Run } from './detection.ts';
import type { DetectionResult, KindResult, RuleResult, Wronged } from './detection-report.ts';

const WIDTH = 260;

const percent = (share: number | null): string => (share === null ? '-' : `${Math.round(share * 100)} %`);
const euros = (value: number): string => value.toFixed(2);
export const time = (seconds: number | null): string =>
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
  { title: 'ALERTED', value: ({ alerted }) => String(alerted), align: 'right' },
  { title: 'LIMITED', value: ({ limited }) => String(limited), align: 'right' },
  { title: 'STOPPED', value: ({ stopped }) => String(stopped), align: 'right' },
  { title: 'PRECISION', value: ({ precision }) => percent(precision), align: 'right' },
  { title: 'TO ALERT', value: ({ secondsToAlert }) => time(secondsToAlert), align: 'right' },
  { title: 'TO ACT', value: ({ secondsToAct }) => time(secondsToAct), align: 'right' },
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
  { title: 'HONEST LIMITED', value: ({ limitedHonest }) => String(limitedHonest), align: 'right' },
  { title: 'HONEST STOPPED', value: ({ stoppedHonest }) => String(stoppedHonest), align: 'right' },
];

/** Who somebody honest is, if it is one of those that look like something else, or much used. */
export function whoIs({ operator, lookAlikes }: Simulation, { subject, customer }: Wronged): string {
  const address = subject.startsWith('source ') ? subject.slice(7) : null;
  const owner = operator.customers.find(({ id, site }) => id === customer || site === address);
  if (owner === undefined) return '-';
  const played = lookAlikes.find(({ customers }) => customers.includes(owner));
  if (played !== undefined) return played.kind;
  const callsPerDay = [
    ...owner.lines,
    ...operator.trunks.filter(({ customer: { id } }) => id === owner.id),
  ].reduce((sum, { habits }) => sum + habits.callsPerDay, 0);
  return `${owner.name}, ${Math.round(callsPerDay)} calls a day`;
}

const iso = (ms: number): string => new Date(ms).toISOString().slice(0, 16).replace('T', ' ');

function honestColumns(simulation: Simulation): readonly Column<Wronged>[] {
  return [
    { title: 'HONEST SUBJECT', value: ({ subject }) => subject },
    { title: 'WHO', value: (wronged) => whoIs(simulation, wronged) },
    { title: 'WORST', value: ({ done }) => done },
    { title: 'FIRST', value: ({ firstMs }) => iso(firstMs) },
    { title: 'RULES', value: ({ rules }) => rules.join(' ') },
  ];
}

function duringIncident({ kind, from, to }: Incident, { honest }: DetectionResult): string {
  const named = honest.filter(({ firstMs }) => firstMs >= from && firstMs <= to + 3_600_000);
  const stopped = named.filter(({ done }) => done !== 'alerted').length;
  return `${kind} at ${iso(from)}: ${named.length} honest subjects first named in it or the hour after, ${stopped} limited or stopped`;
}

function ofPolicy(id: string, result: DetectionResult, simulation: Simulation): string[] {
  const { kinds, rules, honest, per1000LinesAndMonth: rate, aftermath, held, attacks } = result;
  const each = (done: Wronged['done']): number => honest.filter((one) => one.done === done).length;
  return [
    `== ${id} (and network)`,
    '',
    renderTable(kindColumns, kinds, WIDTH),
    '',
    renderTable(ruleColumns, rules, WIDTH),
    '',
    ...(honest.length === 0 ? [] : [renderTable(honestColumns(simulation), honest, WIDTH), '']),
    `Honest subjects, in all and per 1,000 lines and month: stopped ${each('stopped')} (${shortNumber(rate.stopped)}), limited ${each('limited')} (${shortNumber(rate.limited)}), alerted only ${each('alerted')} (${shortNumber(rate.alerted)})`,
    ...simulation.incidents.map((incident) => duringIncident(incident, result)),
    `Subjects told of again more than an hour after their fraud was over: ${aftermath}. Actions held by the brake: ${held}`,
    `Attacks from outside: ${attacks.planted}, alerted ${attacks.alerted}, sources stopped ${attacks.stopped}`,
    '',
  ];
}

export function renderReport(
  { lines, days, seed, fromMs }: Options,
  { results, messages, simulation }: Run,
  seconds: number,
): string {
  return [
    `${lines} lines, ${days} days from ${new Date(fromMs).toISOString()}, seed ${seed}: ${messages} messages in ${shortNumber(seconds)} s, at most ${Math.round(process.resourceUsage().maxRSS / 1024)} MiB`,
    '',
    ...[...results].flatMap(([id, result]) => ofPolicy(id, result, simulation)),
    'ALERTED: told of at all. LIMITED: goes on calling, without its number, within its number of calls, or paying by the minute. STOPPED: outgoing',
    'calls or registrations refused. PRECISION: of the subjects that the rules in TOLD BY named, those that were a fraud or an attack. TO …: median',
    'over those found. €: wholesale, mean over all planted. € TO STOP: all calls begun before the stop, to their end; one that is not stopped costs all.',
  ].join('\n');
}
