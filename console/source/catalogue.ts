import { computed, signal } from '@preact/signals';
import { clauseIn } from '../../daemon/policy/translation.ts';
import { ask, type Modes, type Policy, type PolicyRule, RequestFailure } from './api.ts';
import { language } from './words/language.ts';
import { detectorName } from './words/rules.ts';

/** The policies that are loaded, read once at sign-in and after each change of a mode. */
export const policies = signal<readonly Policy[] | null>(null);
export const modes = signal<Modes | null>(null);
export const policiesFailure = signal<RequestFailure | null>(null);

const rules = computed(
  () =>
    new Map((policies.value ?? []).flatMap((policy) => policy.rules.map((rule) => [rule.id, rule] as const))),
);

/** Nothing is enforced anywhere: the state after installation. */
export const onlyObserves = computed(
  () =>
    policies.value?.every((policy) =>
      policy.rules.every(({ enabled, mode }) => !enabled || mode === 'observe'),
    ) ?? false,
);

export async function readPolicies(): Promise<void> {
  try {
    const { items } = await ask<{ items: readonly { readonly id: string }[] }>('/v1/policies');
    const [all, modesNow] = await Promise.all([
      Promise.all(items.map(({ id }) => ask<Policy>(`/v1/policies/${encodeURIComponent(id)}`))),
      ask<Modes>('/v1/modes'),
    ]);
    policies.value = all;
    modes.value = modesNow;
    policiesFailure.value = null;
  } catch (error) {
    if (!(error instanceof RequestFailure)) throw error;
    policiesFailure.value = error;
  }
}

export function ruleOf(id: string): PolicyRule | null {
  return rules.value.get(id) ?? null;
}

/** What a rule measures, short and in the reader's language. */
export function ruleName(id: string): string {
  return detectorName(ruleOf(id)?.detector ?? id.slice(id.indexOf('.') + 1));
}

const translationOf = (policy: string) =>
  policies.value?.find(({ id }) => id === policy)?.translations[language.value];

/** The policy's own sentence: in the reader's language where its file has it, else as it is written. */
export function ruleTitle(id: string): string | null {
  return translationOf(id.split('.')[0] ?? '')?.titles?.[id] ?? ruleOf(id)?.title ?? null;
}

export const clauseWords = ({
  policy,
  clause,
}: {
  readonly policy: string;
  readonly clause: string;
}): string => clauseIn(translationOf(policy), clause);

export const contractWords = ({ id, contract }: Policy): string => translationOf(id)?.contract ?? contract;

export const detectorOf = (rule: string): string =>
  ruleOf(rule)?.detector ?? rule.slice(rule.indexOf('.') + 1);
