import { isIPv6 } from './addresses.ts';
import type { HostPort } from './facts.ts';

/** What a proxy sent in a request, and a client must send back unchanged in its answer (RFC 3261 §8.2.6.2). */
export interface Sent {
  readonly via: HostPort;
  readonly callId: string;
  readonly fromHost: string | null;
  readonly toHost: string | null;
}

/** What a proxy told the client about the far end, to be used in each request of the dialog (RFC 3261 §12.2.1.1). */
export interface Dialog {
  readonly contact: HostPort | null;
  /** What it was before a target refresh: requests that crossed it still go there. */
  readonly earlier?: readonly HostPort[];
  /** In the order in which the client has to write them. */
  readonly routes: readonly HostPort[];
}

const MOST_EARLIER = 4;

/** The dialog after another INVITE, UPDATE or answer within it. The route set stays as it was (RFC 3261 §12.2). */
export function refreshed(known: Dialog, { contact }: Dialog): Dialog {
  if (contact === null || (known.contact !== null && sameEnd(contact, known.contact))) return known;
  const before = known.contact === null ? [] : [known.contact];
  return {
    contact,
    earlier: [...before, ...(known.earlier ?? [])].slice(0, MOST_EARLIER),
    routes: known.routes,
  };
}

const ADVICE = 'a router on the way rewrites SIP; switch off its SIP ALG';

/** What came back altered in an answer, as a sentence; null where all is as it was. */
export function alteredAnswer(sent: Sent, back: Sent): string | null {
  if (back.callId !== sent.callId)
    return `we sent Call-ID ${sent.callId} and got ${back.callId} back: ${ADVICE}`;
  if (!sameEnd(sent.via, back.via))
    return `we sent Via ${end(sent.via)} and got ${end(back.via)} back: ${ADVICE}`;
  if (isOtherAddress(sent.fromHost, back.fromHost))
    return `we sent From ${sent.fromHost} and got ${back.fromHost} back: ${ADVICE}`;
  if (isOtherAddress(sent.toHost, back.toHost))
    return `we sent To ${sent.toHost} and got ${back.toHost} back: ${ADVICE}`;
  return null;
}

/** What a request within the dialog has otherwise than it was told. Requests without Route are a fault of the client's, no sign. */
export function alteredDialog(
  dialog: Dialog,
  target: HostPort | null,
  routes: readonly HostPort[],
): string | null {
  const { contact, earlier = [] } = dialog;
  if (
    contact !== null &&
    target !== null &&
    isAddress(contact.host) &&
    isAddress(target.host) &&
    ![contact, ...earlier].some((known) => sameEnd(known, target))
  )
    return `our Contact is ${end(contact)} but the next request is for ${end(target)}: ${ADVICE}`;
  if (routes.length !== dialog.routes.length) return null;
  for (const [place, route] of dialog.routes.entries()) {
    const back = routes[place];
    if (isAddress(route.host) && isAddress(back.host) && !sameEnd(route, back))
      return `our Record-Route is ${end(route)} but Route ${end(back)} came back: ${ADVICE}`;
  }
  return null;
}

const isAddress = (host: string): boolean => isIPv6(host) || /^\d+\.\d+\.\d+\.\d+$/.test(host);

function isOtherAddress(ours: string | null, back: string | null): boolean {
  return ours !== null && back !== null && ours !== back && isAddress(ours) && isAddress(back);
}

/** No port is 5060 (RFC 3261 §19.1.2); between 5060 and 5061 lies the transport, which is not compared. */
function sameEnd(a: HostPort, b: HostPort): boolean {
  return a.host === b.host && (a.port ?? 5060) === (b.port ?? 5060);
}

function end({ host, port }: HostPort): string {
  if (port === null) return host;
  return isIPv6(host) ? `[${host}]:${port}` : `${host}:${port}`;
}
