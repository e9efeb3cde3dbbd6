import type { HostPort, IdentityHost, RequestFacts } from '../../detectors/sip-integrity/facts.ts';
import type { Dialog, Sent } from '../../detectors/sip-integrity/mirror.ts';
import { formatAddress } from '../ingest/address.ts';
import type { Packet } from '../ingest/packet.ts';
import { Field, METHOD_NAMES, type SipMessage } from '../sip/message.ts';
import { canonicalHost } from './host.ts';
import { sdpFacts } from './sdp-facts.ts';

/** Longest text that is kept of a header, and most values of one. */
const MAXIMUM_TEXT = 128;
const MAXIMUM_VALUES = 16;
/** Longest header value that is searched: the patterns below take time by its square at worst. */
const MAXIMUM_SEARCHED = 1024;

/** What a request from a customer says of the way that it came. Allocates: not for every message of live traffic. */
export function requestFacts(message: SipMessage, packet: Packet): RequestFacts {
  const sdp = message.sdp();
  return {
    atMs: packet.timeMs,
    transport: packet.transport,
    source: { host: formatAddress(packet.source), port: packet.source.port },
    ttl: packet.ttl,
    method: METHOD_NAMES[message.method] ?? 'UNKNOWN',
    inDialog: message.find(Field.toTag),
    callId: text(message, Field.callId),
    cseq: message.cseq,
    fromUser: text(message, Field.fromUser),
    userAgent: text(message, Field.userAgent),
    vias: message
      .vias()
      .slice(0, MAXIMUM_VALUES)
      .map(({ host, port, received, rport }) => ({
        host: canonicalHost(host),
        port,
        received: received === null ? null : canonicalHost(received),
        rport,
      })),
    contacts: message
      .contacts()
      .slice(0, MAXIMUM_VALUES)
      .flatMap(({ host, port, star }) =>
        star || host === null ? [] : [{ host: canonicalHost(host), port }],
      ),
    identities: identityHosts(message),
    routers: [...routeHosts(message, 'Record-Route'), ...routeHosts(message, 'Path')].map(({ host }) => host),
    sdp: sdp === null ? null : sdpFacts(sdp),
    body: bodyLength(message, packet),
    ...digestFacts(message),
    requestHost: hostOf(message.text(Field.requestUri))?.host ?? null,
  };
}

/** What has to come back unchanged of a request, in its answer. Null without a Via. */
export function sentFacts(message: SipMessage): Sent | null {
  const [via] = message.vias();
  if (via === undefined) return null;
  return {
    via: { host: canonicalHost(via.host), port: via.port },
    callId: message.text(Field.callId) ?? '',
    fromHost: hostOf(message.text(Field.fromUri))?.host ?? null,
    toHost: hostOf(message.text(Field.toUri))?.host ?? null,
  };
}

/** What a proxy's INVITE or its 2xx tells the client to write into later requests of the dialog. */
export function dialogFacts(message: SipMessage): Dialog {
  const [contact] = message.contacts();
  const routes = routeHosts(message, 'Record-Route');
  // RFC 3261 §12.1.2: who called takes them in reverse order, who was called (§12.1.1) as they are.
  if (!message.isRequest) routes.reverse();
  return {
    contact: contact?.host == null ? null : { host: canonicalHost(contact.host), port: contact.port },
    routes,
  };
}

/** Request-URI and Route of a request within a dialog. */
export function targetFacts(message: SipMessage): { target: HostPort | null; routes: HostPort[] } {
  return { target: hostOf(message.text(Field.requestUri)), routes: routeHosts(message, 'Route') };
}

function valuesOf(message: SipMessage, header: string): string[] {
  return message
    .headers(header)
    .slice(0, MAXIMUM_VALUES)
    .map((value) => value.slice(0, MAXIMUM_SEARCHED));
}

function text(message: SipMessage, field: Field): string {
  return (message.text(field) ?? '').slice(0, MAXIMUM_TEXT);
}

function identityHosts(message: SipMessage): IdentityHost[] {
  const found: IdentityHost[] = [];
  for (const host of addressesIn(text(message, Field.callId))) found.push({ header: 'Call-ID', host });
  const from = hostOf(message.text(Field.fromUri));
  if (from !== null) found.push({ header: 'From', host: from.host });
  for (const header of ['P-Asserted-Identity', 'P-Preferred-Identity'] as const)
    for (const value of valuesOf(message, header)) {
      const identity = hostOf(/sips?:[^>;,\s]*/i.exec(value)?.[0] ?? null);
      if (identity !== null) found.push({ header, host: identity.host });
    }
  return found;
}

/** Many clients make their Call-IDs unique by their address; Grandstream writes its digits as A to J. */
function addressesIn(callId: string): string[] {
  const found = (callId.match(/(?<![\d.])\d{1,3}(?:\.\d{1,3}){3}(?![\d.])/g) ?? []).map(canonicalHost);
  const letters = /@([A-J]{1,3}(?:\.[A-J]{1,3}){3})$/.exec(callId);
  if (letters !== null)
    found.push(canonicalHost(letters[1].replace(/[A-J]/g, (letter) => String(letter.charCodeAt(0) - 65))));
  return found;
}

function routeHosts(message: SipMessage, header: string): HostPort[] {
  const found: HostPort[] = [];
  for (const value of valuesOf(message, header))
    for (const uri of value.match(/<\s*sips?:[^>]*>/gi) ?? []) {
      const host = hostOf(uri.slice(1, -1).trim());
      if (host !== null && found.length < MAXIMUM_VALUES) found.push(host);
    }
  return found;
}

/** Host and port of a sip: or sips: URI. */
function hostOf(uri: string | null): HostPort | null {
  if (uri === null || uri.length > MAXIMUM_SEARCHED) return null;
  const match = /^sips?:(?:[^@>]*@)?(\[[0-9a-f:.]+\]|[^\s:;?>,]+)(?::(\d{1,5}))?/i.exec(uri);
  if (match === null) return null;
  return { host: canonicalHost(match[1]), port: match[2] === undefined ? null : Number(match[2]) };
}

/** An empty nonce is what IMS telephones send before any challenge (3GPP TS 24.229 §5.1.1.2). */
function digestFacts(message: SipMessage): Pick<RequestFacts, 'digestHost' | 'answersChallenge'> {
  for (const header of ['Authorization', 'Proxy-Authorization'])
    for (const value of valuesOf(message, header)) {
      const uri = /(?:^|[\s,])uri\s*=\s*"([^"]*)"/i.exec(value)?.[1];
      if (uri === undefined) continue;
      const answersChallenge = /(?:^|[\s,])nonce\s*=\s*"[^"]/i.test(value);
      return { digestHost: hostOf(uri)?.host ?? null, answersChallenge };
    }
  return { digestHost: null, answersChallenge: false };
}

/** Content-Length against what came. White space after the body is padding, as some clients send it. */
function bodyLength(message: SipMessage, packet: Packet): RequestFacts['body'] {
  const { contentLength: declaredBytes, bodyStart } = message;
  if (declaredBytes < 0) return null;
  const actualBytes = packet.end - bodyStart;
  for (let i = bodyStart + declaredBytes; i < packet.end; i++) {
    const byte = packet.bytes[i];
    if (byte !== 0 && byte !== 0x0d && byte !== 0x0a && byte !== 0x20) return { declaredBytes, actualBytes };
  }
  return { declaredBytes, actualBytes: Math.min(actualBytes, declaredBytes) };
}
