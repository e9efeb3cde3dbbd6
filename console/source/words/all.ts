import { acts } from './acts.ts';
import { detectors } from './detectors.ts';
import { general } from './general.ts';
import { measures } from './measures.ts';
import { pages } from './pages.ts';
import { said } from './said.ts';
import { writes } from './writes.ts';

/**
 * Every word of the console in every language, side by side as people write them. The build makes one file a language of it
 * (console/words-plugin.ts), and the page reads the one it speaks: this module itself is never sent.
 */
const known = { ...general, ...pages, ...acts, ...measures, ...detectors, ...writes };
export const words: Readonly<Record<string, readonly [string, string]>> = { ...known, ...said };

export type Word = keyof typeof known;

export type Language = 'en' | 'fr';

/** Place of a language in each entry. */
export const languages: readonly Language[] = ['en', 'fr'];
