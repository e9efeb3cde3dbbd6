/** Where a request that passes goes: what `proxyRequest` and drachtio's `proxy` answer are given. */

/** What drachtio is to add when it hands a request on. */
export interface StayInPath {
  readonly recordRoute: boolean;
  readonly path: boolean;
}

/** drachtio adds Record-Route to what begins a dialog, and Path with Require: path to a REGISTER. */
export function staysInPath(method: string, { recordRoute, path }: StayInPath): boolean {
  if (method === 'REGISTER') return path;
  return recordRoute && (method === 'INVITE' || method === 'SUBSCRIBE');
}

/** Characters that a user part may hold as they are (RFC 3261 section 25.1: unreserved and user-unreserved). */
const PLAIN_USER = /[^A-Za-z0-9\-_.!~*'()&=+$,;?/%]/g;
const MAXIMUM_URI = 512;

/**
 * The next hops with the called user in them, in order of preference. drachtio takes a destination as the new Request-URI where the
 * request was sent to drachtio itself, so the user must be in it. Without next hops: the Request-URI.
 *
 * @param hops `sip:HOST[:PORT][;parameters]`, as the configuration has checked them
 * @param emergencyUser who is dialled for a service URN (RFC 5031), which has no user
 */
export function destinationsOf(
  requestUri: string,
  requestUser: string,
  hops: readonly string[],
  emergencyUser: string,
): string[] {
  const user = /^urn:/i.test(requestUri) ? emergencyUser : escapedUser(requestUser);
  if (hops.length === 0) return [safeUri(requestUri)];
  return hops.map((hop) =>
    user === '' ? hop : hop.replace(/^(sips?:)/i, `$1${user.replaceAll('$', '$$$$')}@`),
  );
}

/**
 * A user can hold nothing that ends the URI, the frame's field (`|`) or its line: what is not plain is percent-escaped
 * (RFC 3261 section 19.1.2).
 */
function escapedUser(user: string): string {
  return user
    .slice(0, MAXIMUM_URI)
    .replace(PLAIN_USER, (character) =>
      [...Buffer.from(character)]
        .map((byte) => `%${byte.toString(16).toUpperCase().padStart(2, '0')}`)
        .join(''),
    );
}

function safeUri(uri: string): string {
  // drachtio-srf puts `sip:` before anything that begins with neither sip: nor tel:.
  const sip = uri
    .replace(/^sips:/i, 'sip:')
    .replace(/[\s|<>"\\^`{}]/g, '')
    .slice(0, MAXIMUM_URI);
  return /^sips:/i.test(uri) && !/;transport=/i.test(sip) ? `${sip};transport=tls` : sip;
}
