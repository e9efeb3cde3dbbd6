/** What `SipMessage.find` and `SipMessage.text` can look up. */
export const Field = {
  /** Branch of the top Via. */
  viaBranch: 0,
  /** host[:port] of the top Via as written. */
  viaSentBy: 1,
  callId: 2,
  fromTag: 3,
  toTag: 4,
  fromUser: 5,
  toUser: 6,
  requestUser: 7,
  requestUri: 8,
  /** Digest user name: of Authorization in a REGISTER, else of Proxy-Authorization, or of the one that there is. */
  authUser: 9,
  userAgent: 10,
  /** User of the first P-Asserted-Identity. */
  assertedUser: 11,
  /** URI of the first Contact, without angle brackets and header parameters; "*" in a REGISTER that removes all. */
  contactUri: 12,
  /** Value of the first Reason header (RFC 3326). */
  reason: 13,
  /** The method as written: of the request, or of CSeq for a response. */
  methodToken: 14,
  /** Reason phrase of a response. */
  reasonPhrase: 15,
  server: 16,
  contentType: 17,
  /** User of the first P-Preferred-Identity. */
  preferredUser: 18,
  fromUri: 19,
  toUri: 20,
  /** `received` of the top Via. */
  viaReceived: 21,
  contactUser: 22,
} as const;
export type Field = (typeof Field)[keyof typeof Field];
