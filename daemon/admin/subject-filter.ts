import type { Subject, SubjectKind } from '../../detectors/vocabulary.ts';
import { ApiError } from './errors.ts';

/** `subjectKind` and `subject` of a list's query, which only mean something together. */
export function subjectOf(kind: SubjectKind | undefined, id: string | undefined): Subject | null {
  if (kind === undefined && id === undefined) return null;
  if (kind !== undefined && id !== undefined) return { kind, id };
  throw new ApiError('invalid-input', 'The query has faults.', {
    faults: [
      {
        path: kind === undefined ? '/subjectKind' : '/subject',
        message: 'subjectKind and subject go together',
      },
    ],
  });
}
