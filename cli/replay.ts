import { Command } from 'commander';
import type { ReplayCost, ReplayReport } from '../daemon/replay-report.ts';
import { actionName } from './action-names.ts';
import { outputWidth, printData, printJson, shortNumber, shortTime } from './output.ts';
import { requireFrames, runReplay } from './replay-run.ts';
import { type Column, printable, renderTable } from './table.ts';

const MAXIMUM_ROWS = 40;

type Row<Key extends keyof ReplayReport> = ReplayReport[Key] extends readonly (infer Each)[] ? Each : never;

const sourceColumns: readonly Column<Row<'sources'>>[] = [
  { title: 'SOURCE', value: ({ address }) => address, flexible: true },
  { title: 'MESSAGES', value: ({ messages }) => String(messages), align: 'right' },
  { title: 'PEAK/S', value: ({ peakMessagesPerSecond }) => String(peakMessagesPerSecond), align: 'right' },
  { title: 'TRANSACTIONS', value: ({ transactions }) => String(transactions), align: 'right' },
  {
    title: 'PEAK/S',
    value: ({ peakTransactionsPerSecond }) => String(peakTransactionsPerSecond),
    align: 'right',
  },
];

const percent = (share: number | null) => (share === null ? '-' : `${shortNumber(share * 100)}%`);

const lineColumns: readonly Column<Row<'lines'>>[] = [
  { title: 'LINE', value: ({ line, verified }) => (verified ? line : `${line} ?`), flexible: true },
  { title: 'ATTEMPTS', value: ({ attempts }) => String(attempts), align: 'right' },
  { title: 'ANSWERED', value: ({ answered }) => String(answered), align: 'right' },
  { title: 'ASR', value: ({ asr }) => percent(asr), align: 'right' },
  { title: 'ACD s', value: ({ acdSeconds }) => shortNumber(acdSeconds), align: 'right' },
  { title: 'NUMBERS', value: ({ distinctDestinations }) => String(distinctDestinations), align: 'right' },
  { title: 'AT ONCE', value: ({ maxSimultaneousCalls }) => String(maxSimultaneousCalls), align: 'right' },
  { title: 'DEVICES', value: ({ registeredDevices }) => String(registeredDevices), align: 'right' },
];

const callColumns: readonly Column<Row<'calls'>>[] = [
  { title: 'START', value: ({ start }) => shortTime(start) },
  { title: 'LINE', value: ({ line }) => line, flexible: true },
  { title: 'CALLED', value: ({ called }) => called, flexible: true },
  { title: 'OUTCOME', value: ({ outcome }) => outcome },
  { title: 'SECONDS', value: ({ durationSeconds }) => shortNumber(durationSeconds), align: 'right' },
];

const cost = ({ cost }: { cost: ReplayCost | null }): string =>
  cost === null ? '-' : `${cost.total.toFixed(2)} ${cost.currency}`;

/** Only where something has a price: the table is wide enough without. */
function withCost<Each extends { cost: ReplayCost | null }>(
  columns: readonly Column<Each>[],
  rows: readonly Each[],
): readonly Column<Each>[] {
  if (rows.every(({ cost }) => cost === null)) return columns;
  return [...columns, { title: 'COST', value: cost, align: 'right' }];
}

const endpointColumns: readonly Column<Row<'endpoints'>>[] = [
  { title: 'ENDPOINT', value: ({ source }) => source },
  { title: 'USER AGENT', value: ({ userAgent }) => userAgent, flexible: true },
  { title: 'ALG', value: ({ alg }) => alg.verdict },
  { title: 'NAT', value: ({ nat }) => nat.verdict },
];

const findingColumns: readonly Column<Row<'findings'>>[] = [
  { title: 'AT', value: ({ at }) => shortTime(at).slice(11) },
  { title: 'RULE', value: ({ rule }) => rule, flexible: true },
  { title: 'SUBJECT', value: ({ subject }) => `${subject.kind} ${subject.id}`, flexible: true },
  { title: 'VALUE', value: ({ value }) => shortNumber(value), align: 'right' },
  { title: 'LIMIT', value: ({ limit }) => shortNumber(limit), align: 'right' },
  { title: 'WOULD', value: ({ action }) => actionName(action) },
];

function section<Each>(
  title: string,
  columns: readonly Column<Each>[],
  rows: readonly Each[],
  width: number,
): string[] {
  if (rows.length === 0) return [];
  const left = rows.length - MAXIMUM_ROWS;
  const more = left > 0 ? [`… and ${left} more; --json has them all`] : [];
  return ['', title, renderTable(columns, rows.slice(0, MAXIMUM_ROWS), width), ...more];
}

export function renderReport(report: ReplayReport, width: number): string {
  const { capture, sources, lines, calls, endpoints, findings } = report;
  const span = capture.from === null ? [] : [`${shortTime(capture.from)} to ${shortTime(capture.to)}`];
  const unverified = lines.some(({ verified }) => !verified);
  return [
    `${capture.frames} frames, ${capture.messages} SIP messages, ${capture.malformed} malformed, ${capture.duplicates} duplicates`,
    ...span,
    ...(capture.strangerMessages > 0
      ? [`${capture.strangerMessages} messages have no proxy on either side: counted nowhere`]
      : []),
    ...capture.faults.map((fault) => `fault: ${printable(fault)}`),
    ...section('Sources', sourceColumns, sources, width),
    ...section('Lines', withCost(lineColumns, lines), lines, width),
    ...(unverified ? ['?: the claimed From user, which nothing proves'] : []),
    ...section('Calls', withCost(callColumns, calls), calls, width),
    ...section('Endpoints', endpointColumns, endpoints, width),
    ...(findings.length === 0
      ? ['', 'No rule was broken.']
      : section('Findings', findingColumns, findings, width)),
  ].join('\n');
}

interface Options {
  readonly config?: string;
  readonly policy?: string;
  readonly deck?: string;
  readonly json?: boolean;
}

export function replayCommand(): Command {
  return new Command('replay')
    .argument('<file...>', 'captures: pcap or pcapng, with SIP or HEP inside')
    .description(
      'run captures through the pipeline on capture time: what was counted, what would have been decided',
    )
    .option('--config <file>', 'configuration with network, directory and policies (default: none)')
    .option('--policy <name>', 'judge by this policy')
    .option('--deck <file>', 'rate deck (CSV) for calls that no plan of the directory prices')
    .option('--json', 'print JSON')
    .action(async (files: string[], { config, policy, deck, json }: Options) => {
      const report = await runReplay(files, {
        ...(config === undefined ? {} : { config }),
        ...(policy === undefined ? {} : { policy }),
        ...(deck === undefined ? {} : { deck }),
      });
      if (json) printJson(report);
      else printData(renderReport(report, outputWidth()));
      requireFrames(report);
    });
}
