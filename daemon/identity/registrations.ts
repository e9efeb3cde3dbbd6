import type { Charged, RegistrationEvent } from '../../detectors/vocabulary.ts';
import { HashIndex } from '../sip/hash-index.ts';
import { TimeHeap } from '../sip/time-heap.ts';
import type { LineEntry } from './line-table.ts';

/** A registered contact of a line, and the address and port (flow) that its REGISTER came from. */
export interface BindingEntry {
  readonly line: LineEntry;
  /** +sip.instance where given, else the Contact URI: what makes two devices two. */
  readonly device: string;
  readonly userAgent: string;
  readonly source: string;
  readonly sourcePort: number;
  readonly flowHi: number;
  readonly flowLo: number;
  /** Call-ID of the REGISTER: a device that starts anew takes a new one. */
  readonly callId: string;
  /** Capture time of the 200 that made it. */
  readonly boundAtMs: number;
  expiresAtMs: number;
  /** The binding was replaced or removed; its timer has nothing left to do. */
  gone: boolean;
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

/** Bindings of one line at most; a registrar that lets a line have more does not make us keep them. */
const MAXIMUM_PER_LINE = 64;
/** User-Agents that bindings share one string of. */
const MAXIMUM_USER_AGENTS = 1024;

/**
 * Who is registered from where. A live binding proves that requests from its address and port are the line's.
 */
export class Registrations {
  readonly #flows = new HashIndex(1024);
  readonly #flowBindings: (readonly BindingEntry[])[] = [];
  readonly #userAgents = new Map<string, string>();
  readonly #freeFlows: number[] = [];
  readonly #timers = new TimeHeap<BindingEntry>();
  readonly #capacity: number;
  readonly #onEvent: (event: RegistrationEvent) => void;
  readonly #onChange: (binding: BindingEntry) => void;
  #count = 0;
  /** Bindings not kept because the table was full. */
  refused = 0;

  constructor(
    capacity: number,
    onEvent: (event: RegistrationEvent) => void,
    onChange: (binding: BindingEntry) => void = () => {},
  ) {
    this.#capacity = capacity;
    this.#onEvent = onEvent;
    this.#onChange = onChange;
  }

  get size(): number {
    return this.#count;
  }

  /**
   * Notes a binding that a REGISTER's 200 has made or refreshed.
   * @returns the binding it replaces, if the device had one
   */
  bind(line: LineEntry, binding: NewBinding, atMs: number): BindingEntry | null {
    const previous = line.bindings.find((known) => known.device === binding.device) ?? null;
    if (previous) this.#remove(previous);
    if (this.#count >= this.#capacity || line.bindings.length >= MAXIMUM_PER_LINE) {
      this.refused++;
      return previous;
    }
    const entry = this.#add(line, binding, atMs);
    this.#onEvent({ type: 'registered', atMs, binding: described(entry) });
    this.#onChange(entry);
    return previous;
  }

  /** Takes a binding back that was saved before a restart; false if the device has one already or there is no room. */
  restore(line: LineEntry, binding: NewBinding): boolean {
    const known = line.bindings.some(({ device }) => device === binding.device);
    if (known || this.#count >= this.#capacity || line.bindings.length >= MAXIMUM_PER_LINE) return false;
    this.#add(line, binding, binding.expiresAtMs);
    return true;
  }

  /** Removes the binding of a device, or all of the line's where `device` is null. */
  unbind(line: LineEntry, device: string | null, atMs: number): void {
    for (const entry of [...line.bindings]) {
      if (device !== null && entry.device !== device) continue;
      this.#end(entry, atMs);
    }
  }

  /** Whether the address and port hold a live binding of the line. */
  covers(flowHi: number, flowLo: number, line: LineEntry, atMs: number): boolean {
    for (const entry of line.bindings)
      if (entry.flowHi === flowHi && entry.flowLo === flowLo && entry.expiresAtMs > atMs) return true;
    return false;
  }

  /** The only line registered at the address and port; null if there is none or more than one. */
  soleLine(flowHi: number, flowLo: number, atMs: number): LineEntry | null {
    const slot = this.#flows.find(flowHi, flowLo);
    if (slot < 0) return null;
    let sole: LineEntry | null = null;
    for (const entry of this.#flowBindings[slot]) {
      if (entry.expiresAtMs <= atMs || entry.line === sole) continue;
      if (sole !== null) return null;
      sole = entry.line;
    }
    return sole;
  }

  /** Lets capture time pass: bindings whose time is over go. */
  advance(nowMs: number): void {
    while (this.#timers.firstMs <= nowMs) {
      const entry = this.#timers.pop() as BindingEntry;
      if (!entry.gone) this.#end(entry, entry.expiresAtMs, true);
    }
  }

  #add(line: LineEntry, binding: NewBinding, boundAtMs: number): BindingEntry {
    const { device, source, sourcePort, flowHi, flowLo, callId, expiresAtMs } = binding;
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
      boundAtMs,
      expiresAtMs,
      gone: false,
    };
    // concat makes it as long as it is; spreading leaves room for 16 more.
    line.bindings = line.bindings.concat(entry);
    this.#addToFlow(entry);
    this.#timers.push(entry.expiresAtMs, entry);
    this.#count++;
    return entry;
  }

  #end(entry: BindingEntry, atMs: number, expired = false): void {
    this.#remove(entry);
    entry.expiresAtMs = Math.min(entry.expiresAtMs, atMs);
    this.#onEvent({ type: 'unregistered', atMs, binding: described(entry), expired });
    this.#onChange(entry);
  }

  #remove(entry: BindingEntry): void {
    if (entry.gone) return;
    entry.gone = true;
    this.#count--;
    entry.line.bindings = entry.line.bindings.filter((binding) => binding !== entry);
    const slot = this.#flows.find(entry.flowHi, entry.flowLo);
    if (slot < 0) return;
    const list = this.#flowBindings[slot].filter((binding) => binding !== entry);
    this.#flowBindings[slot] = list;
    if (list.length === 0) {
      this.#flows.delete(entry.flowHi, entry.flowLo);
      this.#freeFlows.push(slot);
    }
  }

  #addToFlow(entry: BindingEntry): void {
    let slot = this.#flows.find(entry.flowHi, entry.flowLo);
    if (slot >= 0) {
      this.#flowBindings[slot] = this.#flowBindings[slot].concat(entry);
      return;
    }
    slot = this.#freeFlows.pop() ?? this.#flowBindings.length;
    this.#flowBindings[slot] = [entry];
    this.#flows.set(entry.flowHi, entry.flowLo, slot);
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
