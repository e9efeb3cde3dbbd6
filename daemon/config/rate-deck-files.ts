import { MAXIMUM_DECK_BYTES, parseDeck } from '../rating/deck-file.ts';
import { RateDeck } from '../rating/rate-deck.ts';
import { type Fault, nearest } from './fault.ts';
import type { PlaceOf } from './load.ts';
import type { VigieConfig } from './schema.ts';
import { readTextFile } from './yaml-source.ts';

export type RateDecks = ReadonlyMap<string, RateDeck>;

/** The decks that `rating.decks` names, and whether `rating.deck` is one of them. */
export function loadRateDecks(config: VigieConfig, placeOf: PlaceOf, faults: Fault[]): RateDecks {
  const decks = new Map<string, RateDeck>();
  for (const [name, file] of Object.entries(config.rating.decks)) {
    const place = placeOf(['rating', 'decks', name]);
    if (!/^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/.test(name)) {
      faults.push({
        ...place,
        code: 'wrong-form',
        what: `'${name.slice(0, 64)}' is no name of a deck`,
        todo: 'use letters, digits, dot, hyphen and underscore, at most 64',
      });
      continue;
    }
    const deck = loadDeck(name, file, config.network.timezone, place, faults);
    if (deck !== null) decks.set(name, deck);
  }
  const { deck } = config.rating;
  if (deck !== null && !Object.hasOwn(config.rating.decks, deck))
    faults.push({ ...placeOf(['rating', 'deck']), ...unknownDeck(deck, Object.keys(config.rating.decks)) });
  return decks;
}

/** One deck; null with faults. `place`: where the file is named. */
export function loadDeck(
  name: string,
  file: string,
  timeZone: string,
  place: { readonly file: string; readonly line: number; readonly column: number },
  faults: Fault[],
): RateDeck | null {
  const read = readTextFile(file, MAXIMUM_DECK_BYTES, place);
  if (!read.ok) {
    faults.push(read.fault);
    return null;
  }
  const { rows, faults: found } = parseDeck(file, read.text, timeZone);
  faults.push(...found);
  return found.length > 0 ? null : new RateDeck(name, rows);
}

export function unknownDeck(
  name: string,
  known: readonly string[],
): { readonly code: 'unknown-reference'; readonly what: string; readonly todo: string } {
  const near = nearest(name, known);
  const todo =
    near !== null
      ? `did you mean '${near}'?`
      : known.length === 0
        ? 'name its file in rating.decks'
        : `known: ${known.join(', ')}`;
  return { code: 'unknown-reference', what: `there is no rate deck '${name}'`, todo };
}
