import { computed, signal } from '@preact/signals';

/**
 * Who is signed in. The token lives in this tab only (sessionStorage) and goes out as a header, never in an address:
 * closing the tab signs out.
 */

const KEY = 'vigie.token';
const ORDER = ['read', 'evidence', 'lift', 'admin'] as const;
export type Scope = (typeof ORDER)[number];

export interface Session {
  readonly name: string;
  readonly scopes: readonly Scope[];
}

export const token = signal<string | null>(sessionStorage.getItem(KEY));
export const session = signal<Session | null>(null);
/** Why the sign-in page is shown to somebody who was signed in. */
export const signedOutBecause = signal<'refused' | null>(null);

export const mayLift = computed(() => may('lift'));
export const mayAdminister = computed(() => may('admin'));
/** Sees names and numbers, and the directory. */
export const maySeeNames = computed(() => may('evidence'));

/** Each scope includes the ones before it. */
function may(needed: Scope): boolean {
  return session.value?.scopes.some((scope) => ORDER.indexOf(scope) >= ORDER.indexOf(needed)) ?? false;
}

export function signIn(given: string, who: Session): void {
  sessionStorage.setItem(KEY, given);
  signedOutBecause.value = null;
  token.value = given;
  session.value = who;
}

export function signOut(because: 'refused' | null = null): void {
  sessionStorage.removeItem(KEY);
  signedOutBecause.value = because;
  token.value = null;
  session.value = null;
}
