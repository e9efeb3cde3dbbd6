import { writeFileSync } from 'node:fs';
import { dirname, relative } from 'node:path';
import { Command, InvalidArgumentError, Option } from 'commander';
import { stringify } from 'yaml';
import { parisMidnightMs } from '../simulate/calendar.ts';
import { directoryYaml, NETWORK } from '../simulate/directory-yaml.ts';
import { writePcap } from '../simulate/files.ts';
import { FRAUD_KINDS, type FraudKind } from '../simulate/labels.ts';
import { play } from '../simulate/player.ts';
import { Simulation } from '../simulate/simulation.ts';
import { CommandFailure, usageFailure } from './exit.ts';
import { printData, printJson } from './output.ts';

interface Options {
  readonly seed: string;
  readonly lines: number;
  readonly customers?: number;
  readonly trunks?: number;
  readonly days: number;
  readonly from?: number;
  readonly fraud: number;
  readonly kinds?: FraudKind[];
  readonly attacks: boolean;
  readonly legs: 'both' | 'customer';
  readonly out?: string;
  readonly to?: string;
  readonly transport: 'tcp' | 'udp';
  readonly speed: number;
  readonly authKey?: string;
  readonly labels?: string;
  readonly directory?: string;
  readonly config?: string;
  readonly json?: boolean;
}

function numberWithin(least: number, most: number, whole: boolean) {
  return (text: string): number => {
    const value = Number(text);
    if (text.trim() !== '' && value >= least && value <= most && (!whole || Number.isInteger(value)))
      return value;
    throw new InvalidArgumentError(`A ${whole ? 'whole number' : 'number'} from ${least} to ${most}.`);
  };
}

function share(text: string): number {
  const match = /^(\d+(?:\.\d+)?)%?$/.exec(text);
  const value = match === null ? Number.NaN : Number(match[1]) / (text.endsWith('%') ? 100 : 1);
  if (value >= 0 && value <= 1) return value;
  throw new InvalidArgumentError('A share: 1% or 0.01.');
}

function speed(text: string): number {
  const value = Number(/^(\d+(?:\.\d+)?)x?$/.exec(text)?.[1] ?? Number.NaN);
  if (value > 0 && value <= 1e6) return value;
  throw new InvalidArgumentError('Seconds of capture time in a second: 3600x.');
}

function date(text: string): number {
  const [, year, month, day] = /^(\d{4})-(\d{2})-(\d{2})$/.exec(text) ?? [];
  const ms = parisMidnightMs(Number(year), Number(month), Number(day));
  if (!Number.isNaN(ms)) return ms;
  throw new InvalidArgumentError('A date: 2026-12-07.');
}

function kinds(text: string): FraudKind[] {
  return text.split(',').map((kind) => {
    const found = FRAUD_KINDS.find((known) => known === kind.trim());
    if (found === undefined) throw new InvalidArgumentError(`Known kinds: ${FRAUD_KINDS.join(', ')}.`);
    return found;
  });
}

function simulationOf(options: Options): Simulation {
  const { seed, lines, customers, trunks, days, from, fraud, kinds: chosen, attacks, legs } = options;
  if (customers !== undefined && customers > lines)
    throw usageFailure(`--customers ${customers}: more than there are lines (${lines}).`);
  return new Simulation({
    seed,
    lines,
    days,
    fraudShare: fraud,
    attacks,
    bothLegs: legs === 'both',
    ...(customers === undefined ? {} : { customers }),
    ...(trunks === undefined ? {} : { trunks }),
    ...(from === undefined ? {} : { fromMs: from }),
    ...(chosen === undefined ? {} : { kinds: chosen }),
  });
}

async function simulate(options: Options): Promise<void> {
  const { out, to, labels, directory, config, json } = options;
  if (out !== undefined && to !== undefined) throw usageFailure('Either --out or --to, not both.');
  if (out === undefined && to === undefined && directory === undefined && labels === undefined)
    throw usageFailure('Say where it shall go: --out FILE (pcap) or --to ADDRESS:PORT (HEP).');
  const simulation = simulationOf(options);
  if (directory !== undefined) writeFileSync(directory, directoryYaml(simulation.operator));
  if (config !== undefined) {
    const file = directory === undefined ? null : relative(dirname(config), directory);
    writeFileSync(config, stringify({ network: NETWORK, directory: { file } }));
  }
  const packets = await run(simulation, options);
  // Only now is it known what each fraud came to.
  const labelled = simulation.labelsJson();
  if (labels !== undefined) writeFileSync(labels, `${JSON.stringify(labelled, null, 2)}\n`);
  const accounts = [...simulation.ledger.accounts.values()];
  const total = (of: (account: (typeof accounts)[number]) => number): number =>
    accounts.reduce((sum, account) => sum + of(account), 0);
  const summary = {
    seed: options.seed,
    packets,
    from: labelled.from,
    to: labelled.to,
    lines: options.lines,
    trunks: simulation.operator.trunks.length,
    attempts: total(({ attempts }) => attempts),
    answered: total(({ answered }) => answered),
    minutes: Math.round(total(({ talkUs }) => talkUs) / 60e6),
    fraud: labelled.fraud.length,
  };
  if (json) printJson(summary);
  else
    printData(
      `${packets} packets from ${labelled.from} to ${labelled.to}: ${summary.attempts} outgoing calls of ${summary.lines} lines and ${summary.trunks} trunks, ` +
        `${summary.answered} answered, ${summary.minutes} minutes; ${summary.fraud} frauds (seed ${options.seed})`,
    );
}

async function run(simulation: Simulation, options: Options): Promise<number> {
  const { out, to, transport, speed: factor, authKey } = options;
  try {
    if (out !== undefined) return await writePcap(simulation, out);
    if (to !== undefined)
      return await play(simulation, { to, transport, speed: factor, authKey: authKey ?? null });
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code !== undefined || error instanceof RangeError)
      throw new CommandFailure(`${out ?? to}: ${(error as Error).message}`);
    throw error;
  }
  // Labels without packets: gone through all the same, for what the frauds came to.
  let packets = 0;
  if (options.labels !== undefined) for (const _ of simulation.packets()) packets++;
  return packets;
}

export function simulateCommand(): Command {
  return new Command('simulate')
    .description('a synthetic operator, seeded and labelled, as a pcap file or as HEP to a running daemon')
    .option('--seed <text>', 'the same seed gives the same packets', '1')
    .option('--lines <count>', 'lines', numberWithin(1, 100_000, true), 1_000)
    .option(
      '--customers <count>',
      'customers (default: three for five lines)',
      numberWithin(1, 100_000, true),
    )
    .option(
      '--trunks <count>',
      'trunks (default: one for 200 lines, at least 2)',
      numberWithin(0, 1_000, true),
    )
    .option('--days <days>', 'days', numberWithin(0.01, 366, false), 30)
    .option('--from <date>', 'first day, in Paris (default: 2026-12-07)', date)
    .option('--fraud <share>', 'lines with a fraud, rounded up, kinds in turn', share, 0.01)
    .option('--kinds <list>', `only these: ${FRAUD_KINDS.join(',')}`, kinds)
    .option('--no-attacks', 'no scans and forged INVITEs from outside')
    .addOption(
      new Option('--legs <legs>', 'what the capture sees: the leg to the carrier too')
        .choices(['both', 'customer'])
        .default('both'),
    )
    .option('--out <file>', 'write a pcap file')
    .option('--to <address:port>', 'play as HEP')
    .addOption(new Option('--transport <name>', 'of HEP').choices(['tcp', 'udp']).default('tcp'))
    .option('--speed <factor>', 'seconds of capture time in a second', speed, 3_600)
    .option('--auth-key <key>', 'HEP authentication key')
    .option('--labels <file>', 'write what was planted, as JSON')
    .option('--directory <file>', 'write customers, plans, lines and trunks, for directory.file')
    .option(
      '--config <file>',
      'write a configuration with its network and directory, for vigie replay or run',
    )
    .option('--json', 'print JSON')
    .action(simulate);
}
