/** The headers whose place `SipMessage.read` notes. Small numbers: bits of a set and indices of an array. */
export const Header = {
  OTHER: 0,
  VIA: 1,
  FROM: 2,
  TO: 3,
  CALL_ID: 4,
  CSEQ: 5,
  CONTENT_LENGTH: 6,
  EXPIRES: 7,
  SESSION_EXPIRES: 8,
  CONTACT: 9,
  P_ASSERTED_IDENTITY: 10,
  AUTHORIZATION: 11,
  PROXY_AUTHORIZATION: 12,
  USER_AGENT: 13,
  SERVER: 14,
  REASON: 15,
  CONTENT_TYPE: 16,
  P_PREFERRED_IDENTITY: 17,
} as const;
export type Header = (typeof Header)[keyof typeof Header];

export const HEADER_COUNT = 18;

/** Headers that may stand once only (RFC 3261 §7.3.1, §20), as a bit set. */
export const SINGLE_HEADERS =
  (1 << Header.FROM) |
  (1 << Header.TO) |
  (1 << Header.CALL_ID) |
  (1 << Header.CSEQ) |
  (1 << Header.CONTENT_LENGTH) |
  (1 << Header.EXPIRES) |
  (1 << Header.SESSION_EXPIRES) |
  (1 << Header.CONTENT_TYPE);

const lower = (name: string): Uint8Array => new TextEncoder().encode(name);
const VIA = lower('via');
const FROM = lower('from');
const CSEQ = lower('cseq');
const REASON = lower('reason');
const SERVER = lower('server');
const CALL_ID = lower('call-id');
const CONTACT = lower('contact');
const EXPIRES = lower('expires');
const USER_AGENT = lower('user-agent');
const CONTENT_TYPE = lower('content-type');
const AUTHORIZATION = lower('authorization');
const CONTENT_LENGTH = lower('content-length');
const SESSION_EXPIRES = lower('session-expires');
const P_ASSERTED_IDENTITY = lower('p-asserted-identity');
const PROXY_AUTHORIZATION = lower('proxy-authorization');
const P_PREFERRED_IDENTITY = lower('p-preferred-identity');

/** True if the bytes at `from` are `name`, which is in lower case, in any case. The caller has checked the length. */
export function isName(bytes: Uint8Array, from: number, name: Uint8Array): boolean {
  for (let i = 0; i < name.length; i++) {
    const byte = bytes[from + i];
    // CR | 0x20 would pass for a hyphen.
    if ((byte | 0x20) !== name[i] || byte === 0x0d) return false;
  }
  return true;
}

/** Compact forms (RFC 3261 §7.3.3, RFC 4028 §4). */
function compactHeader(letter: number): Header {
  switch (letter | 0x20) {
    case 0x76:
      return Header.VIA;
    case 0x66:
      return Header.FROM;
    case 0x74:
      return Header.TO;
    case 0x69:
      return Header.CALL_ID;
    case 0x6d:
      return Header.CONTACT;
    case 0x6c:
      return Header.CONTENT_LENGTH;
    case 0x63:
      return Header.CONTENT_TYPE;
    case 0x78:
      return Header.SESSION_EXPIRES;
    default:
      return Header.OTHER;
  }
}

/** Which of the wanted headers the name at `from`, `length` bytes long, is: in full or compact, in any case. */
export function headerOf(bytes: Uint8Array, from: number, length: number): Header {
  switch (length) {
    case 1:
      return compactHeader(bytes[from]);
    case 2:
      return (bytes[from] | 0x20) === 0x74 && (bytes[from + 1] | 0x20) === 0x6f ? Header.TO : Header.OTHER;
    case 3:
      return isName(bytes, from, VIA) ? Header.VIA : Header.OTHER;
    case 4:
      if (isName(bytes, from, FROM)) return Header.FROM;
      return isName(bytes, from, CSEQ) ? Header.CSEQ : Header.OTHER;
    case 6:
      if (isName(bytes, from, REASON)) return Header.REASON;
      return isName(bytes, from, SERVER) ? Header.SERVER : Header.OTHER;
    case 7:
      if (isName(bytes, from, CALL_ID)) return Header.CALL_ID;
      if (isName(bytes, from, CONTACT)) return Header.CONTACT;
      return isName(bytes, from, EXPIRES) ? Header.EXPIRES : Header.OTHER;
    case 10:
      return isName(bytes, from, USER_AGENT) ? Header.USER_AGENT : Header.OTHER;
    case 12:
      return isName(bytes, from, CONTENT_TYPE) ? Header.CONTENT_TYPE : Header.OTHER;
    case 13:
      return isName(bytes, from, AUTHORIZATION) ? Header.AUTHORIZATION : Header.OTHER;
    case 14:
      return isName(bytes, from, CONTENT_LENGTH) ? Header.CONTENT_LENGTH : Header.OTHER;
    case 15:
      return isName(bytes, from, SESSION_EXPIRES) ? Header.SESSION_EXPIRES : Header.OTHER;
    case 19:
      if (isName(bytes, from, PROXY_AUTHORIZATION)) return Header.PROXY_AUTHORIZATION;
      return isName(bytes, from, P_ASSERTED_IDENTITY) ? Header.P_ASSERTED_IDENTITY : Header.OTHER;
    case 20:
      return isName(bytes, from, P_PREFERRED_IDENTITY) ? Header.P_PREFERRED_IDENTITY : Header.OTHER;
    default:
      return Header.OTHER;
  }
}

/** Four bytes as the number that a little-endian read gives. */
const word = (text: string): number =>
  text.charCodeAt(0) | (text.charCodeAt(1) << 8) | (text.charCodeAt(2) << 16) | (text.charCodeAt(3) << 24);
const WORD_VIA = word('via:');
const WORD_FROM = word('from');
const WORD_TO = word('to:\0');
const WORD_CSEQ = word('cseq');
const WORD_CALL = word('call');
const WORD_ID = word('-id:');
const WORD_CONT = word('cont');
const WORD_ACT = word('act:');
const WORD_ENT = word('ent-');
const WORD_LENG = word('leng');
const WORD_USER = word('user');
const WORD_AGE = word('-age');
const LOWER = 0x20202020;
/** What 0x20 sets in ":" and "-" is set already, so a control character could pass for one. */
const COLON_TOP = 0x3a000000;

/** Bytes of the name of each header that `commonHeader` finds. */
export const NAME_LENGTH: readonly number[] = [0, 3, 4, 2, 7, 4, 14, 0, 0, 7, 0, 0, 0, 10];

/**
 * The headers that every message has, told by four bytes at a time: Via, From, To, Call-ID, CSeq, Contact, Content-Length and User-Agent
 * in full, in any case, with the colon right behind. Anything else is OTHER and wants `headerOf`. At least sixteen bytes must stand from `at`.
 */
export function commonHeader(view: DataView, at: number): Header {
  const raw = view.getInt32(at, true);
  switch (raw | LOWER) {
    case WORD_VIA:
      return (raw & 0xff000000) === COLON_TOP ? Header.VIA : Header.OTHER;
    case WORD_FROM:
      return view.getUint8(at + 4) === 0x3a ? Header.FROM : Header.OTHER;
    case WORD_CSEQ:
      return view.getUint8(at + 4) === 0x3a ? Header.CSEQ : Header.OTHER;
    case WORD_CALL: {
      const rest = view.getInt32(at + 4, true);
      return (rest | LOWER) === WORD_ID && (rest & 0xff0000ff) === (COLON_TOP | 0x2d)
        ? Header.CALL_ID
        : Header.OTHER;
    }
    case WORD_CONT: {
      const rest = view.getInt32(at + 4, true);
      if ((rest | LOWER) === WORD_ENT) {
        if ((view.getInt32(at + 8, true) | LOWER) !== WORD_LENG || view.getUint8(at + 14) !== 0x3a)
          return Header.OTHER;
        const isTh = (view.getUint8(at + 12) | 0x20) === 0x74 && (view.getUint8(at + 13) | 0x20) === 0x68;
        return isTh && view.getUint8(at + 7) === 0x2d ? Header.CONTENT_LENGTH : Header.OTHER;
      }
      return (rest | LOWER) === WORD_ACT && (rest & 0xff000000) === COLON_TOP ? Header.CONTACT : Header.OTHER;
    }
    case WORD_USER: {
      const rest = view.getInt32(at + 4, true);
      if ((rest | LOWER) !== WORD_AGE || (rest & 0xff) !== 0x2d || view.getUint8(at + 10) !== 0x3a)
        return Header.OTHER;
      const isNt = (view.getUint8(at + 8) | 0x20) === 0x6e && (view.getUint8(at + 9) | 0x20) === 0x74;
      return isNt ? Header.USER_AGENT : Header.OTHER;
    }
    default:
      return ((raw | LOWER) & 0xffffff) === WORD_TO && (raw & 0xff0000) === 0x3a0000
        ? Header.TO
        : Header.OTHER;
  }
}

/** Full name to compact form, both in lower case (IANA registry of SIP header fields). */
const COMPACT: Readonly<Record<string, string>> = {
  'accept-contact': 'a',
  'allow-events': 'u',
  'call-id': 'i',
  contact: 'm',
  'content-encoding': 'e',
  'content-length': 'l',
  'content-type': 'c',
  event: 'o',
  from: 'f',
  identity: 'y',
  'refer-to': 'r',
  'referred-by': 'b',
  'reject-contact': 'j',
  'request-disposition': 'd',
  'session-expires': 'x',
  subject: 's',
  supported: 'k',
  to: 't',
  via: 'v',
};
const FULL: ReadonlyMap<string, string> = new Map(
  Object.entries(COMPACT).map(([full, compact]) => [compact, full]),
);

/** Lower-case full name of a header given in any case, full or compact. */
export function fullName(name: string): string {
  const wanted = name.trim().toLowerCase();
  return FULL.get(wanted) ?? wanted;
}
