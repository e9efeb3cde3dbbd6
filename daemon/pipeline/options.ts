import type { Destination, Event } from '../../detectors/vocabulary.ts';
import type { Line, Trunk } from '../identity/directory-schema.ts';
import type { NetworkConfig } from '../identity/network.ts';
import type { BindingEntry } from '../identity/registrations.ts';
import type { Endpoint, Packet } from '../ingest/packet.ts';
import type { CallRecord } from '../sip/call-record.ts';
import type { Method, SipMessage } from '../sip/message.ts';

/** What per-message events go to; all of it on the hot path. */
export interface RateSink {
  /** A message from the customer side. */
  message(sourceSlot: number, atMs: number): void;
  /** A transaction charged to a customer; `atMs` may lie back as far as its answer took. */
  /** True while the customer is over a limit: `profileTransaction` wants to hear more of it. */
  transaction(customerSlot: number, policyIndex: number, atMs: number): boolean;
  profileTransaction(customerSlot: number, method: Method, line: string | null): void;
  /** The slot now stands for another source, or customer. */
  forgetSource(slot: number): void;
  forgetCustomer(slot: number): void;
  /** The profile of a source that is over its message limit, null for all others. */
  profile(sourceSlot: number): Profile | null;
}

/** Takes in what a source over its limit sends and gets, so that a wave of registrations can be told from an attack. */
export interface Profile {
  request(method: Method, lineHash: number): void;
  response(): void;
  answer(status: number, method: Method, lineHash: number, hadCredentials: boolean, stale: boolean): void;
  /** The line has lately been registered from the source. */
  known(lineHash: number): void;
}

/** Looks at whole messages; on the hot path, so it picks what it looks into. */
export interface MessageObserver {
  customerMessage(sourceSlot: number, atMs: number, message: SipMessage, packet: Packet): void;
  proxyMessage(destinationSlot: number, atMs: number, message: SipMessage, packet: Packet): void;
}

/** One observer that tells all of them, in their order; null for none. */
export function together(observers: readonly MessageObserver[]): MessageObserver | null {
  if (observers.length < 2) return observers[0] ?? null;
  return {
    customerMessage: (slot, atMs, message, packet) => {
      for (const observer of observers) observer.customerMessage(slot, atMs, message, packet);
    },
    proxyMessage: (slot, atMs, message, packet) => {
      for (const observer of observers) observer.proxyMessage(slot, atMs, message, packet);
    },
  };
}

/** What the pipeline asks of the directory; `revision` changes with every change of it. */
export interface PipelineDirectory {
  readonly revision: number;
  line(id: string): Line | null;
  lineByUsername(user: string): Line | null;
  trunkByAddress(address: Endpoint): Trunk | null;
}

export interface PipelineOptions {
  readonly network: NetworkConfig;
  readonly directory: PipelineDirectory;
  readonly calls: {
    readonly maximumAgeMs: number;
    readonly silentAgeMs: number;
    readonly unansweredAgeMs: number;
    readonly reorderMs: number;
    readonly marksMs: readonly number[];
  };
  readonly capacity: {
    readonly sources: number;
    readonly lines: number;
    readonly calls: number;
    readonly transactions: number;
    readonly bindings: number;
  };
  readonly maximumMessageBytes: number;
  readonly policyIndexOf: (customer: string) => number;
  /** `country`: where it is dialled, null for the operator's country. */
  readonly isEmergency: (user: string, uri: string, country: string | null) => boolean;
  /** What a dialled user and Request-URI stand for. */
  readonly destinationOf: (user: string, uri: string, country: string | null) => Destination;
  readonly rates: RateSink;
  readonly onEvent: (event: Event) => void;
  /** Without a directory or live traffic to prove anything (replay): calls are charged to the From user they claim. */
  readonly believeClaims?: boolean;
  /** A new transaction of a source, a message of a source: for counting, where somebody counts. */
  readonly onTransaction?: (sourceSlot: number, atMs: number) => void;
  readonly onMessage?: (sourceSlot: number, atMs: number, message: SipMessage, packet: Packet) => void;
  /** Every message of whomever, once; before it is judged. */
  readonly onSeen?: (message: SipMessage, packet: Packet) => void;
  readonly onCallChange?: (record: CallRecord) => void;
  /** A binding was made, refreshed or ended, at this time of capture. */
  readonly onBindingChange?: (binding: BindingEntry, atMs: number) => void;
}
