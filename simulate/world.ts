import { Packet } from '../daemon/ingest/packet.ts';
import { type Actor, Agenda } from './agenda.ts';
import { Ledger } from './ledger.ts';
import type { Host, Operator } from './operator.ts';
import type { Random } from './random.ts';

export interface WorldOptions {
  readonly operator: Operator;
  readonly random: Random;
  /** Period in which calls begin, milliseconds since the epoch. */
  readonly fromMs: number;
  readonly toMs: number;
  /** What people's clocks show, minus the packets' time. */
  readonly clockAheadMs: number;
  /** The leg between proxy and carrier is captured as well. */
  readonly bothLegs: boolean;
  /** Asked as the proxy would ask before it lets a call out: is the line barred? */
  readonly isBarred: (line: string, customer: string) => boolean;
}

/** Keeps the time, takes what is sent, and lets everybody act in turn. */
export class World {
  readonly operator: Operator;
  readonly random: Random;
  readonly fromMs: number;
  readonly toMs: number;
  readonly isBarred: WorldOptions['isBarred'];
  readonly ledger = new Ledger();
  /** Every call through the carrier fails, and none comes from it. */
  carrierFails = false;
  /** Shares of the calls whose BYE the capture never sees, or sees minutes late. */
  lostByes = 0;
  lateByes = 0;
  readonly #clockAheadMs: number;
  readonly #bothLegs: boolean;
  readonly #agenda = new Agenda();
  #nowUs: number;
  #lastSentUs = 0;
  #identifiers = 0;
  /** Packets of the step that is running; the objects are used again. */
  readonly #sent: Packet[] = [];
  #sentCount = 0;

  constructor(options: WorldOptions) {
    this.operator = options.operator;
    this.random = options.random;
    this.fromMs = options.fromMs;
    this.toMs = options.toMs;
    this.isBarred = options.isBarred;
    this.#clockAheadMs = options.clockAheadMs;
    this.#bothLegs = options.bothLegs;
    this.#nowUs = Math.round(options.fromMs * 1000);
  }

  get nowMs(): number {
    return this.#nowUs / 1000;
  }

  /** The moment by which people live. */
  get clockMs(): number {
    return this.nowMs + this.#clockAheadMs;
  }

  /** New calls begin no more; what runs comes to its end. */
  get isOver(): boolean {
    return this.nowMs >= this.toMs;
  }

  /** Everyone who has still something to do. */
  get actors(): number {
    return this.#agenda.size;
  }

  /** A short text that no other call of this world has. */
  identifier(): string {
    return `${(this.#identifiers++).toString(36)}x${this.random.hex(8)}`;
  }

  /** Lets somebody begin after a while. */
  start(actor: Actor, afterMs = 0): void {
    this.#agenda.note(this.#nowUs + Math.round(afterMs * 1000), actor);
  }

  startAt(actor: Actor, atMs: number): void {
    this.#agenda.note(Math.max(this.#nowUs, Math.round(atMs * 1000)), actor);
  }

  /**
   * Puts a message on the wire, if it passes where the capture is taken.
   * @param transaction a request that begins a transaction
   * @returns capture time in microseconds, 0 if it was not captured
   */
  send(from: Host, to: Host, text: string, transaction = false): number {
    if (!this.#bothLegs && from.side !== 'customer' && to.side !== 'customer') return 0;
    const atUs = Math.max(this.#nowUs, this.#lastSentUs + 1);
    this.#lastSentUs = atUs;
    let packet = this.#sent[this.#sentCount];
    if (packet === undefined) {
      packet = new Packet();
      this.#sent.push(packet);
    }
    this.#sentCount++;
    packet.timeMs = atUs / 1000;
    packet.source.copy(from.endpoint);
    packet.destination.copy(to.endpoint);
    packet.bytes = Buffer.from(text, 'latin1');
    packet.start = 0;
    packet.end = packet.bytes.length;
    this.ledger.messages++;
    if (from.side === 'customer') {
      const source = this.ledger.source(from.address);
      source.messages++;
      if (transaction) source.transactions++;
    }
    return atUs;
  }

  /** All packets in the order of time. Each is used again for a later one. */
  *packets(): Generator<Packet, void, void> {
    for (;;) {
      const nextUs = this.#agenda.nextUs;
      if (nextUs === Number.POSITIVE_INFINITY) return;
      this.#nowUs = nextUs;
      this.#sentCount = 0;
      const actor = this.#agenda.take();
      const { done, value: pauseMs } = actor.next();
      if (!done) this.#agenda.note(this.#nowUs + Math.max(1, Math.round((pauseMs as number) * 1000)), actor);
      for (let i = 0; i < this.#sentCount; i++) yield this.#sent[i];
    }
  }
}
