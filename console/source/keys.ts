import { shortcuts } from './preferences.ts';
import { go } from './router.ts';

/** What single keys do; none of them while somebody types or a dialog is open. */
export const keyList = [
  { keys: ['g', 'o'], word: 'keys.overview' },
  { keys: ['g', 's'], word: 'keys.subjects' },
  { keys: ['g', 'p'], word: 'keys.policies' },
  { keys: ['g', 'i'], word: 'keys.ingest' },
  { keys: ['g', 'd'], word: 'keys.directory' },
  { keys: ['g', 'a'], word: 'keys.audit' },
  { keys: ['/'], word: 'keys.search' },
  { keys: ['j'], word: 'keys.next' },
  { keys: ['k'], word: 'keys.previous' },
  { keys: ['Enter'], word: 'keys.open' },
  { keys: ['l'], word: 'keys.lift' },
  { keys: ['?'], word: 'keys.help' },
] as const;

const pages: Readonly<Record<string, string>> = {
  o: '#/',
  s: '#/subjects',
  p: '#/policies',
  i: '#/ingest',
  d: '#/directory',
  a: '#/audit',
};
/** The second key of a pair comes within this. */
const PAIR_MS = 1_200;

export function listenToKeys(onHelp: () => void): () => void {
  let firstMs = 0;
  const onKey = (event: KeyboardEvent): void => {
    if (!shortcuts.value || event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented) return;
    const target = event.target as HTMLElement;
    if (target.closest('input, select, textarea, dialog') !== null) return;
    const paired = event.timeStamp - firstMs < PAIR_MS;
    firstMs = event.key === 'g' ? event.timeStamp : 0;
    const page = pages[event.key];
    if (paired && page !== undefined) go(page);
    else if (event.key === '/') search();
    else if (event.key === 'j' || event.key === 'k') step(event.key === 'j' ? 1 : -1);
    else if (event.key === 'l') document.querySelector<HTMLElement>('button.lift')?.click();
    else if (event.key === '?') onHelp();
    else return;
    event.preventDefault();
  };
  addEventListener('keydown', onKey);
  return () => removeEventListener('keydown', onKey);
}

let searchWanted = false;

/** True once after `/` was pressed on a page without a search field. */
export function takeSearchWanted(): boolean {
  const wanted = searchWanted;
  searchWanted = false;
  return wanted;
}

function search(): void {
  const field = document.querySelector<HTMLElement>('[data-search]');
  if (field !== null) {
    field.focus();
    return;
  }
  searchWanted = true;
  go('#/subjects');
}

/** Focus goes to the link or button of the next row, so that Enter opens it. */
function step(by: 1 | -1): void {
  const rows = [...document.querySelectorAll<HTMLElement>('[data-row]')].filter(
    (row) => row.offsetParent !== null,
  );
  const at = rows.findIndex((row) => row.contains(document.activeElement));
  const row = rows[Math.min(rows.length - 1, Math.max(0, at + by))];
  const target = row?.querySelector<HTMLElement>('a, button') ?? row;
  target?.focus();
  row?.scrollIntoView({ block: 'nearest' });
}
