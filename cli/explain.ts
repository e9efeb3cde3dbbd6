import { Command } from 'commander';
import { type ApiOptions, apiClient, withApiOptions } from './api-client.ts';
import { usageFailure } from './exit.ts';
import { outputWidth, printData, printJson, shortNumber, shortTime } from './output.ts';
import { renderSuspensions, type SuspensionJson } from './suspensions.ts';
import { type Column, printable, renderFields, renderTable } from './table.ts';

const KINDS = ['line', 'customer', 'trunk', 'source', 'called', 'claimed'];

interface Reading {
  readonly rule: string;
  readonly clause: string;
  readonly mode: string;
  readonly value: number | null;
  readonly limit: number | null;
  readonly unit: string | null;
  readonly windowSeconds: number | null;
  readonly tip: string | null;
  readonly sample: number | null;
  readonly breached: boolean;
  readonly significant: boolean;
  readonly since: string | null;
}

/** As ExplanationSchema in daemon/admin/schemas.ts. */
export interface Explanation {
  readonly subject: { readonly kind: string; readonly id: string };
  readonly customer: string | null;
  readonly provisioned: boolean;
  readonly policy: string | null;
  readonly readings: readonly Reading[];
  readonly suspensions: readonly SuspensionJson[];
}

function standing({ value, breached, significant }: Reading): string {
  if (breached) return significant ? 'broken' : 'not significant';
  return value === null ? 'no data' : 'within';
}

const columns: readonly Column<Reading>[] = [
  { title: 'RULE', value: ({ rule }) => rule },
  { title: 'VALUE', value: ({ value }) => shortNumber(value), align: 'right' },
  { title: 'LIMIT', value: ({ limit }) => shortNumber(limit), align: 'right' },
  { title: 'UNIT', value: ({ unit }) => unit ?? '-', flexible: true },
  { title: 'WINDOW', value: ({ windowSeconds }) => windowText(windowSeconds), align: 'right' },
  { title: 'SAMPLE', value: ({ sample }) => shortNumber(sample), align: 'right' },
  { title: 'STANDING', value: standing },
];

/** `1s`, `24h`, `30d`: the greatest unit in which it is a whole number. */
function windowText(seconds: number | null): string {
  if (seconds === null || seconds === 0) return '-';
  // A day is 24 h to everybody who reads a contract.
  const units: [string, number, number][] = [
    ['d', 86_400, 2 * 86_400],
    ['h', 3_600, 3_600],
    ['min', 60, 60],
  ];
  const [unit, length] = units.find(([, each, from]) => seconds % each === 0 && seconds >= from) ?? ['s', 1];
  return `${shortNumber(seconds / length)}${unit}`;
}

/** What the table has no room for: since when, in which mode, by which clause; and what would break the rule next. */
function notesOn(readings: readonly Reading[]): string[] {
  return readings.flatMap(({ rule, since, mode, clause, tip }) => {
    if (since !== null) return [`${rule}: since ${shortTime(since)}, ${mode}, clause ${clause}`];
    return tip === null ? [] : [`${rule}: ${printable(tip)} would break it`];
  });
}

export function renderExplanation(explanation: Explanation, width: number): string {
  const { subject, customer, provisioned, policy, readings, suspensions } = explanation;
  const head = renderFields([
    ['subject', `${subject.kind} ${subject.id}${provisioned ? '' : ' (not in the directory)'}`],
    ['customer', customer],
    ['policy', policy],
  ]);
  const table =
    readings.length === 0
      ? 'No rule applies.'
      : [renderTable(columns, readings, width), ...notesOn(readings)].join('\n');
  const open = suspensions.filter(({ state }) => state !== 'lifted' && state !== 'expired');
  const suspended = open.length === 0 ? 'Not suspended.' : renderSuspensions(open);
  return [head, table, suspended].join('\n\n');
}

export function explainCommand(): Command {
  return withApiOptions(new Command('explain').argument('<kind>', KINDS.join(', ')).argument('<id>'))
    .description('where a subject stands: the reading of every rule, and its suspensions')
    .action(async (kind: string, id: string, options: ApiOptions) => {
      if (!KINDS.includes(kind)) throw usageFailure(`${kind} is no kind of subject: ${KINDS.join(', ')}.`);
      const explanation = await apiClient(options).get<Explanation>(
        `/v1/subjects/${kind}/${encodeURIComponent(id)}`,
      );
      if (options.json) printJson(explanation);
      else printData(renderExplanation(explanation, outputWidth()));
    });
}
