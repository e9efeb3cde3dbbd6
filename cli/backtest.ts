import { Command } from 'commander';
import { type BacktestReport, compareReplays, type Fate } from './backtest-report.ts';
import { usageFailure } from './exit.ts';
import { outputWidth, printData, printJson, shortNumber, shortTime } from './output.ts';
import { requireFrames, runReplay } from './replay-run.ts';
import { type Column, renderTable } from './table.ts';

const MAXIMUM_ROWS = 100;

const columns: readonly Column<Fate>[] = [
  { title: 'SUBJECT', value: ({ subject }) => `${subject.kind} ${subject.id}`, flexible: true },
  { title: 'WOULD', value: ({ action }) => (action === 'block-registration' ? 'block' : action) },
  { title: 'RULE', value: ({ rule }) => rule, flexible: true },
  { title: 'VALUE', value: ({ value }) => shortNumber(value), align: 'right' },
  { title: 'LIMIT', value: ({ limit }) => shortNumber(limit), align: 'right' },
  { title: 'AT', value: ({ at }) => shortTime(at).slice(0, 16) },
];

export function renderBacktest(report: BacktestReport, width: number): string {
  const section = (title: string, fates: readonly Fate[]): string[] =>
    fates.length === 0
      ? ['', `${title}: none`]
      : [
          '',
          `${title}: ${fates.length}`,
          renderTable(columns, fates.slice(0, MAXIMUM_ROWS), width),
          ...(fates.length > MAXIMUM_ROWS
            ? [`… and ${fates.length - MAXIMUM_ROWS} more; --json has them all`]
            : []),
        ];
  const { present, candidate } = report;
  return [
    `${shortTime(report.from)} to ${shortTime(report.to)}`,
    `in force: ${present.acted} acted on, ${present.alerted} alerted; candidate: ${candidate.acted} acted on, ${candidate.alerted} alerted`,
    ...section('Newly acted on', report.newlyActedOn),
    ...section('No longer acted on', report.noLongerActedOn),
    ...section('Newly alerted', report.newlyAlerted),
    ...section('No longer alerted', report.noLongerAlerted),
  ].join('\n');
}

interface Options {
  readonly config?: string;
  readonly policy?: string;
  readonly candidate?: string;
  readonly candidatePolicy?: string;
  readonly json?: boolean;
}

export function backtestCommand(): Command {
  return new Command('backtest')
    .argument('<file...>', 'recorded traffic: pcap or pcapng, with SIP or HEP inside')
    .description('judge recorded traffic by changed rules: who would newly be suspended, who no longer')
    .option('--config <file>', 'configuration in force (default: none)')
    .option('--policy <name>', 'policy in force')
    .option('--candidate <file>', 'changed configuration (default: the one in force)')
    .option('--candidate-policy <name>', 'policy to try (default: the one in force)')
    .option('--json', 'print JSON')
    .action(async (files: string[], options: Options) => {
      const { config, policy, candidate = config, candidatePolicy = policy, json } = options;
      if (candidate === config && candidatePolicy === policy)
        throw usageFailure(
          'Nothing to compare: --candidate names a changed configuration, --candidate-policy another policy.',
        );
      const present = await runReplay(files, named(config, policy));
      requireFrames(present);
      const changed = await runReplay(files, named(candidate, candidatePolicy));
      const report = compareReplays(present, changed);
      if (json) printJson(report);
      else printData(renderBacktest(report, outputWidth()));
    });
}

function named(config: string | undefined, policy: string | undefined): { config?: string; policy?: string } {
  return { ...(config === undefined ? {} : { config }), ...(policy === undefined ? {} : { policy }) };
}
