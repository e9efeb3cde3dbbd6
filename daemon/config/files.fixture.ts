import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import type { TestContext } from 'node:test';
import { type Fault, formatFault } from './fault.ts';

/** Writes files into a directory of their own, gone after the test; returns its path. */
export function filesOf(context: TestContext, files: Readonly<Record<string, string>>): string {
  const directory = mkdtempSync(join(tmpdir(), 'vigie-config-'));
  context.after(() => rmSync(directory, { recursive: true }));
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(dirname(join(directory, name)), { recursive: true });
    writeFileSync(join(directory, name), text);
  }
  return directory;
}

/** Faults as people see them, with the directory's own path taken away. */
export function faultLines(faults: readonly Fault[], directory: string): string[] {
  return faults.map((fault) => formatFault(fault).replaceAll(`${directory}/`, ''));
}
