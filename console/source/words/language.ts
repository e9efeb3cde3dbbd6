import { computed, signal } from '@preact/signals';
import { en, type Word } from './en.ts';
import { fr } from './fr.ts';

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
  const text = (language.value === 'fr' ? fr : en)[word];
  return text.replace(/\{(\w+)\}/g, (whole, name: string) => String(filled[name] ?? whole));
}

/** The words for a key made at run time, null where there are none. */
export function maybe(word: string): string | null {
  return word in en ? t(word as Word) : null;
}
