import { Command } from 'commander';
import { type ApiOptions, apiClient, withApiOptions, withPostOptions } from './api-client.ts';
import { usageFailure } from './exit.ts';
import { printData, printJson, shortTime, talk } from './output.ts';
import { currentUser } from './suspensions.ts';
import { printable, renderFields } from './table.ts';

/** As CreditSchema in daemon/admin/routes/credit.ts. */
interface CreditJson {
  readonly customer: string;
  readonly currency: string;
  readonly owed: number | null;
  readonly threshold: number | null;
  readonly suspension: string | null;
  readonly entries: readonly {
    readonly at: string;
    readonly paid: number;
    readonly threshold: number | null;
    readonly reference: string | null;
    readonly by: string;
    readonly reason: string;
  }[];
}

interface ChangeOptions extends ApiOptions {
  readonly reason: string;
  readonly by?: string;
  readonly reference?: string;
}

const pathOf = (id: string) => `/v1/customers/${encodeURIComponent(id)}/credit`;

function money(amount: number, currency: string): string {
  return `${amount.toFixed(Number.isInteger(Math.round(amount * 1e6) / 1e4) ? 2 : 6)} ${currency}`;
}

export function renderCredit({
  customer,
  currency,
  owed,
  threshold,
  suspension,
  entries,
}: CreditJson): string {
  const head = renderFields([
    ['customer', customer],
    ['owes', owed === null ? 'not kept: no rule about credit in its policy' : money(owed, currency)],
    ['threshold', threshold === null ? 'none' : money(threshold, currency)],
    ['suspended', suspension ?? 'no'],
  ]);
  const lines = entries.map(({ at, paid, threshold: to, reference, by, reason }) => {
    const what = [
      ...(paid > 0 ? [`paid ${money(paid, currency)}`] : []),
      ...(to === null ? [] : [`threshold ${money(to, currency)}`]),
      ...(reference === null ? [] : [`(${reference})`]),
    ];
    return printable(`${shortTime(at)}  ${what.join(', ')}  ${by}: ${reason}`);
  });
  return [head, ...(lines.length === 0 ? [] : ['', ...lines])].join('\n');
}

function show(credit: CreditJson, { json }: ApiOptions): void {
  if (json) printJson(credit);
  else printData(renderCredit(credit));
}

function amountOf(written: string): number {
  if (!/^\d{1,9}(\.\d{1,6})?$/.test(written))
    throw usageFailure(`${written} is no amount: write 25 or 12.50, with a point.`);
  return Number(written);
}

async function change(id: string, what: object, options: ChangeOptions): Promise<void> {
  const credit = await apiClient(options).post<CreditJson>(pathOf(id), {
    ...what,
    reason: options.reason,
    by: options.by ?? currentUser(),
    ...(options.reference === undefined ? {} : { reference: options.reference }),
  });
  talk(
    credit.suspension === null
      ? 'Recorded. Not suspended for credit.'
      : 'Recorded. Still suspended for credit.',
  );
  show(credit, options);
}

const changing = (command: Command): Command =>
  withPostOptions(command)
    .requiredOption('--reason <text>', 'why; goes to the audit')
    .option('--by <name>', 'who records it (default: the user of this shell)')
    .option('--reference <text>', 'of the payment; sent again it changes nothing');

export function creditCommand(): Command {
  const showing = withApiOptions(new Command('show').argument('<customer>'))
    .description('what a customer owes for calls, its threshold, the last payments')
    .action(async (id: string, options: ApiOptions) =>
      show(await apiClient(options).get<CreditJson>(pathOf(id)), options),
    );
  const pay = changing(
    new Command('pay')
      .argument('<customer>')
      .argument('<amount>', 'in the currency of the rate decks, or `all`'),
  )
    .description('record a payment; lifts the suspension for credit when little enough is owed')
    .action((id: string, amount: string, options: ChangeOptions) =>
      change(id, amount === 'all' ? { all: true } : { amount: amountOf(amount) }, options),
    );
  const raise = changing(
    new Command('raise').argument('<customer>').argument('<threshold>', 'in the currency of the rate decks'),
  )
    .description('set the credit threshold; lifts the suspension for credit when it is no longer passed')
    .action((id: string, threshold: string, options: ChangeOptions) =>
      change(id, { threshold: amountOf(threshold) }, options),
    );
  return new Command('credit')
    .description('what customers owe for calls: see it, record payments, set thresholds')
    .addCommand(showing)
    .addCommand(pay)
    .addCommand(raise);
}
