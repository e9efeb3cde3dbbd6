import { Endpoint } from '../ingest/packet.ts';
import { type Contact, Field, type SipMessage } from '../sip/message.ts';
import type { PendingRegister } from '../sip/transactions.ts';

/** RFC 3261 §10.2: a registrar that says nothing of the time means an hour. */
const DEFAULT_EXPIRES_SECONDS = 3600;
/** Longest Contact or Call-ID that is kept with a REGISTER. */
const MAXIMUM_TEXT = 512;

/** What of a REGISTER is needed once its 200 comes. Its first Contact counts: a phone registers one. */
export function pendingRegister(message: SipMessage, aor: string, from: Endpoint): PendingRegister {
  const source = new Endpoint();
  source.copy(from);
  const contact = message.contacts()[0];
  return {
    aor,
    source,
    callId: (message.text(Field.callId) ?? '').slice(0, MAXIMUM_TEXT),
    contact: contact ? deviceOf(contact) : '',
    expiresSeconds: contact?.expires ?? (message.expires >= 0 ? message.expires : DEFAULT_EXPIRES_SECONDS),
    userAgent: (message.text(Field.userAgent) ?? '').slice(0, MAXIMUM_TEXT),
  };
}

/** `*` for the Contact that removes all bindings, else +sip.instance or the URI. */
export function deviceOf(contact: Contact): string {
  return contact.star ? '*' : (contact.instance ?? contact.uri).slice(0, MAXIMUM_TEXT);
}

/** Seconds that the 200 grants to the device; the request's own wish where the answer does not list it. 0: the binding is gone. */
export function grantedSeconds(
  pending: PendingRegister,
  answer: readonly GrantedContact[],
  expiresHeader: number,
): number {
  const granted = answer.find((contact) => contact.device === pending.contact);
  if (granted) return granted.expires ?? (expiresHeader >= 0 ? expiresHeader : pending.expiresSeconds);
  return expiresHeader >= 0 && pending.expiresSeconds > 0 ? expiresHeader : pending.expiresSeconds;
}

export interface GrantedContact {
  readonly device: string;
  readonly expires: number | null;
}

export function grantedContacts(message: SipMessage): GrantedContact[] {
  return message.contacts().map((contact) => ({ device: deviceOf(contact), expires: contact.expires }));
}
