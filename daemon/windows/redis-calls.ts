import type { Reading, Subject } from '../../detectors/vocabulary.ts';
import { CallWriter, type Operation, ReplyReader } from './redis-batch.ts';
import { hashSlot, subjectTag } from './redis-keys.ts';
import type { Group } from './spool.ts';

/** The part of a batch that one call carries: all of it on a standalone Redis, the operations of one slot in a cluster. */
export interface Call {
  readonly keys: readonly string[];
  readonly operations: Buffer;
  reply: Buffer | null;
}

/** What waits for Redis together, as it is sent. It never changes once it is made. */
export interface Batch {
  /** From 1 on, without gaps; 0: carries nothing. */
  readonly number: number;
  readonly groups: readonly Group[];
  /** Operations in it. */
  readonly size: number;
  readonly calls: readonly Call[];
  /** Call of each operation; null where there is one call. */
  readonly callOf: readonly number[] | null;
  refusals: number;
}

export const DAEMON_TAG = 'vigie:{daemon}';
/** Set while some subject has a reset to be remembered; without a slot of its own in a cluster, where each subject is asked. */
const RESETS_FLAG = `${DAEMON_TAG}:~resets`;

/** All in one call, for a standalone Redis. `daemonId`: of this process, under which Redis remembers the last number applied. */
export function standaloneBatch(number: number, groups: readonly Group[], daemonId: string): Batch {
  const size = sizeOf(groups);
  const writer = new CallWriter(size);
  for (const { operations } of groups) for (const operation of operations) writer.operation(operation);
  const keys = [`${DAEMON_TAG}:~applied:${daemonId}`, RESETS_FLAG];
  const calls = size === 0 ? [] : [{ keys, operations: writer.finish(), reply: null }];
  return { number, groups, size, calls, callOf: null, refusals: 0 };
}

/** A call for each slot of the cluster that it touches. */
export function clusterBatch(number: number, groups: readonly Group[], daemonId: string): Batch {
  const operations = groups.flatMap((group) => group.operations);
  const size = operations.length;
  const callOf = new Array<number>(size);
  const calls = bySlot(operations.map(subjectOf)).map((places, index): Call => {
    const writer = new CallWriter(places.length);
    for (const place of places) {
      writer.operation(operations[place]);
      callOf[place] = index;
    }
    const keys = [`${subjectTag(subjectOf(operations[places[0]]))}:~applied:${daemonId}`];
    return { keys, operations: writer.finish(), reply: null };
  });
  return { number, groups, size, calls, callOf, refusals: 0 };
}

export function sizeOf(groups: readonly Group[]): number {
  let size = 0;
  for (const { operations } of groups) size += operations.length;
  return size;
}

/** What came back for each group of an answered batch, in order. `onError`: of an operation that failed inside Redis. */
export function* answersOf(
  batch: Batch,
  onError: (message: string) => void,
): Generator<{ readonly group: Group; readonly readings: readonly Reading[] }> {
  const readers = batch.calls.map(({ reply }) => new ReplyReader(reply as Buffer));
  let place = 0;
  for (const group of batch.groups) {
    const readings: Reading[] = [];
    for (const operation of group.operations) {
      const reader = readers[batch.callOf === null ? 0 : batch.callOf[place]];
      place++;
      if (operation.kind === 'put' || operation.kind === 'drop' || operation.kind === 'reset') reader.done();
      else readings.push(reader.ofUpdate(operation));
      if (reader.error !== null) onError(reader.error);
    }
    yield { group, readings };
  }
}

/** Places of the subjects, by slot of the cluster. */
export function bySlot(subjects: readonly Subject[]): number[][] {
  const parts = new Map<number, number[]>();
  for (const [place, subject] of subjects.entries()) {
    const slot = hashSlot(subjectTag(subject));
    const part = parts.get(slot);
    if (part === undefined) parts.set(slot, [place]);
    else part.push(place);
  }
  return [...parts.values()];
}

function subjectOf(operation: Operation): Subject {
  return operation.kind === 'reset' ? operation.subject : operation.key.subject;
}
