import { Command } from 'commander';
import type { ClaimFile } from '../daemon/dossier/claims.ts';
import { type ApiOptions, apiClient, withApiOptions } from './api-client.ts';
import { deliver, timeOption } from './dossier.ts';
import { outputWidth, printData, printJson, talk } from './output.ts';
import { renderTable } from './table.ts';

interface ClaimOptions extends ApiOptions {
  readonly from?: string;
  readonly to?: string;
  readonly csv?: boolean;
  readonly output?: string;
}

function renderClaim({ calls }: ClaimFile, width: number): string {
  return renderTable(
    [
      { title: 'date', value: ({ date }) => date },
      { title: 'time', value: ({ time }) => time },
      { title: 'line', value: ({ line }) => line },
      { title: 'number', value: ({ number }) => number ?? '-' },
      {
        title: 'seconds',
        value: ({ durationSeconds }) =>
          durationSeconds === null ? '-' : String(Math.round(durationSeconds)),
        align: 'right',
      },
      { title: 'clause', value: ({ clause }) => clause, flexible: true },
      { title: 'claim by', value: ({ claimBy, inTime }) => `${claimBy}${inTime ? '' : ' (over)'}` },
    ],
    calls,
    width,
  );
}

export function claimsCommand(): Command {
  const offSite = withApiOptions(new Command('off-site').argument('<subject>', 'a line or a customer'))
    .description("calls from outside a client's sites, for a refund claim (Voxbi 8.12)")
    .option('--from <time>', 'calls from then on (default: 30 days ago, the time to claim)')
    .option('--to <time>', 'calls up to then (default: now)')
    .option('--csv', 'print CSV')
    .option('--output <file>', 'where to write it (default: stdout)')
    .action(async (subject: string, options: ClaimOptions) => {
      const [from, to] = [timeOption('--from', options.from), timeOption('--to', options.to)];
      const query = new URLSearchParams({
        subject,
        ...(from === null ? {} : { from }),
        ...(to === null ? {} : { to }),
        ...(options.csv ? { format: 'csv' } : {}),
      });
      const client = apiClient(options);
      if (options.csv) return deliver(await client.text(`/v1/claims/off-site?${query}`), options.output);
      const file = await client.get<ClaimFile>(`/v1/claims/off-site?${query}`);
      if (options.output !== undefined) return deliver(`${JSON.stringify(file, null, 2)}\n`, options.output);
      if (options.json) return printJson(file);
      if (!file.complete) talk('There are more findings than were looked at: narrow --from and --to.');
      if (file.calls.length === 0) return talk('No calls from outside the sites were found.');
      printData(renderClaim(file, outputWidth()));
      talk(
        `${file.calls.length} calls, times of ${file.timezone}. Whether an attack came from outside, a person decides.`,
      );
    });
  return new Command('claims').description('files for claims').addCommand(offSite);
}
