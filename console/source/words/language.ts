import { computed, signal } from '@preact/signals';
import { acts } from './acts.ts';
import { general } from './general.ts';
import { measures } from './measures.ts';
import { pages } from './pages.ts';

/** Every word of the console. */
const words = { ...general, ...pages, ...acts, ...measures };

export type Word = keyof typeof words;

export type Language = 'en' | 'fr';

const KEY = 'vigie.language';
const kept = localStorage.getItem(KEY);

/** As chosen before, else as the browser prefers. */
export const language = signal<Language>(
  kept === 'fr' || kept === 'en' ? kept : navigator.language.toLowerCase().startsWith('fr') ? 'fr' : 'en',
);
/** For numbers and times: 24 hours in both. */
export const locale = computed(() => (language.value === 'fr' ? 'fr-FR' : 'en-GB'));

export function chooseLanguage(to: Language): void {
  localStorage.setItem(KEY, to);
  language.value = to;
}

/** The words for a key, `{name}` filled in. */
export function t(word: Word, filled: Readonly<Record<string, string | number>> = {}): string {
  // A newer daemon may name what this page does not know: better its own word than none.
  const text: string =
    words[word]?.[language.value === 'fr' ? 1 : 0] ?? word.slice(word.lastIndexOf('.') + 1);
  return text.replace(/\{(\w+)\}/g, (whole, name: string) => String(filled[name] ?? whole));
}

/** The words for a key made at run time, null where there are none. */
export function maybe(word: string): string | null {
  return word in words ? t(word as Word) : null;
}
