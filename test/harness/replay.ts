/** `vigie replay --json` as a user runs it. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import type { ReplayReport } from '../../daemon/replay-report.ts';

const command = new URL('../../cli/vigie', import.meta.url).pathname;

export async function replayJson(...parameters: string[]): Promise<ReplayReport> {
  const child = spawn(command, ['replay', '--json', ...parameters], { stdio: ['ignore', 'pipe', 'pipe'] });
  const output: Buffer[] = [];
  let errors = '';
  child.stdout.on('data', (chunk: Buffer) => output.push(chunk));
  child.stderr.on('data', (chunk: Buffer) => {
    errors += chunk.toString();
  });
  const status = await new Promise<number | null>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', resolve);
  });
  assert.equal(status, 0, errors);
  return JSON.parse(Buffer.concat(output).toString()) as ReplayReport;
}
