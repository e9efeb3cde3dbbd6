import { Command } from 'commander';
import { type ApiOptions, apiClient, withApiOptions, withPostOptions } from './api-client.ts';
import { printData, printJson } from './output.ts';
import { currentUser } from './suspensions.ts';
import { printable } from './table.ts';

interface BrakeJson {
  readonly engaged: boolean;
  readonly reason: string | null;
}

function show(brake: BrakeJson, options: ApiOptions): void {
  if (options.json) printJson(brake);
  else printData(brake.engaged ? `engaged: ${printable(brake.reason ?? '')}` : 'released');
}

export function brakeCommand(): Command {
  const release = withPostOptions(new Command('release'))
    .description('let held subjects go: their next breach acts again')
    .requiredOption('--reason <text>', 'why; goes to the log')
    .option('--by <name>', 'who releases (default: the user of this shell)')
    .action(async (options: ApiOptions & { reason: string; by?: string }) => {
      const body = { reason: options.reason, by: options.by ?? currentUser() };
      show(await apiClient(options).post<BrakeJson>('/v1/brake/release', body), options);
    });
  const state = withApiOptions(new Command('show'))
    .description('whether suspensions are held back, and why')
    .action(async (options: ApiOptions) =>
      show(await apiClient(options).get<BrakeJson>('/v1/brake'), options),
    );
  return new Command('brake')
    .description('the brake that stops acting when numbers say more about us than about a customer')
    .addCommand(state)
    .addCommand(release);
}
