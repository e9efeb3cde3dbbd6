/**
 * A policy in another language than the one it is written in, as its file says it: the one place from which letters, the API and the
 * console take a contract's words.
 */
export interface Translation {
  readonly contract?: string | undefined;
  /** What clauses call the parts of the contract: `general terms` → `conditions générales`. */
  readonly clauses?: Readonly<Record<string, string>> | undefined;
  /** Of rules, by id. */
  readonly titles?: Readonly<Record<string, string>> | undefined;
}

export type Translations = Readonly<Partial<Record<'en' | 'fr', Translation | undefined>>>;

/** `general terms 12.1` → `conditions générales 12.1`; what is not translated stays as it is written. */
export function clauseIn(translation: Translation | undefined, clause: string): string {
  let said = clause;
  for (const [name, other] of Object.entries(translation?.clauses ?? {})) said = said.replaceAll(name, other);
  return said;
}
