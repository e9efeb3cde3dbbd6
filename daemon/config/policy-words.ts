import type { PolicyWords } from '../enforcement/notice-letter.ts';
import { clauseIn } from '../policy/translation.ts';
import type { LoadedPolicy } from './policy-file.ts';

/** What the policies say in a language: their translation, else what they are written in. */
export function policyWordsOf(
  policies: ReadonlyMap<string, LoadedPolicy>,
  language: 'en' | 'fr',
): PolicyWords {
  return {
    title: (id, rule) => {
      const policy = policies.get(id);
      if (policy === undefined) return null;
      const written = [...policy.rules, ...policy.disabledRules].find((one) => one.id === rule);
      return policy.translations[language]?.titles?.[rule] ?? written?.title ?? null;
    },
    clause: (id, clause) => clauseIn(policies.get(id)?.translations[language], clause),
  };
}
