import { createHash } from 'node:crypto';
import { ApiError } from './errors.ts';

/** Entity tags (RFC 9110, 8.8.3) of what the API lets people edit. */

export function versionTag(version: number): string {
  return `"v${version}"`;
}

/** The version that `If-Match` asks for; null without the field or with `*`. A tag that is none of ours matches nothing. */
export function expectedVersion(ifMatch: string | undefined): number | null {
  if (ifMatch === undefined || ifMatch.trim() === '*') return null;
  const version = /^"v(\d{1,15})"$/.exec(ifMatch.trim())?.[1];
  if (version === undefined) throw new ApiError('changed-meanwhile');
  return Number(version);
}

/** Tag of a value: equal values have equal tags, whichever daemon makes them. */
export function contentTag(value: unknown): string {
  return `"${createHash('sha256').update(canonical(value)).digest('base64url').slice(0, 22)}"`;
}

/**
 * What `If-Match` and `If-None-Match` (RFC 9110, 13.1) ask of an edit, checked against the present value, null where there is none.
 * Throws `changed-meanwhile`. Weak tags match nothing here, as 13.1.1 has it.
 */
export function checkPreconditions(headers: Readonly<Record<string, string>>, present: unknown): void {
  const tag = present === null ? null : contentTag(present);
  const ifMatch = headers['if-match'];
  if (ifMatch !== undefined && (tag === null || !names(ifMatch, tag)))
    throw new ApiError('changed-meanwhile');
  const ifNoneMatch = headers['if-none-match'];
  if (ifNoneMatch !== undefined && tag !== null && names(ifNoneMatch, tag))
    throw new ApiError('changed-meanwhile');
}

function names(field: string, tag: string): boolean {
  return field.trim() === '*' || field.split(',').some((one) => one.trim() === tag);
}

/** JSON with the members of every object in order. */
function canonical(value: unknown): string {
  return JSON.stringify(value, (_name, member: unknown) =>
    typeof member === 'object' && member !== null && !Array.isArray(member)
      ? Object.fromEntries(Object.entries(member).toSorted(([a], [b]) => (a < b ? -1 : 1)))
      : member,
  );
}
