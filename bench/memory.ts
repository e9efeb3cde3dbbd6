/** Memory per line and per open call; `node --expose-gc bench/memory.ts` prints JSON. A process of its own: nothing else is in its heap. */
import type { WindowStore } from '../daemon/windows/store.ts';
import { InProcess } from './pipeline.ts';
import { FrameSet, instancesOf } from './traffic.ts';
import { OUTGOING_ANSWERED, PHONE_OPTIONS, REGISTER } from './traffic-messages.ts';

export interface MemoryFigures {
  /** A registered line, behind an address of its own, from which nothing came for a minute. */
  readonly bytesPerIdleLine: number;
  /** An answered call of such a line. */
  readonly bytesPerOpenCall: number;
}

const LINES = 100_000;
const CALLS = 50_000;
const PER_ROUND = 5_000;
/** Until everything that is kept for half a minute is gone. */
const QUIET_MS = 90_000;
/** Rows of rates are swept as traffic goes on; their clock takes no larger steps. */
const STEP_MS = 10;

/** Windows of days live in Redis: here nobody keeps them. */
const elsewhere: WindowStore = {
  apply: () => {},
  record: () => {},
  read: async () => [],
  async *restore() {},
  reset: async () => {},
};

function held(): number {
  if (globalThis.gc === undefined) throw new Error('run with --expose-gc');
  globalThis.gc();
  globalThis.gc();
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}

export function measureMemory(): MemoryFigures {
  const run = new InProcess(LINES, elsewhere);
  const registrations = new FrameSet(instancesOf(REGISTER, PER_ROUND), LINES);
  const calls = new FrameSet(instancesOf(OUTGOING_ANSWERED, PER_ROUND), LINES);
  const others = new FrameSet(instancesOf(PHONE_OPTIONS, 30), 30);
  /** Time goes by with traffic of thirty lines only. */
  const quiet = () => {
    for (let step = 0; step < QUIET_MS / STEP_MS; step++) {
      run.pass(STEP_MS);
      run.round(others, 100_000 + step);
    }
  };
  // All code runs once before, and the thirty lines are there.
  run.round(others, 0);
  quiet();
  const before = held();
  for (let round = 0; round < LINES / PER_ROUND; round++) run.round(registrations, round);
  quiet();
  const registered = held();
  const { pipeline } = run.core;
  if (pipeline.registrations.size !== LINES)
    throw new Error(`${pipeline.registrations.size} lines registered`);
  for (let round = 0; round < CALLS / PER_ROUND; round++) run.round(calls, round);
  quiet();
  const calling = held();
  if (pipeline.calls.size !== CALLS) throw new Error(`${pipeline.calls.size} calls open`);
  return {
    bytesPerIdleLine: Math.round((registered - before) / LINES),
    bytesPerOpenCall: Math.round((calling - registered) / CALLS),
  };
}

if (import.meta.main) console.log(JSON.stringify(measureMemory()));
