import { Command } from 'commander';
import { type ApiOptions, apiClient, withApiOptions } from './api-client.ts';
import { printData, printJson, talk } from './output.ts';

interface Erased {
  readonly erased: { readonly keys: number; readonly alerts: number; readonly suspensions: number };
  readonly kept: readonly { readonly what: string; readonly why: string }[];
}

const pathOf = (line: string): string => `/v1/subjects/line/${encodeURIComponent(line)}`;

export function privacyCommand(): Command {
  const exporting = withApiOptions(
    new Command('export')
      .argument('<line>')
      .description('everything that is kept about a line, as JSON, for the person it belongs to'),
  ).action(async (line: string, options: ApiOptions) => {
    printJson(await apiClient(options).get(`${pathOf(line)}/export`));
  });
  const erasing = withApiOptions(
    new Command('erase')
      .argument('<line>')
      .description('erase what is kept about a line; what must stay is named')
      .requiredOption('--reason <text>', 'why; goes to the audit')
      .option('--by <name>', 'who asks for it (default: the name of the token)'),
  ).action(async (line: string, options: ApiOptions & { reason: string; by?: string }) => {
    const query = new URLSearchParams({
      reason: options.reason,
      ...(options.by === undefined ? {} : { by: options.by }),
    });
    const done = await apiClient(options).delete<Erased>(`${pathOf(line)}/data?${query}`);
    if (options.json) return printJson(done);
    const { keys, alerts, suspensions } = done.erased;
    printData(`erased: ${keys} windows and records, ${alerts} alerts, ${suspensions} closed suspensions`);
    talk('Kept:');
    for (const { what, why } of done.kept) talk(`  ${what}: ${why}`);
  });
  return new Command('privacy')
    .description('what is kept about a line: export and erasure (docs/privacy.md)')
    .addCommand(exporting)
    .addCommand(erasing);
}
