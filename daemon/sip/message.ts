/**
 * CONTRACT of the SIP reader (the implementer replaces this comment by the implementation, keeping these names).
 *
 * export const Method = { UNKNOWN: 0, INVITE: 1, ACK: 2, BYE: 3, CANCEL: 4, REGISTER: 5, OPTIONS: 6, MESSAGE: 7, SUBSCRIBE: 8, NOTIFY: 9,
 *   PRACK: 10, UPDATE: 11, INFO: 12, REFER: 13, PUBLISH: 14 } as const;   // Method type = the union of values
 *
 * export const Field = { viaBranch, viaSentBy, callId, fromTag, toTag, fromUser, toUser, requestUser, requestUri, authUser, userAgent,
 *   assertedUser, contactUri, reason, ... } as const;                      // small ints
 *
 * class SipMessage {                     // one object reused for every message; no allocation in read() for a valid message
 *   constructor(limits?: { maximumBytes?: number; maximumHeaders?: number })
 *   // Reads the start line and notes where each wanted header stands, in one pass over the bytes. Returns 0 if the message is usable,
 *   // else an Oddity code (fatal: not SIP, no Call-ID, no CSeq, no Via, too long, ...). Non-fatal oddities are collected in `oddities` (bit set).
 *   read(bytes: Buffer, start: number, end: number): number;
 *   bytes: Buffer; isRequest: boolean; method: number (of the request, or of CSeq for a response); status: number (0 for requests);
 *   cseq: number; cseqMethod: number; contentLength: number (-1 absent); bodyStart: number; oddities: number;
 *   expires: number (Expires header, seconds, -1 absent); sessionExpires: number (RFC 4028, seconds, -1 absent);
 *   // Finds a field lazily: true if present and non-empty, and then `from`/`to` are its byte range in `bytes`.
 *   find(field: number): boolean;  from: number; to: number;
 *   // Text of a field, null if absent. Users (fromUser, toUser, requestUser, assertedUser, authUser) have percent-escapes resolved, user parameters
 *   // (";phone-context=…") and password removed; from tel: and sip:/sips: URIs alike; quotes of authUser removed and "\" escapes resolved, "@realm" kept.
 *   text(field: number): string | null;
 *   // Cold path, allocating: all Vias, all Contacts with parameters, SDP body, any header by name.
 *   vias(): Via[];          // { transport, host, port, branch, received, rport: number | null | 'flag' }
 *   contacts(): Contact[];  // { uri, user, host, port, expires: number | null, instance: string | null, star: boolean }
 *   sdp(): string | null;   // body if Content-Type is application/sdp or the SDP part of a multipart body
 *   headers(name: string): string[];   // raw values, unfolded, compact form and any case understood; several values in one header kept as written
 * }
 */
export {};
