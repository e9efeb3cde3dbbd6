import { mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { processMark } from '../process-mark.ts';
import { type AdminToken, hashToken, newToken } from './tokens.ts';

/**
 * The token for people on the daemon's own host: made at each start, readable by the daemon's user (and root) only, so that
 * `vigie suspensions lift …` works without set-up. Who can read the file could as well change the daemon.
 */
export function localTokenFile(directory: string): string {
  return join(directory, 'admin-token');
}

/**
 * Writes a fresh token to `directory`/admin-token with mode 0600 and returns what the server needs to know of it. Where another daemon that
 * lives uses the directory, its token is taken instead: a new one would lock its people out.
 */
export function createLocalToken(directory: string): AdminToken {
  const file = localTokenFile(directory);
  mkdirSync(directory, { recursive: true, mode: 0o700 });
  const users = `${file}.users`;
  const alive = othersOf(users);
  const shared = alive.length > 0 ? readLocalToken(directory) : null;
  const token = shared ?? newToken();
  if (shared === null) replace(file, `${token}\n`);
  replace(users, `${[...alive, processMark(process.pid) ?? process.pid].join('\n')}\n`);
  return { name: 'local', hash: hashToken(token), scopes: ['admin'] };
}

/** Daemons besides this one that took the token of the directory, and live. */
function othersOf(users: string): string[] {
  try {
    const marks = readFileSync(users, 'utf8').split('\n').slice(0, 64);
    return marks.filter((mark) => {
      const pid = Number(mark.split(' ')[0]);
      return pid > 0 && pid !== process.pid && processMark(pid) === mark;
    });
  } catch {
    return [];
  }
}

/** Written aside and moved, so that a reader never sees half of it nor one with wider permissions. */
function replace(file: string, text: string): void {
  const aside = `${file}.${process.pid}`;
  rmSync(aside, { force: true });
  writeFileSync(aside, text, { mode: 0o600, flag: 'wx' });
  renameSync(aside, file);
}

/** The local token, null where there is none or it may not be read. */
export function readLocalToken(directory: string): string | null {
  try {
    return readFileSync(localTokenFile(directory), 'utf8').trim();
  } catch {
    return null;
  }
}
