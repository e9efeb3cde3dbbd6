import type { Subject, SubjectKind } from '../../detectors/vocabulary.ts';
import { ApiError } from './errors.ts';

/** `kind` and `subject` of a list's query, which only mean something together. */
export function subjectFilter(
  kind: SubjectKind | undefined,
  id: string | undefined,
): { readonly subject: Subject } | Record<string, never> {
  if (kind === undefined && id === undefined) return {};
  if (kind !== undefined && id !== undefined) return { subject: { kind, id } };
  throw new ApiError('invalid-input', 'The query has faults.', {
    faults: [{ path: kind === undefined ? '/kind' : '/subject', message: 'kind and subject go together' }],
  });
}
