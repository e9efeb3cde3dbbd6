import type { Subject } from '../../detectors/vocabulary.ts';
import {
  type Block,
  familyOf,
  type KeyFamily,
  keyFamilies,
  proxyKey,
  shownIn,
  subjectOfKey,
} from './blocked-keys.ts';
import { type Coverage, ownKeysOnly } from './coverage.ts';
import { isBlocking, type Suspension } from './suspension.ts';
import type { SuspensionStore } from './suspension-store.ts';

export interface WantedKeysOptions {
  readonly store: Pick<SuspensionStore, 'blocking' | 'eachOpen'>;
  readonly clock: () => number;
  readonly coverage?: Coverage;
  /** False for a suspension that stays open but is not to block, because its rule observes now. */
  readonly holds?: (suspension: Suspension) => boolean;
}

/** What proxies should find, by the full name of the key (blocked-keys.ts): read from the open suspensions at the time of asking. */
export class WantedKeys {
  readonly #store: WantedKeysOptions['store'];
  readonly #clock: () => number;
  readonly #coverage: Coverage;
  readonly #holds: (suspension: Suspension) => boolean;

  constructor({ store, clock, coverage = ownKeysOnly, holds = () => true }: WantedKeysOptions) {
    this.#store = store;
    this.#clock = clock;
    this.#coverage = coverage;
    this.#holds = holds;
  }

  /** The keys that a suspension may change, its subject's own first; none where proxies have nothing to do with it. */
  keysOf({ subject, effect }: Suspension): readonly string[] {
    const family = familyOf(effect);
    return family === null ? [] : this.#coverage.keysOf(subject).map((one) => proxyKey(family, one));
  }

  /** What the key should hold, without the part of the suspension `except`; null: it should not be there. */
  async get(key: string, except: string | null = null): Promise<Block | null> {
    const named = subjectOf(key);
    if (named === null) return null;
    const owners = this.#coverage.ownersOf(named.subject);
    const blocking = (await Promise.all(owners.map((owner) => this.#store.blocking(owner)))).flat();
    const holding = blocking.filter((suspension) => suspension.id !== except && this.#holds(suspension));
    return shownIn(named.family, holding, this.#clock());
  }

  async all(): Promise<Map<string, Block>> {
    const suspensions = new Map<string, { readonly family: KeyFamily; readonly of: Suspension[] }>();
    for await (const suspension of this.#store.eachOpen()) {
      const family = familyOf(suspension.effect);
      if (family === null || !isBlocking(suspension.state) || !this.#holds(suspension)) continue;
      for (const key of this.keysOf(suspension)) {
        const known = suspensions.get(key);
        if (known === undefined) suspensions.set(key, { family, of: [suspension] });
        else known.of.push(suspension);
      }
    }
    const wanted = new Map<string, Block>();
    for (const [key, { family, of }] of suspensions) {
      const block = shownIn(family, of, this.#clock());
      if (block !== null) wanted.set(key, block);
    }
    return wanted;
  }
}

function subjectOf(key: string): { readonly family: KeyFamily; readonly subject: Subject } | null {
  for (const family of keyFamilies) {
    const subject = subjectOfKey(family, key);
    if (subject !== null) return { family, subject };
  }
  return null;
}
