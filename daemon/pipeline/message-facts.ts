import { Field, Method, type SipMessage } from '../sip/message.ts';

/** Refusals of an INVITE that the called party gives, or the caller himself (487). */
const REACHED = new Set([480, 486, 487, 600, 603]);

/** Longest text of a header that is kept. */
export const MAXIMUM_TEXT = 256;

/** Our own suspension answered: no fault of the customer's. */
export function isOurRefusal(message: SipMessage): boolean {
  const { status } = message;
  return (
    status >= 400 &&
    (status === 403 || status === 603 || status === 608) &&
    // In the phrase where the proxy lets us add no header (drachtio's HTTP request handler).
    /vigie/i.test(message.text(Field.reason) ?? message.text(Field.reasonPhrase) ?? '')
  );
}

/** The proxy did not take the credentials (RFC 3261 §22.1, §22.2; 403 where a registrar says so). */
export function isCredentialRefusal(status: number): boolean {
  return status === 401 || status === 403 || status === 407;
}

/** The call got as far as the called party: it rings, is answered, busy, declined, not taken or given up (RFC 3261 §21). */
export function isPutThrough(method: Method, status: number): boolean {
  return (
    method === Method.INVITE &&
    ((status >= 180 && status < 190) || (status >= 200 && status < 300) || REACHED.has(status))
  );
}

/** The answer in hand asks for the same credentials with a fresh nonce. */
export function isStale(message: SipMessage): boolean {
  return ['WWW-Authenticate', 'Proxy-Authenticate'].some((name) =>
    message.headers(name).some((value) => /stale\s*=\s*"?true/i.test(value)),
  );
}

/** The session description offers T.38 (RFC 3362): `m=image 49170 udptl t38`, a port of 0 being a refusal. */
export function offersFax(message: SipMessage): boolean {
  const { bytes, bodyStart, bodyEnd } = message;
  const at = bytes.subarray(bodyStart, bodyEnd).indexOf('m=image ');
  return at >= 0 && /^m=image [1-9]\d* \S+ (?:.* )?t38\s*$/im.test(message.sdp() ?? '');
}

/** Digest user names of some phones carry their realm. */
export function claimOf(user: string | null): string {
  const name = (user ?? '').slice(0, MAXIMUM_TEXT);
  const at = name.indexOf('@');
  return at < 0 ? name : name.slice(0, at);
}

export function bounded(text: string | null): string | null {
  return text === null || text.length <= MAXIMUM_TEXT ? text : text.slice(0, MAXIMUM_TEXT);
}
