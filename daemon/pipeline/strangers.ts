import type { Charged, Event } from '../../detectors/vocabulary.ts';
import type { LineEntry } from '../identity/line-table.ts';
import { formatAddress } from '../ingest/address.ts';
import type { Packet } from '../ingest/packet.ts';
import { Field, METHOD_NAMES, Method, type SipMessage } from '../sip/message.ts';
import type { TransactionNote } from '../sip/transactions.ts';
import type { Answer } from './answer.ts';
import { bounded, isCredentialRefusal, isPutThrough, isStale } from './message-facts.ts';

/** Tells what becomes of requests that nothing proved anybody's when they came, and of credentials. */
export class Strangers {
  readonly #message: SipMessage;
  readonly #onEvent: (event: Event) => void;

  constructor(message: SipMessage, onEvent: (event: Event) => void) {
    this.#message = message;
    this.#onEvent = onEvent;
  }

  /** A new request of nobody we know. */
  unproven(packet: Packet, note: TransactionNote | null): void {
    const message = this.#message;
    const charged: Charged = {
      line: null,
      trunk: null,
      customer: null,
      source: formatAddress(packet.source),
    };
    this.#onEvent({
      type: 'unproven',
      atMs: packet.timeMs,
      charged,
      method: METHOD_NAMES[message.method] ?? 'UNKNOWN',
      target: bounded(message.text(Field.toUser)) ?? '',
      userAgent: bounded(message.text(Field.userAgent)) ?? '',
      callId: bounded(this.#message.text(Field.callId)) ?? '',
    });
    if (note !== null) note.unproven = true;
  }

  /** The INVITE in hand carries credentials of somebody whom nothing proves yet: after a challenge, as a rule. */
  resent({ source, timeMs }: Packet): void {
    this.#challenged(timeMs, formatAddress(source), true);
  }

  /** The proxy's final word on credentials, or on a request of nobody we know. */
  judged(note: TransactionNote, { status, timeMs, endpoint }: Answer, line: LineEntry | null): void {
    const message = this.#message;
    const source = formatAddress(endpoint);
    const method = METHOD_NAMES[message.cseqMethod] ?? 'UNKNOWN';
    const callId = bounded(this.#message.text(Field.callId)) ?? '';
    const nobody: Charged = { line: null, trunk: null, customer: null, source };
    if (note.hasCredentials) {
      const accepted = !isCredentialRefusal(status);
      // The password was right, the nonce too old (RFC 7616 §3.3).
      if (!accepted && isStale(message)) return;
      const charged =
        accepted && line !== null ? { ...nobody, line: line.id, customer: line.customer.id } : nobody;
      const claimed = note.claimed;
      this.#onEvent({
        type: 'credentials',
        atMs: timeMs,
        charged,
        claimed,
        accepted,
        method,
        userAgent: note.userAgent,
        callId,
      });
    } else if (note.unproven && (status === 401 || status === 407)) {
      if (message.cseqMethod === Method.INVITE) this.#challenged(timeMs, source, false);
    } else if (note.unproven && status >= 400 && !isPutThrough(message.cseqMethod, status)) {
      const target = bounded(message.text(Field.toUser)) ?? '';
      this.#onEvent({ type: 'refused', atMs: timeMs, charged: nobody, method, status, target, callId });
    }
  }

  #challenged(atMs: number, source: string, resent: boolean): void {
    this.#onEvent({
      type: 'challenged',
      atMs,
      charged: { line: null, trunk: null, customer: null, source },
      target: bounded(this.#message.text(Field.toUser)) ?? '',
      callId: bounded(this.#message.text(Field.callId)) ?? '',
      resent,
    });
  }

  /** The proxy has put the call of a stranger through. */
  putThrough({ timeMs, endpoint }: Answer): void {
    this.#onEvent({
      type: 'put-through',
      atMs: timeMs,
      charged: { line: null, trunk: null, customer: null, source: formatAddress(endpoint) },
      target: bounded(this.#message.text(Field.toUser)) ?? '',
      callId: bounded(this.#message.text(Field.callId)) ?? '',
    });
  }
}
