import { chargedOf, type Event, type Subject, type SubjectKind } from '../../detectors/vocabulary.ts';

/** Refused credentials name a line and prove nothing: they may be counted for it, but it is not judged by them. */
export function isMereClaim(subject: Subject, event: Event): boolean {
  return subject.kind === 'line' && event.type === 'credentials' && !event.accepted;
}

/** Of that kind, whom the event is about; null for nobody. */
export function subjectOf(kind: SubjectKind, event: Event): Subject | null {
  if (kind === 'called') return 'leg' in event ? { kind, id: event.leg.destination.number } : null;
  if (kind === 'claimed' || (kind === 'line' && event.type === 'credentials' && !event.accepted)) {
    const line = event.type === 'credentials' ? (event.claimedLine ?? null) : null;
    return line === null ? null : { kind, id: line };
  }
  if (kind === 'peers') return null;
  const id = chargedOf(event)[kind];
  return id === null ? null : { kind, id };
}

/** A source or a called number belongs to nobody. */
export function ownerOf(subject: Subject, customer: string | null): string | null {
  return subject.kind === 'source' || subject.kind === 'called' ? null : customer;
}
