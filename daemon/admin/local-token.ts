import { mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type AdminToken, hashToken, newToken } from './tokens.ts';

/**
 * The token for people on the daemon's own host: made at each start, readable by the daemon's user (and root) only, so that
 * `vigie suspensions lift …` works without set-up. Who can read the file could as well change the daemon.
 */
export function localTokenFile(directory: string): string {
  return join(directory, 'admin-token');
}

/** Writes a fresh token to `directory`/admin-token with mode 0600 and returns what the server needs to know of it. */
export function createLocalToken(directory: string): AdminToken {
  const token = newToken();
  const file = localTokenFile(directory);
  mkdirSync(directory, { recursive: true, mode: 0o700 });
  // Written aside and moved, so that a reader never sees half a token nor one with wider permissions.
  const aside = `${file}.${process.pid}`;
  rmSync(aside, { force: true });
  writeFileSync(aside, `${token}\n`, { mode: 0o600, flag: 'wx' });
  renameSync(aside, file);
  return { name: 'local', hash: hashToken(token), scopes: ['admin'] };
}

/** The local token, null where there is none or it may not be read. */
export function readLocalToken(directory: string): string | null {
  try {
    return readFileSync(localTokenFile(directory), 'utf8').trim();
  } catch {
    return null;
  }
}
