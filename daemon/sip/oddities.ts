/**
 * What can be wrong with a message. A fatal one makes `SipMessage.read` return its number and the message unusable; the
 * others are collected in `SipMessage.oddities`, where oddity `n` is bit `1 << n`, and the message is read as well as it can be.
 */
export const Oddity = {
  /** Fatal: nothing but line ends. */
  EMPTY: 1,
  /** Fatal: the first line is neither a request line nor a status line. */
  NOT_SIP: 2,
  /** Fatal: a start line of another version than SIP/2.0. */
  BAD_VERSION: 3,
  /** Fatal: a status that is not three digits between 100 and 699. */
  BAD_STATUS: 4,
  /** Fatal: more bytes than `maximumBytes`. */
  TOO_LONG: 5,
  /** Fatal: more header lines than `maximumHeaders`. */
  TOO_MANY_HEADERS: 6,
  /** Fatal: no Via header, or an empty one. */
  NO_VIA: 7,
  /** Fatal: no From header, or an empty one. */
  NO_FROM: 8,
  /** Fatal: no To header, or an empty one. */
  NO_TO: 9,
  /** Fatal: no Call-ID header, or an empty one. */
  NO_CALL_ID: 10,
  /** Fatal: no CSeq header, or an empty one. */
  NO_CSEQ: 11,
  /** Fatal: CSeq is not a number up to 2^32 - 1 and a method. */
  BAD_CSEQ: 12,

  /** Line ends (CRLF) before the start line (RFC 3261 §7.5 allows them on streams). */
  LEADING_LINE_ENDS: 13,
  /** A line that ends in LF alone. */
  BARE_LF: 14,
  /** A start line with too many, too few or misplaced spaces (RFC 4475 §3.1.2.8 to §3.1.2.10). */
  START_LINE_SPACING: 15,
  /** A Request-URI in angle brackets (RFC 4475 §3.1.2.7). */
  BRACKETED_REQUEST_URI: 16,
  /** A header that may stand once stands again; the first counts. */
  DUPLICATE_HEADER: 17,
  /** A header line without colon or name, or a continuation line with nothing to continue. */
  BAD_HEADER_LINE: 18,
  /** The message ends before the empty line that closes the headers. */
  UNTERMINATED_HEADERS: 19,
  /** CSeq number of 2^31 or more (RFC 3261 §8.1.1.5). */
  LARGE_CSEQ: 20,
  /** The CSeq method of a request is not the request's own (RFC 3261 §8.1.1.5). */
  CSEQ_METHOD_MISMATCH: 21,
  /** Content-Length is not a number; taken for absent. */
  BAD_CONTENT_LENGTH: 22,
  /** Fewer body bytes than Content-Length says. */
  BODY_SHORTER: 23,
  /** More body bytes than Content-Length says; the rest is no part of the body (RFC 3261 §18.3). */
  BODY_LONGER: 24,
  /** Expires is not a number up to 2^32 - 1; taken for absent. */
  BAD_EXPIRES: 25,
  /** Session-Expires is not a number up to 2^32 - 1; taken for absent. */
  BAD_SESSION_EXPIRES: 26,
  /** A quoted string that does not end; noted when the header is looked into, not by `read`. */
  UNCLOSED_QUOTE: 27,
  /** An angle bracket that does not close; noted when the header is looked into, not by `read`. */
  UNCLOSED_BRACKET: 28,
} as const;
export type Oddity = (typeof Oddity)[keyof typeof Oddity];

const NAMES: readonly string[] = Object.keys(Oddity).map((key) => key.toLowerCase().replaceAll('_', '-'));

/** Stable name of an oddity, for metric labels and logs: "no-call-id", "bare-lf". */
export function oddityName(oddity: number): string {
  return NAMES[oddity - 1] ?? 'unknown';
}

/** Names of all oddities in a bit set. */
export function oddityNames(bits: number): string[] {
  return NAMES.filter((_, index) => (bits & (1 << (index + 1))) !== 0);
}
