import { isoTime } from '../policy/finding.ts';
import { callLimitOf, type Suspension } from './suspension.ts';

/** What `{…}` in an argument of a command stands for. */
export const placeholders = [
  'effect',
  'kind',
  'id',
  'customer',
  'rule',
  'policy',
  'suspension',
  'since',
  'until',
  'calls',
  'direction',
] as const;

export type Placeholder = (typeof placeholders)[number];
export type ArgumentValues = Readonly<Record<Placeholder, string>>;

/** Longest value of a placeholder; a name of a line has some 128 characters at most. */
const longest = 1_024;

/** The first placeholder that is none, null where all are known. */
export function unknownPlaceholder(argument: string): string | null {
  for (const [whole, name] of argument.matchAll(/\{([^{}]*)\}/g))
    if (!(placeholders as readonly string[]).includes(name as string)) return whole;
  return null;
}

/** Empty where the suspension has no such value: `until` of one that stands until it is lifted. */
export function valuesOf(suspension: Suspension): ArgumentValues {
  const { effect, subject, customer, rule, policy, id, activeAtMs, untilMs } = suspension;
  const limit = callLimitOf(suspension);
  return {
    effect,
    kind: subject.kind,
    id: subject.id,
    customer: customer ?? '',
    rule,
    policy,
    suspension: id,
    since: activeAtMs === null ? '' : isoTime(activeAtMs),
    until: untilMs === null ? '' : isoTime(untilMs),
    calls: limit === null ? '' : String(limit.calls),
    direction: limit?.direction ?? '',
  };
}

/**
 * The arguments as the program gets them, or why it must not be run: names come from the network, and one that begins with `-` at the
 * beginning of an argument would be read as an option.
 */
export function filledIn(
  templates: readonly string[],
  values: ArgumentValues,
): { readonly args: readonly string[] } | { readonly refused: string } {
  const args: string[] = [];
  for (const template of templates) {
    let refused = '';
    const argument = template.replace(/\{([a-z]+)\}/g, (whole, name: string) => {
      const value = values[name as Placeholder];
      if (value === undefined) return whole;
      if (value.length > longest || /[\0\r\n]/.test(value))
        refused = `{${name}} is too long or has a line end`;
      return value;
    });
    // What stands before the name may be empty: `{until}{id}`.
    if (argument.startsWith('-') && !template.startsWith('-'))
      refused = `${template} begins with '-' and could be read as an option`;
    if (refused !== '') return { refused };
    args.push(argument);
  }
  return { args };
}
