import type { Charged, RegistrationEvent } from '../../detectors/vocabulary.ts';
import { HashIndex } from '../sip/hash-index.ts';
import { TimeHeap } from '../sip/time-heap.ts';
import type { LineEntry } from './line-table.ts';

/**
 * A registered contact of a line, and the address and port (flow) that its REGISTER came from. A refresh writes it over: a telephone
 * refreshes many times before its first Expires is over.
 */
export interface BindingEntry {
  readonly line: LineEntry;
  /** +sip.instance where given, else the Contact URI: what makes two devices two. */
  readonly device: string;
  userAgent: string;
  source: string;
  sourcePort: number;
  flowHi: number;
  flowLo: number;
  /** Call-ID of the REGISTER: a device that starts anew takes a new one. */
  callId: string;
  /** When the device took another Call-ID last, -Infinity if it never did. */
  callIdChangedAtMs: number;
  expiresAtMs: number;
  /** The binding was replaced or removed; its timer has nothing left to do. */
  gone: boolean;
  /** Further bindings of the line, in the order of their REGISTERs, and of the flow. */
  nextOfLine: BindingEntry | null;
  nextOfFlow: BindingEntry | null;
}

/** What a binding was before a REGISTER wrote it over. */
export interface FormerBinding {
  readonly source: string;
  readonly sourcePort: number;
  /** The device took another Call-ID than before, as it does when it starts (RFC 3261 §10.2.4). */
  readonly startedAnew: boolean;
}

export interface NewBinding {
  readonly device: string;
  readonly userAgent: string;
  readonly source: string;
  readonly sourcePort: number;
  readonly flowHi: number;
  readonly flowLo: number;
  readonly callId: string;
  readonly expiresAtMs: number;
}

/**
 * A device that takes another Call-ID again within this time takes one as it likes: that says nothing of a start. Or nobody could be held to a
 * limit of calls who registers before each.
 */
const STARTS_APART_MS = 3_600_000;
/** Bindings of one line at most; a registrar that lets a line have more does not make us keep them. */
const MAXIMUM_PER_LINE = 64;
/** User-Agents that bindings share one string of. */
const MAXIMUM_USER_AGENTS = 1024;

/**
 * Who is registered from where. A live binding proves that requests from its address and port are the line's.
 */
export class Registrations {
  readonly #flows = new HashIndex(1024);
  /** The first binding of each flow. */
  readonly #flowBindings: (BindingEntry | null)[] = [];
  readonly #userAgents = new Map<string, string>();
  readonly #freeFlows: number[] = [];
  readonly #timers = new TimeHeap<BindingEntry>();
  readonly #capacity: number;
  readonly #onEvent: (event: RegistrationEvent) => void;
  readonly #onChange: (binding: BindingEntry, atMs: number) => void;
  #count = 0;
  /** Bindings not kept because the table was full. */
  refused = 0;

  /** @param onChange a binding was made, refreshed or ended at the time of capture given */
  constructor(
    capacity: number,
    onEvent: (event: RegistrationEvent) => void,
    onChange: (binding: BindingEntry, atMs: number) => void = () => {},
  ) {
    this.#capacity = capacity;
    this.#onEvent = onEvent;
    this.#onChange = onChange;
  }

  get size(): number {
    return this.#count;
  }

  /** Timers that run: one a binding, and one for each that a REGISTER has cut short, until its former end. */
  get timers(): number {
    return this.#timers.size;
  }

  /**
   * Notes a binding that a REGISTER's 200 has made or refreshed.
   * @returns what it was before, if the device had one
   */
  bind(line: LineEntry, binding: NewBinding, atMs: number): FormerBinding | null {
    const known = deviceOf(line, binding.device);
    let former: FormerBinding | null = null;
    let callIdChangedAtMs = known?.callIdChangedAtMs ?? Number.NEGATIVE_INFINITY;
    if (known !== null) {
      const { source, sourcePort } = known;
      const changed = known.callId !== binding.callId;
      const startedAnew = changed && atMs - callIdChangedAtMs >= STARTS_APART_MS;
      former = { source, sourcePort, startedAnew };
      if (changed) callIdChangedAtMs = atMs;
    }
    let entry = known;
    // Its timer is due before the new end, and goes on then.
    if (known !== null && binding.expiresAtMs >= known.expiresAtMs) this.#refresh(known, binding);
    else {
      if (known !== null) this.#remove(known);
      if (this.#isFull(line)) {
        this.refused++;
        return former;
      }
      entry = this.#add(line, binding, known?.device ?? unsliced(binding.device));
    }
    (entry as BindingEntry).callIdChangedAtMs = callIdChangedAtMs;
    this.#onEvent({ type: 'registered', atMs, binding: described(entry as BindingEntry) });
    this.#onChange(entry as BindingEntry, atMs);
    return former;
  }

  /** Takes a binding back that was saved before a restart; false if the device has one already or there is no room. */
  restore(line: LineEntry, binding: NewBinding): boolean {
    if (deviceOf(line, binding.device) !== null || this.#isFull(line)) return false;
    this.#add(line, binding, binding.device);
    return true;
  }

  /** Removes the binding of a device, or all of the line's where `device` is null. */
  unbind(line: LineEntry, device: string | null, atMs: number): void {
    let next = line.firstBinding;
    while (next !== null) {
      const entry = next;
      next = entry.nextOfLine;
      if (device === null || entry.device === device) this.#end(entry, atMs);
    }
  }

  /** Whether the address and port hold a live binding of the line. */
  covers(flowHi: number, flowLo: number, line: LineEntry, atMs: number): boolean {
    for (let entry = line.firstBinding; entry !== null; entry = entry.nextOfLine)
      if (entry.flowHi === flowHi && entry.flowLo === flowLo && entry.expiresAtMs > atMs) return true;
    return false;
  }

  /** The only line registered at the address and port; null if there is none or more than one. */
  soleLine(flowHi: number, flowLo: number, atMs: number): LineEntry | null {
    const slot = this.#flows.find(flowHi, flowLo);
    if (slot < 0) return null;
    let sole: LineEntry | null = null;
    for (let entry = this.#flowBindings[slot]; entry !== null; entry = entry.nextOfFlow) {
      if (entry.expiresAtMs <= atMs || entry.line === sole) continue;
      if (sole !== null) return null;
      sole = entry.line;
    }
    return sole;
  }

  /** Lets capture time pass: bindings whose time is over go. */
  advance(nowMs: number): void {
    while (this.#timers.firstMs <= nowMs) {
      const dueMs = this.#timers.firstMs;
      const entry = this.#timers.pop() as BindingEntry;
      if (entry.gone) continue;
      // Refreshed meanwhile.
      if (entry.expiresAtMs > dueMs) this.#timers.push(entry.expiresAtMs, entry);
      else this.#end(entry, entry.expiresAtMs, true);
    }
  }

  #isFull(line: LineEntry): boolean {
    let count = 0;
    for (let entry = line.firstBinding; entry !== null; entry = entry.nextOfLine) count++;
    return this.#count >= this.#capacity || count >= MAXIMUM_PER_LINE;
  }

  #add(line: LineEntry, binding: NewBinding, device: string): BindingEntry {
    const { source, sourcePort, flowHi, flowLo, callId, expiresAtMs } = binding;
    // Written out: a spread keeps properties in a second object.
    const entry: BindingEntry = {
      line,
      device,
      userAgent: this.#shared(binding.userAgent),
      source,
      sourcePort,
      flowHi,
      flowLo,
      callId,
      callIdChangedAtMs: Number.NEGATIVE_INFINITY,
      expiresAtMs,
      gone: false,
      nextOfLine: null,
      nextOfFlow: null,
    };
    addToLine(entry);
    this.#addToFlow(entry);
    this.#timers.push(entry.expiresAtMs, entry);
    this.#count++;
    return entry;
  }

  #refresh(entry: BindingEntry, binding: NewBinding): void {
    const { flowHi, flowLo, source, callId } = binding;
    if (entry.flowHi !== flowHi || entry.flowLo !== flowLo) {
      this.#removeFromFlow(entry);
      entry.flowHi = flowHi;
      entry.flowLo = flowLo;
      this.#addToFlow(entry);
    }
    if (entry.nextOfLine !== null) {
      removeFromLine(entry);
      addToLine(entry);
    }
    // Equal texts stay what they are: the new ones are garbage at once.
    if (entry.source !== source) entry.source = source;
    if (entry.callId !== callId) entry.callId = callId;
    entry.sourcePort = binding.sourcePort;
    entry.userAgent = this.#shared(binding.userAgent);
    entry.expiresAtMs = binding.expiresAtMs;
  }

  #end(entry: BindingEntry, atMs: number, expired = false): void {
    this.#remove(entry);
    entry.expiresAtMs = Math.min(entry.expiresAtMs, atMs);
    this.#onEvent({ type: 'unregistered', atMs, binding: described(entry), expired });
    this.#onChange(entry, atMs);
  }

  #remove(entry: BindingEntry): void {
    if (entry.gone) return;
    entry.gone = true;
    this.#count--;
    removeFromLine(entry);
    this.#removeFromFlow(entry);
  }

  #addToFlow(entry: BindingEntry): void {
    let slot = this.#flows.find(entry.flowHi, entry.flowLo);
    if (slot >= 0) entry.nextOfFlow = this.#flowBindings[slot];
    else {
      slot = this.#freeFlows.pop() ?? this.#flowBindings.length;
      this.#flows.set(entry.flowHi, entry.flowLo, slot);
    }
    this.#flowBindings[slot] = entry;
  }

  #removeFromFlow(entry: BindingEntry): void {
    const slot = this.#flows.find(entry.flowHi, entry.flowLo);
    if (slot < 0) return;
    const first = this.#flowBindings[slot];
    if (first === entry) this.#flowBindings[slot] = entry.nextOfFlow;
    for (let before = first; before !== null; before = before.nextOfFlow)
      if (before.nextOfFlow === entry) before.nextOfFlow = entry.nextOfFlow;
    entry.nextOfFlow = null;
    if (this.#flowBindings[slot] !== null) return;
    this.#flows.delete(entry.flowHi, entry.flowLo);
    this.#freeFlows.push(slot);
  }

  /** One string for all phones of a model. */
  #shared(userAgent: string): string {
    const known = this.#userAgents.get(userAgent);
    if (known !== undefined) return known;
    if (this.#userAgents.size >= MAXIMUM_USER_AGENTS) this.#userAgents.clear();
    this.#userAgents.set(userAgent, userAgent);
    return userAgent;
  }
}

function described(entry: BindingEntry): RegistrationEvent['binding'] {
  const charged: Charged = {
    line: entry.line.id,
    trunk: null,
    customer: entry.line.customer.id,
    source: entry.source,
  };
  return {
    line: entry.line.id,
    charged,
    contact: entry.device,
    userAgent: entry.userAgent,
    expiresAtMs: entry.expiresAtMs,
  };
}

/** Whether the line has a binding from the address that was live at `atMs`. */
export function isBoundFrom(line: LineEntry, source: string, atMs: number): boolean {
  for (let entry = line.firstBinding; entry !== null; entry = entry.nextOfLine)
    if (entry.source === source && entry.expiresAtMs > atMs) return true;
  return false;
}

function deviceOf(line: LineEntry, device: string): BindingEntry | null {
  for (let entry = line.firstBinding; entry !== null; entry = entry.nextOfLine)
    if (entry.device === device) return entry;
  return null;
}

/** At the end. */
function addToLine(entry: BindingEntry): void {
  const { line } = entry;
  if (line.firstBinding === null) {
    line.firstBinding = entry;
    return;
  }
  let last = line.firstBinding;
  while (last.nextOfLine !== null) last = last.nextOfLine;
  last.nextOfLine = entry;
}

function removeFromLine(entry: BindingEntry): void {
  const { line } = entry;
  if (line.firstBinding === entry) line.firstBinding = entry.nextOfLine;
  for (let before = line.firstBinding; before !== null; before = before.nextOfLine)
    if (before.nextOfLine === entry) before.nextOfLine = entry.nextOfLine;
  entry.nextOfLine = null;
}

/** A part cut from a text keeps the whole text; a copy does not. */
function unsliced(text: string): string {
  return Buffer.from(text).toString();
}
