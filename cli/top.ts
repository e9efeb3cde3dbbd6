import { Command, InvalidArgumentError, Option } from 'commander';
import { type ApiClient, type ApiOptions, apiClient, withApiOptions } from './api-client.ts';
import { outputWidth, printData, printJson, shortNumber } from './output.ts';
import { Screen } from './screen.ts';
import { type Column, printable, renderTable } from './table.ts';

const SORTS = ['pressure', 'rate'] as const;
type Sort = (typeof SORTS)[number];
const KINDS = ['line', 'customer', 'trunk', 'source', 'called'] as const;
const BAR_WIDTH = 10;
/** Rows of the screen that are not the table's. */
const FRAME_ROWS = 5;

/** As RankedSchema in daemon/admin/routes/ranking.ts. */
export interface Row {
  readonly subject: { readonly kind: string; readonly id: string };
  readonly customer: string | null;
  readonly rule: string;
  readonly mode: string;
  readonly value: number;
  readonly limit: number;
  readonly unit: string;
  readonly share: number;
  readonly breached: boolean;
  readonly perSecond: number | null;
  readonly sample: number | null;
  readonly minimumSample: number;
}

/** `#######---  72 %`; OVER beyond the limit; `5 of 30` while the value rests on fewer events than the rule asks for. */
export function shareText({ share, breached, sample, minimumSample }: Row): string {
  if (sample !== null && sample < minimumSample)
    return `${'.'.repeat(BAR_WIDTH)} ${sample} of ${minimumSample}`;
  const filled = Math.min(BAR_WIDTH, Math.floor(share * BAR_WIDTH));
  const bar = '#'.repeat(filled) + '-'.repeat(BAR_WIDTH - filled);
  return `${bar} ${breached ? 'OVER' : `${Math.floor(share * 100)} %`}`;
}

const columns: readonly Column<Row>[] = [
  { title: 'SUBJECT', value: ({ subject }) => `${subject.kind} ${subject.id}`, flexible: true },
  { title: 'OF LIMIT', value: shareText },
  { title: 'VALUE', value: ({ value }) => shortNumber(value), align: 'right' },
  { title: 'LIMIT', value: ({ limit }) => shortNumber(limit), align: 'right' },
  { title: 'PER S', value: ({ perSecond }) => shortNumber(perSecond), align: 'right' },
  { title: 'RULE', value: ({ rule }) => rule, flexible: true },
];

export function renderTop(rows: readonly Row[], width: number): string {
  if (rows.length === 0) return 'Nothing is near a limit: no traffic has been measured yet.';
  return renderTable(columns, rows, width);
}

interface Brake {
  readonly engaged: boolean;
  readonly reason: string | null;
}

interface View {
  sort: Sort;
  kind: string | null;
}

function headline({ sort, kind }: View, { engaged, reason }: Brake, now: Date): string {
  const order = sort === 'pressure' ? 'nearest to their limits first' : 'busiest first';
  const brake = engaged ? ` BRAKE HOLDS: ${printable(reason ?? '')}` : '';
  return `vigie top ${now.toISOString().slice(11, 19)}Z  ${kind ?? 'all'}, ${order}${brake}`;
}

function rankingPath({ sort, kind }: View, limit: number): string {
  const parameters = new URLSearchParams({ sort, limit: String(Math.min(Math.max(limit, 1), 200)) });
  if (kind !== null) parameters.set('kind', kind);
  return `/v1/subjects?${parameters}`;
}

interface Options extends ApiOptions {
  readonly sort: Sort;
  readonly kind?: string;
  readonly interval: number;
  readonly once?: boolean;
}

async function watch(client: ApiClient, view: View, intervalSeconds: number): Promise<void> {
  const screen = new Screen(process.stdout, process.stdin);
  const draw = async (): Promise<void> => {
    try {
      const [{ items }, brake] = await Promise.all([
        client.get<{ items: readonly Row[] }>(rankingPath(view, screen.rows - FRAME_ROWS)),
        client.get<Brake>('/v1/brake'),
      ]);
      screen.draw([
        headline(view, brake, new Date()),
        '',
        ...renderTop(items, screen.columns).split('\n'),
        '',
        'p nearest to the limit  r busiest  k kind  q quit',
      ]);
    } catch (error) {
      // A daemon that restarts comes back; what was shown last would pass for the present.
      screen.draw([(error as Error).message, '', 'Trying again. q quit']);
    }
  };
  await screen.run(draw, intervalSeconds * 1_000, (key) => {
    if (key === 'q') return false;
    if (key === 'p') view.sort = 'pressure';
    if (key === 'r') view.sort = 'rate';
    if (key === 'k')
      view.kind = [...KINDS, null][(KINDS.indexOf(view.kind as never) + 1) % (KINDS.length + 1)] ?? null;
    return true;
  });
}

function seconds(text: string): number {
  const value = Number(text);
  if (!(value >= 0.5 && value <= 3_600)) throw new InvalidArgumentError('seconds, from 0.5 to 3600.');
  return value;
}

export function topCommand(): Command {
  return withApiOptions(new Command('top'))
    .description('the busiest subjects and those nearest to their limits, live in the terminal')
    .addOption(new Option('--sort <order>', 'what comes first').choices([...SORTS]).default('pressure'))
    .addOption(new Option('--kind <kind>', 'only these subjects').choices([...KINDS]))
    .option('--interval <seconds>', 'between two looks', seconds, 2)
    .option('--once', 'print once and end, as into a pipe or with --json')
    .action(async (options: Options) => {
      const client = apiClient(options);
      const view: View = { sort: options.sort, kind: options.kind ?? null };
      if (!options.once && !options.json && process.stdout.isTTY && process.stdin.isTTY)
        return watch(client, view, options.interval);
      const page = await client.get<{ items: readonly Row[] }>(rankingPath(view, 50));
      if (options.json) printJson(page);
      else printData(renderTop(page.items, outputWidth()));
    });
}
