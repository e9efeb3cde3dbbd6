import { readFileSync, writeFileSync } from 'node:fs';
import { Command } from 'commander';
import { type Dossier, verify } from '../daemon/dossier/chain.ts';
import { dossierInPage, dossierPage } from '../daemon/dossier/page.ts';
import { type ApiClient, type ApiOptions, apiClient, withApiOptions } from './api-client.ts';
import { CommandFailure, usageFailure } from './exit.ts';
import { printData, printJson, talk } from './output.ts';

const MOST_BYTES = 256 * 1_048_576;
/** Pages of 500 entries of the audit that are looked through for a head. */
const MOST_PAGES = 200;

interface ExportOptions extends ApiOptions {
  readonly html?: boolean;
  readonly customer?: boolean;
  readonly from?: string;
  readonly to?: string;
  readonly output?: string;
}

export function timeOption(name: string, written: string | undefined): string | null {
  if (written === undefined) return null;
  const ms = Date.parse(written);
  if (Number.isNaN(ms))
    throw usageFailure(`${name} ${written} is no time: write 2026-11-22 or 2026-11-22T14:00:00Z.`);
  return new Date(ms).toISOString();
}

/** To the file, readable by its owner only, or to stdout. */
export function deliver(text: string, output: string | undefined): void {
  if (output === undefined) {
    printData(text);
    return;
  }
  try {
    writeFileSync(output, text, { mode: 0o600 });
  } catch (error) {
    throw new CommandFailure(`${output} cannot be written (${(error as NodeJS.ErrnoException).code}).`);
  }
  talk(`Written to ${output}.`);
}

function readDossier(file: string): { readonly dossier: unknown; readonly page: string | null } {
  let text: string;
  try {
    const bytes = readFileSync(file);
    if (bytes.length > MOST_BYTES) throw new CommandFailure(`${file} is larger than a dossier can be.`);
    text = bytes.toString('utf8');
  } catch (error) {
    if (error instanceof CommandFailure) throw error;
    throw new CommandFailure(`${file} cannot be read (${(error as NodeJS.ErrnoException).code}).`);
  }
  if (/^\s*</.test(text)) return { dossier: dossierInPage(text), page: text };
  try {
    return { dossier: JSON.parse(text), page: null };
  } catch {
    throw new CommandFailure(`${file} is neither JSON nor a page of Vigie's.`);
  }
}

/** Whether the audit of the daemon names this head, and when it was written. */
async function auditedAt(client: ApiClient, head: string): Promise<string | null> {
  let cursor: string | null = null;
  for (let pages = 0; pages < MOST_PAGES; pages++) {
    const query: string = `limit=500${cursor === null ? '' : `&cursor=${encodeURIComponent(cursor)}`}`;
    const page = await client.get<{ items: Record<string, unknown>[]; cursor: string | null }>(
      `/v1/audit?${query}`,
    );
    const found = page.items.find(
      ({ operation, body }) => operation === 'exportDossier' && String(body).includes(`"${head}"`),
    );
    if (found !== undefined) return String(found['at']);
    if (page.cursor === null) return null;
    cursor = page.cursor;
  }
  return null;
}

function verifyCommand(): Command {
  return withApiOptions(new Command('verify').argument('<file>', 'JSON or HTML, as exported'))
    .description('whether a dossier is as it was made; with --audit, whether the daemon made it')
    .option('--audit', 'ask the running daemon whether its audit has the head (scope admin)')
    .option('--head <hash>', 'the head that it must have, as somebody trusted wrote it down')
    .action(async (file: string, _own: object, command: Command) => {
      // Options that `dossier` has as well are taken by it, wherever they stand.
      const options = command.optsWithGlobals<ApiOptions & { audit?: boolean; head?: string }>();
      const { dossier, page } = readDossier(file);
      const verdict = verify(dossier);
      let fault = verdict.ok ? null : verdict.fault;
      if (fault === null && page !== null && dossierPage(dossier as Dossier) !== page.replace(/\n*$/, '\n'))
        fault =
          'the page is not the one that this Vigie makes of the dossier inside it: it was altered, or made by another version';
      const head = verdict.ok ? verdict.head : null;
      if (fault === null && options.head !== undefined && options.head.toLowerCase() !== head)
        fault = `the head is ${head}, not the one given`;
      const at = fault === null && options.audit ? await auditedAt(apiClient(options), head!) : null;
      if (fault === null && options.audit && at === null)
        fault =
          'the audit of the daemon has no such head: it was made elsewhere, or longer ago than the audit is kept';
      if (options.json)
        printJson({
          ok: fault === null,
          fault,
          head,
          entries: verdict.ok ? verdict.entries : null,
          auditedAt: at,
        });
      if (fault !== null) throw new CommandFailure(`${file}: ${fault}.`);
      if (options.json) return;
      printData(`${file}: ${verdict.ok ? verdict.entries : 0} entries, unaltered`);
      printData(`head ${head}`);
      if (at !== null) printData(`in the audit since ${at}`);
      else talk('That the daemon made it shows in its audit: --audit, or compare the head.');
    });
}

export function dossierCommand(): Command {
  return (
    withApiOptions(new Command('dossier').argument('[id]', 'suspension, or with --customer a customer'))
      .description('all that is kept of a suspension or of a customer, for authorities and courts')
      // What stands after `verify` is its own: --json, --url.
      .enablePositionalOptions()
      .option('--customer', 'the id is a customer: all its lines')
      .option(
        '--from <time>',
        'with --customer: findings and suspensions from then on (default: 90 days ago)',
      )
      .option('--to <time>', 'with --customer: up to then (default: now)')
      .option('--html', 'a page to print instead of JSON; it holds the JSON as well')
      .option('--output <file>', 'where to write it (default: stdout)')
      .action(async (id: string | undefined, options: ExportOptions) => {
        if (id === undefined) throw usageFailure('Name a suspension, or a customer with --customer.');
        const [from, to] = [timeOption('--from', options.from), timeOption('--to', options.to)];
        if (!options.customer && (from !== null || to !== null))
          throw usageFailure('--from and --to go with --customer: a suspension has its own time.');
        const query = new URLSearchParams({
          ...(options.html ? { format: 'html' } : {}),
          ...(from === null ? {} : { from }),
          ...(to === null ? {} : { to }),
        });
        const path = `/v1/${options.customer ? 'customers' : 'suspensions'}/${encodeURIComponent(id)}/dossier?${query}`;
        const client = apiClient(options);
        if (options.html) return deliver(await client.text(path), options.output);
        deliver(`${JSON.stringify(await client.get(path), null, 2)}\n`, options.output);
      })
      .addCommand(verifyCommand())
  );
}
