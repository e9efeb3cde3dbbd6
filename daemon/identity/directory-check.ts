import type { TObject, TSchema } from 'typebox';
import { Compile } from 'typebox/compile';
import { checkText } from '../config/value-checks.ts';
import type { DirectoryFault } from './directory-faults.ts';
import {
  type Customer,
  CustomerSchema,
  type Line,
  LineSchema,
  type Trunk,
  TrunkSchema,
} from './directory-schema.ts';

interface Shape {
  readonly 'x-kind'?: string;
  readonly items?: TSchema;
  readonly properties?: Readonly<Record<string, TSchema>>;
}

const SCHEMAS: Readonly<Record<'line' | 'trunk' | 'customer', TObject>> = {
  line: LineSchema,
  trunk: TrunkSchema,
  customer: CustomerSchema,
};

const VALIDATORS = {
  line: Compile(LineSchema),
  trunk: Compile(TrunkSchema),
  customer: Compile(CustomerSchema),
};

/** Whether a value from outside has the form of an entry at all. */
export function fitsSchema(kind: 'line' | 'trunk' | 'customer', value: unknown): boolean {
  return VALIDATORS[kind].Check(value);
}

/** Texts of an entry that JSON Schema cannot judge: blocks, numbers, countries, time zones. The entry fits its schema otherwise. */
export function entryFaults(
  kind: 'line' | 'trunk' | 'customer',
  entry: Line | Trunk | Customer,
): DirectoryFault[] {
  const faults: DirectoryFault[] = [];
  visit(SCHEMAS[kind], entry, '', faults);
  return faults;
}

function visit(schema: TSchema, value: unknown, path: string, faults: DirectoryFault[]): void {
  const { 'x-kind': kind, items, properties } = schema as Shape;
  if (Array.isArray(value)) {
    if (items !== undefined)
      for (let index = 0; index < value.length; index++)
        visit(items, value[index], `${path}/${index}`, faults);
    return;
  }
  if (typeof value === 'string') {
    const complaint = checkText(kind, value);
    if (complaint !== null)
      faults.push({ path, code: 'wrong-form', message: complaint.what, todo: complaint.todo });
    return;
  }
  if (typeof value !== 'object' || value === null || properties === undefined) return;
  for (const [key, member] of Object.entries(value)) {
    if (Object.hasOwn(properties, key)) visit(properties[key], member, `${path}/${key}`, faults);
  }
}
