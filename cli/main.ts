import { CommanderError } from 'commander';
import { CommandFailure, ExitCode } from './exit.ts';
import { talk } from './output.ts';
import { program } from './program.ts';

function exitCodeOf(error: unknown): ExitCode {
  if (error instanceof CommanderError) return error.exitCode === 0 ? ExitCode.ok : ExitCode.usage;
  if (error instanceof CommandFailure) {
    talk(error.message);
    return error.exitCode;
  }
  talk(error instanceof Error ? (error.stack ?? error.message) : String(error));
  return ExitCode.failure;
}

// `vigie … | head` closes our stdout: nobody reads on, so there is nothing left to do.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code === 'EPIPE') process.exit(ExitCode.ok);
  throw error;
});

try {
  await program().parseAsync();
} catch (error) {
  process.exitCode = exitCodeOf(error);
}
