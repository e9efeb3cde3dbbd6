import type { Endpoint } from '../ingest/packet.ts';
import { type Hash64, hashBytes, hashFinish, hashInt, hashStart } from '../sip/hash.ts';
import { Field, type Method, type SipMessage } from '../sip/message.ts';

const MAGIC_COOKIE = 'z9hG4bK';

function hasMagicCookie(bytes: Buffer, from: number, to: number): boolean {
  // The cookie alone, with nothing behind it, tells no transaction from another.
  if (to - from <= MAGIC_COOKIE.length) return false;
  for (let i = 0; i < MAGIC_COOKIE.length; i++)
    if (bytes[from + i] !== MAGIC_COOKIE.charCodeAt(i)) return false;
  return true;
}

function hashField(message: SipMessage, field: Field, out: Hash64): void {
  if (message.find(field)) hashBytes(message.bytes, message.from, message.to, out);
  else hashInt(-1, out);
}

/**
 * Identity of a message's transaction (RFC 3261 §17.2.3): branch and sent-by of the top Via and the method, or, where the branch lacks the
 * magic cookie, Call-ID, From-tag, CSeq and sent-by (RFC 2543). The address on the customer's side belongs to it too, so that nobody can
 * occupy another's branch.
 */
export function transactionKey(message: SipMessage, method: Method, customer: Endpoint, out: Hash64): void {
  hashStart(out);
  hashInt(customer.w3 ^ Math.imul(customer.w0 ^ customer.w1 ^ (customer.w2 ^ 0xffff), 0x9e3779b1), out);
  hashInt(method, out);
  if (method === 0) hashField(message, Field.methodToken, out);
  if (message.find(Field.viaBranch) && hasMagicCookie(message.bytes, message.from, message.to)) {
    hashBytes(message.bytes, message.from, message.to, out);
  } else {
    hashField(message, Field.callId, out);
    hashField(message, Field.fromTag, out);
    hashInt(message.cseq, out);
  }
  hashField(message, Field.viaSentBy, out);
  hashFinish(out);
}

/** Hash of a field's bytes as a key of its own; 0, 0 where the message lacks it. */
export function fieldKey(message: SipMessage, field: Field, out: Hash64): void {
  if (!message.find(field)) {
    out.hi = 0;
    out.lo = 0;
    return;
  }
  hashStart(out);
  hashBytes(message.bytes, message.from, message.to, out);
  hashFinish(out);
}

/** Identity of an address and port: the flow that a registration holds. */
export function flowKey(endpoint: Endpoint, out: Hash64): void {
  hashStart(out);
  hashInt(endpoint.w3, out);
  hashInt(endpoint.w0 ^ endpoint.w1 ^ (endpoint.w2 ^ 0xffff), out);
  hashInt(endpoint.port, out);
  if (!endpoint.isIPv4()) {
    hashInt(endpoint.w0, out);
    hashInt(endpoint.w1, out);
    hashInt(endpoint.w2, out);
  }
  hashFinish(out);
}
