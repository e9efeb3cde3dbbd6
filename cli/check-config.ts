import { Command } from 'commander';
import { formatFault } from '../daemon/config/fault.ts';
import { configFile } from '../daemon/config/load.ts';
import { checkConfig } from '../daemon/config/setup.ts';
import { detectors } from '../detectors/index.ts';
import { CommandFailure, ExitCode } from './exit.ts';
import { printData, printJson, talk } from './output.ts';

export function checkConfigCommand(): Command {
  return new Command('check-config')
    .argument('[file]', 'configuration (default: VIGIE_CONFIG, else config/vigie.yaml)')
    .description('check the configuration with its policies and directory: file:line:column of every fault')
    .option('--json', 'print JSON')
    .action((file: string | undefined, { json }: { json?: boolean }) => {
      const checked = checkConfig(file ?? null, process.env, detectors);
      const name = configFile(file ?? null, process.env);
      if (json) printJson({ file: name, ...checked });
      for (const warning of json ? [] : checked.warnings) talk(`warning: ${formatFault(warning)}`);
      const { faults } = checked;
      if (faults.length === 0) return json ? undefined : talk(`${name}: no faults.`);
      // The faults are what was asked for: data.
      if (!json) printData(faults.map(formatFault).join('\n'));
      throw new CommandFailure(
        `${faults.length} ${faults.length === 1 ? 'fault' : 'faults'}.`,
        ExitCode.config,
      );
    });
}
