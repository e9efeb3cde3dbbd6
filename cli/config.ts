import { type Fault, formatFault } from '../daemon/config/fault.ts';
import { loadSetup, type Setup } from '../daemon/config/setup.ts';
import { detectors } from '../detectors/index.ts';
import { CommandFailure, ExitCode } from './exit.ts';
import { talk } from './output.ts';

/** Every fault on a line of its own, `file:line:column: what; what to do`. */
function configFailure(faults: readonly Fault[]): CommandFailure {
  return new CommandFailure(faults.map(formatFault).join('\n'), ExitCode.config);
}

/** Configuration, policies and directory, or exit 78 with their faults. Warnings are talked about. */
export function requireSetup(file: string | null): Setup {
  const loaded = loadSetup(file, process.env, detectors);
  if (!loaded.ok) throw configFailure(loaded.faults);
  for (const warning of loaded.warnings) talk(`warning: ${formatFault(warning)}`);
  return loaded.setup;
}
