import { dirname, resolve } from 'node:path';
import type { TSchema } from 'typebox';
import Value from 'typebox/value';
import { isAlias, isMap, isScalar, isSeq } from 'yaml';
import { formatDuration, parseDuration } from './duration.ts';
import { isSecret, variableOf } from './environment.ts';
import { type Fault, type FaultCode, MAXIMUM_FAULTS, nearest } from './fault.ts';
import { checkText } from './value-checks.ts';
import { keyOf, type Place, pairOf, readTextFile, YamlSource } from './yaml-source.ts';

/** Package root: what defaults of paths are relative to. */
export const PACKAGE_ROOT = resolve(import.meta.dirname, '../..');

const MAXIMUM_SECRET_BYTES = 65_536;

/** The part of JSON Schema that option schemas are written in. */
interface Shape {
  readonly 'x-kind'?: string;
  readonly type?: string;
  readonly properties?: Readonly<Record<string, TSchema>>;
  readonly required?: readonly string[];
  readonly patternProperties?: Readonly<Record<string, TSchema>>;
  readonly items?: TSchema;
  readonly anyOf?: readonly TSchema[];
  readonly enum?: readonly unknown[];
  readonly default?: unknown;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly minLength?: number;
  readonly maxLength?: number;
  readonly minItems?: number;
  readonly maxItems?: number;
  readonly pattern?: string;
}

type Path = readonly (string | number)[];

/** Where a value is written: a node of a source, undefined where nothing is. */
interface Written {
  readonly source: YamlSource;
  readonly node: unknown;
  /** Directory that relative paths start from. */
  readonly base: string;
  /** Where people look for it, if not at the node: an environment variable, the key that names a file. */
  readonly place?: Place;
}

/** Stands for a value that could not be read; the fault has been noted. */
const BROKEN = Symbol('broken');

/**
 * Reads YAML by a schema: defaults filled in, durations and shares understood, unknown keys refused, every fault noted with its
 * place. With `variables`, environment variables win over what is written.
 */
export class Reader {
  readonly faults: Fault[] = [];
  private readonly overridden = new Map<string, Place>();
  private readonly variables: Readonly<Record<string, string | undefined>> | null;

  constructor(variables: Readonly<Record<string, string | undefined>> | null = null) {
    this.variables = variables;
  }

  /** The value of the whole source, null if there were faults. */
  read<T>(schema: TSchema, source: YamlSource): T | null {
    return this.readNode(schema, source, source.root, []);
  }

  /** The value of one node, which stands at `path`; undefined where nothing is written. Null if there were faults. */
  readNode<T>(schema: TSchema, source: YamlSource, node: unknown, path: Path): T | null {
    const before = this.faults.length;
    const value = this.value(schema, { source, node, base: dirname(resolve(source.file)) }, path);
    if (value === BROKEN || this.faults.length > before) return null;
    // What the schema asks for beyond the words known here.
    for (const error of Value.Errors(schema, value)) {
      const steps = error.instancePath.split('/').slice(1);
      this.note(source.locate(steps), 'wrong-form', `${steps.join('.')} ${error.message}`, 'see the schema');
    }
    return this.faults.length > before ? null : (value as T);
  }

  /** A fault of the value at a path. */
  noteAt(source: YamlSource, path: Path, code: FaultCode, what: string, todo: string): void {
    this.note(this.place(source, path), code, what, todo);
  }

  /** Where the value at a path is written, in the environment or in the source. */
  place(source: YamlSource, path: Path): Place {
    for (let length = path.length; length > 0; length--) {
      const place = this.overridden.get(path.slice(0, length).join('.'));
      if (place !== undefined) return place;
    }
    return source.locate(path);
  }

  note(place: Place, code: FaultCode, what: string, todo: string): void {
    if (this.faults.length < MAXIMUM_FAULTS) this.faults.push({ ...place, code, what, todo });
  }

  private value(schema: TSchema, given: Written, path: Path): unknown {
    const shape = schema as Shape;
    const written = shape.properties === undefined ? this.fromEnvironment(schema, given, path) : given;
    const { node, source } = written;
    if (node === BROKEN) return BROKEN;
    // Read in its own step, by a schema that depends on what stands beside it.
    if (shape['x-kind'] === 'deferred') return null;
    if (isAlias(node)) return this.refuse(written, 'wrong-form', path, 'is an alias', 'write the value out');
    const empty = node === undefined || node === null || (isScalar(node) && node.value === null);
    if (shape.anyOf !== undefined) {
      if (empty)
        return node === undefined || shape.default === undefined ? this.absent(shape, written, path) : null;
      return this.value(shape.anyOf[0], { ...written, source }, [...path]);
    }
    if (shape.properties !== undefined) return this.mapping(shape, written, path, empty);
    // A key whose list is commented out altogether.
    if (empty && (node === undefined || shape.items !== undefined || shape.patternProperties !== undefined))
      return this.absent(shape, written, path);
    if (shape.patternProperties !== undefined) return this.record(shape, written, path);
    if (shape.items !== undefined) return this.list(shape, written, path);
    return this.scalar(shape, schema, written, path);
  }

  private absent(shape: Shape, written: Written, path: Path): unknown {
    if (shape.default === undefined) {
      if (shape.items !== undefined) return [];
      if (shape.patternProperties !== undefined) return {};
      return this.refuse(written, 'missing', path, 'is missing', 'write it');
    }
    if (shape['x-kind'] === 'path' && typeof shape.default === 'string')
      return resolve(PACKAGE_ROOT, shape.default);
    return structuredClone(shape.default);
  }

  private mapping(shape: Shape, written: Written, path: Path, empty: boolean): unknown {
    const { node, source } = written;
    if (!empty && !isMap(node))
      return this.refuse(written, 'wrong-type', path, 'is no mapping', 'write key: value lines');
    const items = isMap(node) ? node.items : [];
    const properties = shape.properties!;
    const keys = Object.keys(properties);
    const fileKeys = keys.filter((key) => isSecret(secretOf(properties[key]))).map((key) => `${key}File`);
    for (const pair of items) {
      const key = keyOf(pair);
      if (Object.hasOwn(properties, key) || fileKeys.includes(key)) continue;
      const near = nearest(key, [...keys, ...fileKeys]);
      const todo = near === null ? `known here: ${keys.join(', ')}` : `did you mean '${near}'?`;
      this.note(
        source.placeOf(pair.key),
        'unknown-key',
        `unknown key '${cut([...path, key].join('.'))}'`,
        todo,
      );
    }
    const result: Record<string, unknown> = {};
    for (const key of keys) {
      const member: Written = { ...written, node: pairOf(items, key)?.value };
      const file = fileKeys.includes(`${key}File`) ? pairOf(items, `${key}File`)?.value : undefined;
      const given = file === undefined ? member : this.secretFile(member, file, [...path, key]);
      const optional =
        shape.required?.includes(key) !== true && (properties[key] as Shape).default === undefined;
      if (optional && given.node === undefined && !this.hasVariable([...path, key])) continue;
      const value = this.value(properties[key], given, [...path, key]);
      if (value !== BROKEN) result[key] = value;
    }
    return result;
  }

  private record(shape: Shape, written: Written, path: Path): unknown {
    const { node } = written;
    if (!isMap(node))
      return this.refuse(written, 'wrong-type', path, 'is no mapping', 'write key: value lines');
    const [member] = Object.values(shape.patternProperties!);
    const result: [string, unknown][] = [];
    for (const pair of node.items) {
      const key = keyOf(pair);
      const value = this.value(member, { ...written, node: pair.value }, [...path, key]);
      if (value !== BROKEN) result.push([key, value]);
    }
    return Object.fromEntries(result);
  }

  private list(shape: Shape, written: Written, path: Path): unknown {
    const { node } = written;
    if (!isSeq(node))
      return this.refuse(
        written,
        'wrong-type',
        path,
        'is no list',
        'write [a, b] or lines that begin with -',
      );
    const { minItems = 0, maxItems = 100_000 } = shape;
    if (node.items.length < minItems)
      return this.refuse(written, 'out-of-range', path, 'is empty', `write at least ${minItems}`);
    if (node.items.length > maxItems) {
      return this.refuse(
        written,
        'out-of-range',
        path,
        `has ${node.items.length} entries`,
        `write at most ${maxItems}`,
      );
    }
    const values = node.items.map((item, index) =>
      this.value(shape.items!, { ...written, node: item ?? null }, [...path, index]),
    );
    return values.filter((value) => value !== BROKEN);
  }

  private scalar(shape: Shape, schema: TSchema, written: Written, path: Path): unknown {
    const { node } = written;
    if (!isScalar(node))
      return this.refuse(written, 'wrong-type', path, `is no ${nounOf(shape)}`, `write one ${nounOf(shape)}`);
    // `1001` and `+33123456789` are texts where a text is asked for, exactly as written.
    const text = typeof node.value === 'string' ? node.value : (node.source ?? String(node.value));
    const shown = isSecret(schema) ? 'the secret' : `'${cut(text)}'`;
    if (shape.enum !== undefined) {
      if (shape.enum.includes(node.value)) return node.value;
      if (shape.enum.includes(text)) return text;
      const words = shape.enum.map(String);
      const near = nearest(text, words);
      return this.refuse(
        written,
        'out-of-range',
        path,
        `is ${shown}`,
        near === null ? `write one of ${words.join(', ')}` : `did you mean '${near}'?`,
      );
    }
    switch (shape['x-kind'] === 'duration' ? 'duration' : shape.type) {
      case 'duration': {
        const parsed = parseDuration(text);
        if (!parsed.ok)
          return this.refuse(
            written,
            'wrong-form',
            path,
            `: ${parsed.error}`,
            'write a duration such as 40s, 5min or 2h',
          );
        return this.bounded(shape, parsed.ms, written, path, formatDuration);
      }
      case 'boolean':
        if (typeof node.value === 'boolean') return node.value;
        return this.refuse(written, 'wrong-type', path, `is ${shown}`, 'write true or false');
      case 'integer':
        if (Number.isSafeInteger(node.value))
          return this.bounded(shape, node.value as number, written, path, String);
        return this.refuse(written, 'wrong-type', path, `is ${shown}`, 'write a whole number');
      case 'number': {
        const percent = shape['x-kind'] === 'ratio' ? /^(\d{1,9}(?:\.\d{1,9})?)\s?%$/.exec(text) : null;
        // 99.9 / 100 is not 0.999 in floating point; 99.9e-2 is.
        const value = percent === null ? node.value : Number(`${percent[1]}e-2`);
        // 40 where 40% was meant.
        if (
          shape['x-kind'] === 'ratio' &&
          typeof value === 'number' &&
          value > 1 &&
          value <= 100 * (shape.maximum ?? 1)
        )
          return this.refuse(written, 'out-of-range', path, `is ${value}`, `did you mean ${value}%?`);
        if (typeof value === 'number' && Number.isFinite(value))
          return this.bounded(shape, value, written, path, String);
        return this.refuse(
          written,
          'wrong-type',
          path,
          `is ${shown}`,
          shape['x-kind'] === 'ratio' ? 'write a share such as 0.5 or 50%' : 'write a number',
        );
      }
      case 'string':
        return this.text(shape, text, shown, written, path);
      default:
        // Another kind of schema, from a detector of its own: judged by the final check alone.
        return node.value;
    }
  }

  private text(shape: Shape, text: string, shown: string, written: Written, path: Path): unknown {
    const { minLength = 0 } = shape;
    if (text.length < minLength) {
      const [what, todo] =
        text === ''
          ? ['is empty', 'write something, or leave the key out']
          : ['is too short', `write at least ${minLength} characters`];
      return this.refuse(written, 'out-of-range', path, what, todo);
    }
    if (text.length > (shape.maxLength ?? 65_536)) {
      return this.refuse(
        written,
        'out-of-range',
        path,
        `has ${text.length} characters`,
        `write at most ${shape.maxLength ?? 65_536}`,
      );
    }
    if (shape.pattern !== undefined && !new RegExp(shape.pattern, 'u').test(text)) {
      return this.refuse(written, 'wrong-form', path, `is ${shown}`, `write what matches ${shape.pattern}`);
    }
    const complaint = checkText(shape['x-kind'], text);
    if (complaint !== null)
      return this.refuse(written, 'wrong-form', path, `: ${complaint.what}`, complaint.todo);
    return shape['x-kind'] === 'path' ? resolve(written.base, text) : text;
  }

  private bounded(
    shape: Shape,
    value: number,
    written: Written,
    path: Path,
    format: (value: number) => string,
  ): unknown {
    const { minimum = Number.NEGATIVE_INFINITY, maximum = Number.POSITIVE_INFINITY } = shape;
    if (value >= minimum && value <= maximum) return value;
    const todo = value < minimum ? `write at least ${format(minimum)}` : `write at most ${format(maximum)}`;
    return this.refuse(written, 'out-of-range', path, `is ${format(value)}`, todo);
  }

  private refuse(written: Written, code: FaultCode, path: Path, what: string, todo: string): typeof BROKEN {
    const { node, source } = written;
    const place = written.place ?? (node === undefined ? source.locate(path) : source.placeOf(node));
    const name = path.length === 0 ? 'the file' : path.join('.');
    this.note(place, code, `${name}${what.startsWith(':') ? '' : ' '}${what}`, todo);
    return BROKEN;
  }

  private hasVariable(path: Path): boolean {
    const name = variableOf(path);
    return (
      this.variables !== null &&
      (this.variables[name] !== undefined || this.variables[`${name}_FILE`] !== undefined)
    );
  }

  /** What an environment variable says instead, if there is one. Options within lists have none. */
  private fromEnvironment(schema: TSchema, given: Written, path: Path): Written {
    if (this.variables === null || path.length === 0 || path.some((step) => typeof step === 'number'))
      return given;
    const name = variableOf(path);
    const base = process.cwd();
    const file = isSecret(secretOf(schema)) ? this.variables[`${name}_FILE`] : undefined;
    if (file !== undefined) {
      const place = { file: `$${name}_FILE`, line: 1, column: 1 };
      const read = readTextFile(resolve(base, file), MAXIMUM_SECRET_BYTES, place);
      if (!read.ok) this.faults.push(read.fault);
      else return this.override(path, place, quoted(read.text), base);
      return { ...given, node: BROKEN };
    }
    const value = this.variables[name];
    if (value === undefined) return given;
    const place = { file: `$${name}`, line: 1, column: 1 };
    const shape = schema as Shape;
    if (shape.items !== undefined && !/^\s*\[/.test(value)) {
      const items = value.split(',').map((item) => item.trim());
      const texts = (shape.items as Shape).type === 'string';
      const written = items
        .filter((item) => item !== '')
        .map((item) => (texts ? JSON.stringify(item) : item));
      return this.override(path, place, `[${written.join(', ')}]`, base);
    }
    const member = (shape.anyOf?.[0] ?? shape) as Shape;
    const isText =
      member.type === 'string' && !(shape.anyOf !== undefined && (value === '' || value === 'null'));
    return this.override(path, place, isText ? quoted(value) : value, base);
  }

  private override(path: Path, place: Place, text: string, base: string): Written {
    const source = new YamlSource(place.file, text);
    this.overridden.set(path.join('.'), place);
    for (const fault of source.faults)
      this.note(place, fault.code, `${path.join('.')}: ${fault.what}`, fault.todo);
    return { source, node: source.faults.length > 0 ? BROKEN : (source.root ?? null), base, place };
  }

  private secretFile(member: Written, fileNode: unknown, path: Path): Written {
    const place = member.source.placeOf(fileNode);
    if (member.node !== undefined) {
      this.note(
        place,
        'conflict',
        `both ${path.join('.')} and ${path.join('.')}File are written`,
        'keep one of the two',
      );
      return { ...member, node: BROKEN };
    }
    if (!isScalar(fileNode) || typeof fileNode.value !== 'string') {
      this.note(place, 'wrong-type', `${path.join('.')}File is no path`, 'name a file');
      return { ...member, node: BROKEN };
    }
    const read = readTextFile(resolve(member.base, fileNode.value), MAXIMUM_SECRET_BYTES, place);
    if (!read.ok) {
      this.faults.push(read.fault);
      return { ...member, node: BROKEN };
    }
    return this.override(path, place, quoted(read.text), member.base);
  }
}

function secretOf(schema: TSchema): TSchema {
  return (schema as Shape).anyOf?.[0] ?? schema;
}

/** A text as a YAML scalar; the line end of a secret's file is not part of the secret. */
function quoted(text: string): string {
  return JSON.stringify(text.replace(/\r?\n$/, ''));
}

function nounOf(shape: Shape): string {
  if (shape['x-kind'] === 'duration') return 'duration';
  return shape.type === 'string' || shape.enum !== undefined
    ? 'text'
    : shape.type === 'boolean'
      ? 'true or false'
      : 'number';
}

function cut(text: string): string {
  return text.length > 64 ? `${text.slice(0, 64)}…` : text;
}
