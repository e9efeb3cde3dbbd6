import { Command } from 'commander';
import { requireSetup } from './config.ts';

export function runCommand(): Command {
  return new Command('run')
    .description('run the daemon; SIGHUP re-reads the configuration, SIGTERM drains and ends')
    .option('--config <file>', 'configuration (default: VIGIE_CONFIG, else config/vigie.yaml)')
    .action(async ({ config }: { config?: string }) => {
      const file = config ?? null;
      requireSetup(file);
      // Loaded only here: the other commands start in a tenth of the time.
      const { run } = await import('../daemon/main.ts');
      await run({ config: file });
    });
}
