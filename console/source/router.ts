import { computed, signal } from '@preact/signals';
import type { Subject, SubjectKind } from './api.ts';

/** Pages live behind the # of the address: the daemon serves one file, and a link to a subject can be sent to a colleague. */

const PLAIN = ['subjects', 'policies', 'ingest', 'directory', 'audit'] as const;
type Plain = (typeof PLAIN)[number];

export type Route =
  | { readonly page: 'overview' | Plain }
  | { readonly page: 'subject'; readonly subject: Subject }
  | { readonly page: 'policy'; readonly id: string };

const KINDS: readonly string[] = ['line', 'trunk', 'customer', 'source', 'called', 'claimed'];
const hash = signal(location.hash);
addEventListener('hashchange', () => {
  hash.value = location.hash;
});

export const route = computed<Route>(() => parse(hash.value));

function parse(text: string): Route {
  const parts = text.replace(/^#\/?/, '').split('/').map(decoded);
  const [page, first, second] = parts;
  if (page === 'subjects' && first !== undefined && second !== undefined && KINDS.includes(first)) {
    return { page: 'subject', subject: { kind: first as SubjectKind, id: second } };
  }
  if (page === 'policies' && first !== undefined && first !== '') return { page: 'policy', id: first };
  return { page: PLAIN.find((one) => one === page) ?? 'overview' };
}

function decoded(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}

export const subjectLink = ({ kind, id }: Subject): string => `#/subjects/${kind}/${encodeURIComponent(id)}`;
export const policyLink = (id: string): string => `#/policies/${encodeURIComponent(id)}`;

export function go(to: string): void {
  location.hash = to;
}
