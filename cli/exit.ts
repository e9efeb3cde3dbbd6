/** Exit codes of every command. 78 is EX_CONFIG of sysexits.h. */
export const ExitCode = { ok: 0, failure: 1, usage: 2, config: 78 } as const;
export type ExitCode = (typeof ExitCode)[keyof typeof ExitCode];

/** Ends a command with a message for people: what is wrong, where, and what to do. */
export class CommandFailure extends Error {
  override readonly name = 'CommandFailure';
  readonly exitCode: ExitCode;

  constructor(message: string, exitCode: ExitCode = ExitCode.failure) {
    super(message);
    this.exitCode = exitCode;
  }
}

export const usageFailure = (message: string) => new CommandFailure(message, ExitCode.usage);
