import addresses from 'virtual:words';
import { batch, computed, signal } from '@preact/signals';
import type { Language, Word } from './all.ts';

export type { Language, Word };

const KEY = 'vigie.language';
const kept = localStorage.getItem(KEY);

/** As chosen before, else as the browser prefers. */
export const language = signal<Language>(
  kept === 'fr' || kept === 'en' ? kept : navigator.language.toLowerCase().startsWith('fr') ? 'fr' : 'en',
);
/** For numbers and times: 24 hours in both. */
export const locale = computed(() => (language.value === 'fr' ? 'fr-FR' : 'en-GB'));

const words = signal<Readonly<Record<string, string>>>({});

/** Reads the words of a language and speaks it from then on. Rejects where they cannot be read: the language stays as it was. */
export async function speak(to: Language): Promise<void> {
  const answer = await fetch(addresses[to]);
  if (!answer.ok) throw new Error(answer.statusText);
  const read = await answer.json();
  batch(() => {
    words.value = read;
    language.value = to;
  });
}

export function chooseLanguage(to: Language): void {
  localStorage.setItem(KEY, to);
  // Offline it stays as it is; the next load of the page speaks what was chosen.
  speak(to).catch(() => {});
}

/** The words for a key, `{name}` filled in. */
export function t(word: Word, filled: Readonly<Record<string, string | number>> = {}): string {
  // A newer daemon may name what this page does not know: better its own word than none.
  const text = words.value[word] ?? word.slice(word.lastIndexOf('.') + 1);
  return text.replace(/\{(\w+)\}/g, (whole, name: string) => String(filled[name] ?? whole));
}

/** A sentence of the daemon's in the reader's language, where it is known; what people wrote stays as it is. */
export function said(sentence: string): string {
  const figures: string[] = [];
  const key = sentence.replace(/(\d+(?:\.\d+)*)(?:(?:st|nd|rd)\b)?/g, (whole, figure: string) => {
    figures.push(figure);
    return whole === figure ? '#' : '#th';
  });
  return words.value[`said.${key}`]?.replace(/#/g, () => figures.shift() ?? '') ?? sentence;
}

/** The words for a key made at run time, null where there are none. */
export function maybe(word: string): string | null {
  return Object.hasOwn(words.value, word) ? t(word as Word) : null;
}
