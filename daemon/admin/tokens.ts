import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';

export const SCOPES = ['read', 'evidence', 'lift', 'admin'] as const;
/** Each scope includes the ones before it. `read` sees numbers and addresses masked, `evidence` in clear. */
export type Scope = (typeof SCOPES)[number];

/** A token as the configuration keeps it: `admin.tokens`. */
export interface AdminToken {
  readonly name: string;
  /** `sha256:` and 64 hexadecimal digits. Tokens are random with 256 bits, so a slow hash would add nothing. */
  readonly hash: string;
  readonly scopes: readonly Scope[];
}

export interface Bearer {
  readonly name: string;
  readonly scopes: readonly Scope[];
}

/** 256 random bits behind a prefix that secret scanners can find. */
export function newToken(): string {
  return `vigie_${randomBytes(32).toString('base64url')}`;
}

export function hashToken(token: string): string {
  return `sha256:${createHash('sha256').update(token).digest('hex')}`;
}

export function allows(scopes: readonly Scope[], needed: Scope): boolean {
  return scopes.some((scope) => SCOPES.indexOf(scope) >= SCOPES.indexOf(needed));
}

/** Looks tokens up in a time that tells nothing: hashes are compared, all of them, each in constant time. */
export class TokenList {
  readonly #tokens: readonly (AdminToken & { readonly digest: Buffer })[];

  constructor(tokens: readonly AdminToken[]) {
    this.#tokens = tokens.map((token) => ({ ...token, digest: Buffer.from(token.hash) }));
  }

  find(presented: string): Bearer | null {
    const digest = Buffer.from(hashToken(presented));
    let found: Bearer | null = null;
    for (const token of this.#tokens) {
      const same = token.digest.length === digest.length && timingSafeEqual(token.digest, digest);
      if (same) found = { name: token.name, scopes: token.scopes };
    }
    return found;
  }
}

/** The token of an `Authorization: Bearer` header (RFC 6750), null where there is none. */
export function bearerOf(header: string | undefined): string | null {
  return /^Bearer +([A-Za-z0-9._~+/=-]{1,512})$/i.exec(header ?? '')?.[1] ?? null;
}
