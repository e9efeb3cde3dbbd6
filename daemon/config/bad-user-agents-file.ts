import { join } from 'node:path';
import Type, { type Static } from 'typebox';
import { BadUserAgents } from '../identity/bad-user-agents.ts';
import type { Fault } from './fault.ts';
import { PACKAGE_ROOT, Reader } from './reader.ts';
import { readTextFile, YamlSource } from './yaml-source.ts';

const ListSchema = Type.Record(
  Type.String({ maxLength: 128 }),
  Type.Object(
    {
      // Two letters would fit half of the honest phones.
      holds: Type.String({ minLength: 4, maxLength: 128 }),
      source: Type.String({ minLength: 1, maxLength: 1_024 }),
      verified: Type.String({ pattern: '^\\d{4}-\\d{2}-\\d{2}$' }),
    },
    { additionalProperties: false },
  ),
);

/** The list of known-bad user agents that comes with Vigie, or another of the same form. */
export function loadBadUserAgents(
  faults: Fault[],
  file = join(PACKAGE_ROOT, 'config/bad-user-agents.yaml'),
): BadUserAgents {
  const read = readTextFile(file, 1_048_576);
  if (!read.ok) {
    faults.push(read.fault);
    return new BadUserAgents();
  }
  const source = new YamlSource(file, read.text);
  const reader = new Reader();
  const list = source.faults.length > 0 ? null : reader.read<Static<typeof ListSchema>>(ListSchema, source);
  faults.push(...source.faults, ...reader.faults);
  return new BadUserAgents(Object.entries(list ?? {}).map(([name, { holds }]) => ({ name, holds })));
}
