import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import type { TSchema } from 'typebox';
import {
  type HighRiskFile,
  HighRiskFileSchema,
  type NumberFile,
  NumberFileSchema,
  type NumberLists,
} from '../identity/number-lists.ts';
import type { Fault } from './fault.ts';
import type { PlaceOf } from './load.ts';
import { PACKAGE_ROOT, Reader } from './reader.ts';
import type { VigieConfig } from './schema.ts';
import { readTextFile, YamlSource } from './yaml-source.ts';

const MAXIMUM_NUMBER_FILE_BYTES = 16_777_216;
const DIRECTORY = join(PACKAGE_ROOT, 'config/numbers');
const HIGH_RISK = 'high-risk.yaml';

/** The lists of config/numbers, with the operator's high-risk ranges in place of ours where the configuration names some. */
export function loadNumberLists(config: VigieConfig, placeOf: PlaceOf, faults: Fault[]): NumberLists | null {
  const files: NumberFile[] = [];
  const before = faults.length;
  for (const name of readdirSync(DIRECTORY).sort()) {
    if (!name.endsWith('.yaml') || name === HIGH_RISK) continue;
    const file = read<NumberFile>(NumberFileSchema, join(DIRECTORY, name), faults);
    if (file !== null) files.push(file);
  }
  const { highRiskFile } = config.numbering;
  const path = highRiskFile ?? join(DIRECTORY, HIGH_RISK);
  const found: Fault[] = [];
  const highRisk = read<HighRiskFile>(HighRiskFileSchema, path, found);
  for (const fault of found) {
    // A file that is not there is the fault of the line that names it.
    const named = highRiskFile !== null && fault.code === 'unreadable' && fault.file === path;
    faults.push(named ? { ...fault, ...placeOf(['numbering', 'highRiskFile']) } : fault);
  }
  return highRisk === null || faults.length > before ? null : { files, highRisk };
}

/** The lists that come with Vigie, without a configuration (replay). */
export function shippedNumberLists(config: VigieConfig): NumberLists {
  const faults: Fault[] = [];
  const lists = loadNumberLists(config, () => ({ file: HIGH_RISK, line: 1, column: 1 }), faults);
  if (lists === null) throw new Error(`a list of numbers is damaged: ${faults[0]?.what}`);
  return lists;
}

function read<T extends NumberFile | HighRiskFile>(schema: TSchema, path: string, faults: Fault[]): T | null {
  const text = readTextFile(path, MAXIMUM_NUMBER_FILE_BYTES);
  if (!text.ok) {
    faults.push(text.fault);
    return null;
  }
  const source = new YamlSource(path, text.text);
  const reader = new Reader();
  const file = source.faults.length > 0 ? null : reader.read<T>(schema, source);
  faults.push(...source.faults, ...reader.faults);
  if (file === null) return null;
  file.ranges.forEach((entry, index) => {
    if (Object.hasOwn(file.sources, entry.source)) return;
    faults.push({
      ...source.locate(['ranges', index, 'source']),
      code: 'unknown-reference',
      what: `there is no source '${entry.source}'`,
      todo: `known: ${Object.keys(file.sources).join(', ')}`,
    });
  });
  return file;
}
