import type { Plugin } from 'vite';
import { languages, words } from './source/words/all.ts';

const ADDRESSES = 'virtual:words';

/** What French writes between a word and its mark stays on the word's line. */
const spaced = (text: string): string => text.replace(/ (?=[:;?!»%])|(?<=«) /g, '\u00a0');

/**
 * One file of words for each language: nobody loads the language that he does not read, and none of it is script. `virtual:words` gives
 * their addresses.
 */
export function wordsPlugin(): Plugin {
  let isBuild = false;
  return {
    name: 'words',
    configResolved({ command }) {
      isBuild = command === 'build';
    },
    resolveId: (id) => (id === ADDRESSES ? `\0${ADDRESSES}` : null),
    load(id) {
      if (id !== `\0${ADDRESSES}`) return null;
      const addresses = languages.map((language, place) => {
        const source = JSON.stringify(
          Object.fromEntries(
            Object.entries(words)
              .map(([word, said]) => [word, spaced(said[place] ?? '')] as const)
              .filter(([word, text]) => text !== '' || !word.startsWith('said.')),
          ),
        );
        if (!isBuild)
          return `${language}: ${JSON.stringify(`data:application/json,${encodeURIComponent(source)}`)}`;
        const file = this.emitFile({ type: 'asset', name: `words-${language}.json`, source });
        return `${language}: import.meta.ROLLUP_FILE_URL_${file}`;
      });
      return `export default { ${addresses.join(', ')} };`;
    },
  };
}
