import { Command } from 'commander';
import { requireSetup } from './config.ts';
import { CommandFailure, ExitCode } from './exit.ts';

export function gateCommand(): Command {
  return new Command('gate')
    .description(
      "run drachtio's gate alone, beside the daemon: calls then depend on neither its life nor its load",
    )
    .option('--config <file>', 'configuration (default: VIGIE_CONFIG, else config/vigie.yaml)')
    .action(async ({ config: file }: { config?: string }) => {
      const setup = requireSetup(file ?? null);
      const { gate, redis } = setup.config;
      if (redis.url === null)
        throw new CommandFailure(
          'redis.url: a gate of its own shares the Redis of the daemon; name one instead of the embedded',
          ExitCode.config,
        );
      if (gate.drachtio.servers.length === 0)
        throw new CommandFailure('gate.drachtio.servers: no drachtio server is configured', ExitCode.config);
      const { runGate } = await import('../daemon/gate/main.ts');
      runGate(setup);
    });
}
