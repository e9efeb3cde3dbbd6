import { existsSync } from 'node:fs';
import type { ReplayReport } from '../daemon/replay-report.ts';
import { requireSetup } from './config.ts';
import { CommandFailure } from './exit.ts';
import { talk } from './output.ts';
import { ProgressLine } from './progress.ts';

/** Replays captures for a command, with progress where a terminal shows it; faults of files and options are command failures. */
export async function runReplay(
  files: readonly string[],
  { config, policy, deck }: { config?: string; policy?: string; deck?: string },
): Promise<ReplayReport> {
  const missing = files.find((file) => !existsSync(file));
  if (missing !== undefined) throw new CommandFailure(`There is no file ${missing}.`);
  if (config !== undefined) requireSetup(config);
  const { replay, ReplayError } = await import('../daemon/replay.ts');
  const progress = new ProgressLine(process.stderr);
  let report: ReplayReport;
  try {
    report = await replay(files, {
      config: config ?? null,
      policy: policy ?? null,
      ...(deck === undefined ? {} : { deck }),
      onProgress: (file, read, total) => progress.show(file, read, total),
    });
  } catch (error) {
    progress.clear();
    const ofFile = (error as NodeJS.ErrnoException).code !== undefined;
    if (error instanceof ReplayError || ofFile) throw new CommandFailure((error as Error).message);
    throw error;
  }
  progress.clear();
  const { proxies, proxiesLearned, strangerMessages } = report.capture;
  if (proxiesLearned) talk(learnedText(proxies, strangerMessages));
  return report;
}

/** What replay found out for itself, so that a wrong guess is noticed. */
export function learnedText(proxies: readonly string[], strangerMessages: number): string {
  if (proxies.length === 0)
    return 'no proxy found in the capture: network.proxies in a configuration names it';
  const left =
    strangerMessages === 0
      ? ''
      : `; ${strangerMessages} messages have none of them on a side and are counted nowhere`;
  return `taken for the proxies: ${proxies.join(', ')}${left} (--config with network.proxies says otherwise)`;
}

/** A capture cut off at its end has been told about; one of which nothing could be read is a failure. */
export function requireFrames({ capture: { frames, faults } }: ReplayReport): void {
  if (frames === 0 && faults.length > 0) throw new CommandFailure(faults.join('\n'));
}
