import { Address, readAddress } from './address.ts';
import { digestUser, UserForm } from './digest-user.ts';
import { Field } from './field.ts';
import { commonHeader, HEADER_COUNT, Header, headerOf, NAME_LENGTH, SINGLE_HEADERS } from './header-names.ts';
import { lineFeed } from './line-feed.ts';
import { Method, methodOf } from './method.ts';
import { Oddity } from './oddities.ts';
import { findParameter, parameterName } from './parameter.ts';
import { sdpBody } from './sdp-body.ts';
import { isSpace, Span } from './span.ts';
import { readStartLine, StartLine } from './start-line.ts';
import { backslashResolved, holds, percentDecoded, unfold } from './text.ts';
import { uriUser } from './uri.ts';
import {
  type Contact,
  contactsIn,
  contactsOf,
  headerValues,
  type Via,
  viasOf,
  wholeNumber,
} from './values.ts';
import { sentBy } from './via.ts';

export { Field } from './field.ts';
export { isKeepAlive } from './keep-alive.ts';
export { METHOD_NAMES, Method } from './method.ts';
export { Oddity, oddityName, oddityNames } from './oddities.ts';
export type { Contact, Via } from './values.ts';

const BRANCH = parameterName('branch');
const RECEIVED = parameterName('received');
const TAG = parameterName('tag');

/** What the headers must hold, and the oddity of its lack. */
const MANDATORY: readonly (readonly [Header, Oddity])[] = [
  [Header.VIA, Oddity.NO_VIA],
  [Header.FROM, Oddity.NO_FROM],
  [Header.TO, Oddity.NO_TO],
  [Header.CALL_ID, Oddity.NO_CALL_ID],
  [Header.CSEQ, Oddity.NO_CSEQ],
];
const ALL_MANDATORY = MANDATORY.reduce((bits, [header]) => bits | (1 << header), 0);

/** Largest value of Expires, Session-Expires and, past its proper 2^31 - 1, CSeq. */
const MAXIMUM_UINT32 = 0xffff_ffff;

const address = new Address();
const span = new Span();

/** Bounds of what is read at all. */
export interface SipLimits {
  /** Bytes of a message with its body; 65,535 by default, the most that a UDP datagram can hold. */
  readonly maximumBytes?: number;
  /** Header lines, continuation lines not counted; 256 by default. */
  readonly maximumHeaders?: number;
}

/**
 * Reads SIP messages (RFC 3261) where they lie: one object serves every message and keeps offsets, not strings. `read` goes once
 * over the headers; fields are looked into when asked for. No input makes it throw: what is wrong with a message is an `Oddity`.
 */
export class SipMessage {
  bytes: Buffer = Buffer.alloc(0);
  isRequest = false;
  /** Method of the request, or of CSeq for a response. */
  method: Method = Method.UNKNOWN;
  /** Status of a response, 0 for a request. */
  status = 0;
  /** CSeq number, -1 if unread. */
  cseq = -1;
  cseqMethod: Method = Method.UNKNOWN;
  /** Content-Length in bytes, -1 if absent or no number. */
  contentLength = -1;
  /** First byte of the body; the message's end if there is none. */
  bodyStart = 0;
  /** End of the body (exclusive): as Content-Length says, but never past the message's end. */
  bodyEnd = 0;
  /** Bit set of `Oddity`, bit `1 << oddity`. `find`, `vias` and `contacts` can add to it: count it when done with the message. */
  oddities = 0;
  /** Expires header in seconds, -1 if absent or malformed. */
  expires = -1;
  /** Session-Expires in seconds (RFC 4028 §4), -1 if absent or malformed. */
  sessionExpires = -1;
  /** Range of the field that `find` found last. */
  from = 0;
  to = 0;
  /** Whether the range found last has escapes that only `text` resolves: percent-escapes of a user, backslashes of a quoted string. */
  escaped = false;

  readonly #maximumBytes: number;
  readonly #maximumHeaders: number;
  /** Bit set of the headers that stand in the message and are not empty. */
  #seen = 0;
  /** Bit set of the headers that stand there more than once. */
  #repeated = 0;
  /** Bit set of the headers whose parts have been looked into. */
  #resolved = 0;
  /** Value of the first header of each kind: start and end. */
  readonly #headers = new Int32Array(2 * HEADER_COUNT);
  /** Parts of resolved headers, start and end, by `Field`. */
  readonly #parts = new Int32Array(2 * Object.keys(Field).length);
  readonly #startLine = new StartLine();
  /** Over `bytes`; made anew only when another buffer comes. */
  #view = new DataView(this.bytes.buffer, 0, 0);
  #firstHeader = 0;
  #headersEnd = 0;

  constructor(limits: SipLimits = {}) {
    this.#maximumBytes = limits.maximumBytes ?? 65_535;
    this.#maximumHeaders = limits.maximumHeaders ?? 256;
  }

  /**
   * Reads the message at `start`…`end` (exclusive) of `bytes`, which must not change while fields are looked up. Returns 0 if the
   * message is usable, else the fatal `Oddity`; what was read up to it can still be asked for.
   */
  read(bytes: Buffer, start: number, end: number): number {
    if (bytes !== this.bytes) {
      this.bytes = bytes;
      this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
    }
    this.oddities = 0;
    this.#seen = 0;
    this.#repeated = 0;
    this.#resolved = 0;
    this.isRequest = false;
    this.method = Method.UNKNOWN;
    this.status = 0;
    this.cseq = -1;
    this.cseqMethod = Method.UNKNOWN;
    this.contentLength = -1;
    this.expires = -1;
    this.sessionExpires = -1;
    if (end > bytes.length) end = bytes.length;
    this.bodyStart = end;
    this.bodyEnd = end;
    this.#firstHeader = end;
    this.#headersEnd = end;
    this.#startLine.reset(start);
    if (end - start > this.#maximumBytes) return Oddity.TOO_LONG;

    let at = start;
    while (at < end && (bytes[at] === 0x0d || bytes[at] === 0x0a)) at++;
    if (at >= end) return Oddity.EMPTY;
    if (at !== start) this.oddities |= 1 << Oddity.LEADING_LINE_ENDS;

    const fatal = this.#readStartLine(at, end);
    if (fatal !== 0) return fatal;
    return this.#readHeaders(end) || this.#readNumbers();
  }

  #readStartLine(at: number, end: number): number {
    const bytes = this.bytes;
    let lineEnd = lineFeed(this.#view, at, end);
    if (lineEnd === end) return Oddity.NOT_SIP;
    this.#firstHeader = lineEnd + 1;
    if (bytes[lineEnd - 1] === 0x0d) lineEnd--;
    else this.oddities |= 1 << Oddity.BARE_LF;
    const startLine = this.#startLine;
    const fatal = readStartLine(bytes, at, lineEnd, startLine);
    this.isRequest = startLine.isRequest;
    this.method = startLine.method;
    this.status = startLine.status;
    this.oddities |= startLine.oddities;
    return fatal;
  }

  /** One pass over the header lines: where the wanted ones stand, and where the body begins. */
  #readHeaders(end: number): number {
    const bytes = this.bytes;
    const view = this.#view;
    const headers = this.#headers;
    const maximumHeaders = this.#maximumHeaders;
    let seen = 0;
    let oddities = 0;
    let count = 0;
    let at = this.#firstHeader;
    let complete = false;
    while (at < end) {
      const first = bytes[at];
      if (first === 0x0d && at + 1 < end && bytes[at + 1] === 0x0a) {
        at += 2;
        complete = true;
        break;
      }
      if (first === 0x0a) {
        at++;
        oddities |= 1 << Oddity.BARE_LF;
        complete = true;
        break;
      }
      if (++count > maximumHeaders) {
        this.#seen = seen;
        this.oddities |= oddities;
        return Oddity.TOO_MANY_HEADERS;
      }

      let header: Header = at + 16 <= end ? commonHeader(view, at) : Header.OTHER;
      let i = at + NAME_LENGTH[header];
      if (header === Header.OTHER) {
        let byte = first;
        while (byte !== 0x3a && byte !== 0x0a && ++i < end) byte = bytes[i];
        let nameEnd = i;
        while (nameEnd > at && (bytes[nameEnd - 1] === 0x20 || bytes[nameEnd - 1] === 0x09)) nameEnd--;
        if (byte !== 0x3a || nameEnd === at || first === 0x20 || first === 0x09) {
          oddities |= 1 << Oddity.BAD_HEADER_LINE;
          at = lineFeed(view, i, end) + 1;
          continue;
        }
        header = headerOf(bytes, at, nameEnd - at);
      }
      let from = i + 1;
      i = lineFeed(view, from, end);
      while (i + 1 < end && (bytes[i + 1] === 0x20 || bytes[i + 1] === 0x09)) i = lineFeed(view, i + 1, end);
      if (bytes[i - 1] !== 0x0d && i < end) oddities |= 1 << Oddity.BARE_LF;

      at = i + 1;
      if (header === Header.OTHER) continue;
      const bit = 1 << header;
      if ((seen & bit) !== 0) {
        if ((SINGLE_HEADERS & bit) !== 0) oddities |= 1 << Oddity.DUPLICATE_HEADER;
        this.#repeated |= bit;
        continue;
      }
      let to = i;
      while (from < to && isSpace(bytes[from])) from++;
      while (to > from && isSpace(bytes[to - 1])) to--;
      if (to === from) continue;
      headers[2 * header] = from;
      headers[2 * header + 1] = to;
      seen |= bit;
    }
    if (!complete) oddities |= 1 << Oddity.UNTERMINATED_HEADERS;
    this.bodyStart = Math.min(at, end);
    this.#headersEnd = this.bodyStart;
    this.#seen = seen;
    this.oddities |= oddities;
    return 0;
  }

  /** The headers that are numbers, and whether all that is mandatory is there. */
  #readNumbers(): number {
    const seen = this.#seen;
    this.#readBodyLength();
    if ((seen & (1 << Header.EXPIRES)) !== 0) {
      this.expires = this.#readSeconds(Header.EXPIRES, Oddity.BAD_EXPIRES);
    }
    if ((seen & (1 << Header.SESSION_EXPIRES)) !== 0) {
      this.sessionExpires = this.#readSeconds(Header.SESSION_EXPIRES, Oddity.BAD_SESSION_EXPIRES);
    }
    const fatal = (seen & (1 << Header.CSEQ)) !== 0 ? this.#readCSeq() : 0;
    if ((seen & ALL_MANDATORY) !== ALL_MANDATORY) {
      for (const [header, oddity] of MANDATORY) {
        if ((seen & (1 << header)) === 0) return oddity;
      }
    }
    return fatal;
  }

  #readCSeq(): number {
    const bytes = this.bytes;
    const to = this.#headers[2 * Header.CSEQ + 1];
    let i = this.#headers[2 * Header.CSEQ];
    let number = -1;
    for (; i < to; i++) {
      const digit = bytes[i] - 0x30;
      if (digit < 0 || digit > 9) break;
      number = number < 0 ? digit : number * 10 + digit;
      if (number > MAXIMUM_UINT32) return Oddity.BAD_CSEQ;
    }
    if (number < 0 || i === to || !isSpace(bytes[i])) return Oddity.BAD_CSEQ;
    while (i < to && isSpace(bytes[i])) i++;
    this.cseq = number;
    this.cseqMethod = methodOf(bytes, i, to);
    if (number > 0x7fff_ffff) this.oddities |= 1 << Oddity.LARGE_CSEQ;
    if (!this.isRequest) {
      this.method = this.cseqMethod;
      this.#startLine.methodFrom = i;
      this.#startLine.methodTo = to;
    } else if (!this.#isMethodToken(i, to)) {
      this.oddities |= 1 << Oddity.CSEQ_METHOD_MISMATCH;
    }
    return 0;
  }

  /** Whether `from`…`to` is the same as the method of the request line. */
  #isMethodToken(from: number, to: number): boolean {
    if (this.cseqMethod !== this.method) return false;
    if (this.method !== Method.UNKNOWN) return true;
    const { methodFrom, methodTo } = this.#startLine;
    if (methodTo - methodFrom !== to - from) return false;
    for (let i = 0; i < to - from; i++) {
      if (this.bytes[methodFrom + i] !== this.bytes[from + i]) return false;
    }
    return true;
  }

  #readSeconds(header: Header, malformed: Oddity): number {
    const from = this.#headers[2 * header];
    const to = this.#headers[2 * header + 1];
    let stop = from;
    while (stop < to && this.bytes[stop] !== 0x3b && !isSpace(this.bytes[stop])) stop++;
    const seconds = wholeNumber(this.bytes, from, stop);
    if (seconds >= 0) return seconds;
    this.oddities |= 1 << malformed;
    return -1;
  }

  #readBodyLength(): void {
    if ((this.#seen & (1 << Header.CONTENT_LENGTH)) === 0) return;
    const from = this.#headers[2 * Header.CONTENT_LENGTH];
    const to = this.#headers[2 * Header.CONTENT_LENGTH + 1];
    const declared = wholeNumber(this.bytes, from, to);
    if (declared < 0) {
      this.oddities |= 1 << Oddity.BAD_CONTENT_LENGTH;
      return;
    }
    this.contentLength = declared;
    const present = this.bodyEnd - this.bodyStart;
    if (declared > present) {
      this.oddities |= 1 << Oddity.BODY_SHORTER;
    } else if (declared < present) {
      this.oddities |= 1 << Oddity.BODY_LONGER;
      this.bodyEnd = this.bodyStart + declared;
    }
  }

  /** Finds a `Field`: true if it is there and not empty, and then `from` and `to` are its range in `bytes`. */
  find(field: number): boolean {
    this.escaped = false;
    switch (field) {
      case Field.viaBranch:
      case Field.viaSentBy:
        return this.#resolve(Header.VIA) && this.#part(field);
      case Field.viaReceived:
        return this.#resolve(Header.VIA) && this.#viaParameter(RECEIVED);
      case Field.fromTag:
      case Field.fromUri:
        return this.#resolve(Header.FROM) && this.#part(field);
      case Field.toTag:
      case Field.toUri:
        return this.#resolve(Header.TO) && this.#part(field);
      case Field.callId:
        return this.#header(Header.CALL_ID);
      case Field.methodToken:
        return this.#range(this.#startLine.methodFrom, this.#startLine.methodTo);
      case Field.requestUri:
        return this.#range(this.#startLine.uriFrom, this.#startLine.uriTo);
      case Field.reasonPhrase:
        return this.#range(this.#startLine.reasonFrom, this.#startLine.reasonTo);
      case Field.fromUser:
        return this.find(Field.fromUri) && this.#user();
      case Field.toUser:
        return this.find(Field.toUri) && this.#user();
      case Field.requestUser:
        return this.find(Field.requestUri) && this.#user();
      case Field.contactUri:
        return this.#uri(Header.CONTACT);
      case Field.contactUser:
        return this.#uri(Header.CONTACT) && this.#user();
      case Field.assertedUser:
        return this.#uri(Header.P_ASSERTED_IDENTITY) && this.#user();
      case Field.preferredUser:
        return this.#uri(Header.P_PREFERRED_IDENTITY) && this.#user();
      case Field.authUser:
        return this.#digestUser() !== UserForm.NONE;
      case Field.userAgent:
        return this.#header(Header.USER_AGENT);
      case Field.server:
        return this.#header(Header.SERVER);
      case Field.reason:
        return this.#header(Header.REASON);
      case Field.contentType:
        return this.#header(Header.CONTENT_TYPE);
      default:
        return false;
    }
  }

  /**
   * Text of a `Field`, null if absent. Users have their percent-escapes resolved, `authUser` its backslashes. What serves as a key
   * (branch, tags, Call-ID, URIs, method) has one UTF-16 unit a byte, so that `hashText` of it equals `hashBytes` of its range; the
   * rest is UTF-8, bytes that are none becoming U+FFFD.
   */
  text(field: number): string | null {
    switch (field) {
      case Field.fromUser:
      case Field.toUser:
      case Field.requestUser:
      case Field.contactUser:
      case Field.assertedUser:
      case Field.preferredUser:
        if (!this.find(field)) return null;
        return this.escaped
          ? percentDecoded(this.bytes, this.from, this.to)
          : this.bytes.utf8Slice(this.from, this.to);
      case Field.authUser: {
        const form = this.#digestUser();
        if (form === UserForm.NONE) return null;
        if (form === UserForm.QUOTED && !this.escaped)
          return unfold(this.bytes.utf8Slice(this.from, this.to));
        if (form === UserForm.EXTENDED) return percentDecoded(this.bytes, this.from, this.to);
        if (form === UserForm.QUOTED) return backslashResolved(this.bytes, this.from, this.to);
        return this.bytes.utf8Slice(this.from, this.to);
      }
      case Field.userAgent:
      case Field.server:
      case Field.reason:
      case Field.reasonPhrase:
      case Field.contentType:
        return this.find(field) ? unfold(this.bytes.utf8Slice(this.from, this.to)) : null;
      default:
        return this.find(field) ? unfold(this.bytes.latin1Slice(this.from, this.to)) : null;
    }
  }

  /** All Via values from top to bottom, at most `maximumHeaders`. Allocates: not for every message. */
  vias(): Via[] {
    return viasOf(this.bytes, this.#firstHeader, this.#headersEnd, this.#maximumHeaders);
  }

  /** All Contact values in order, at most `maximumHeaders`. Allocates: not for every message. */
  contacts(): Contact[] {
    const bit = 1 << Header.CONTACT;
    if ((this.#seen & bit) === 0) return [];
    if ((this.#repeated & bit) !== 0)
      return contactsOf(this.bytes, this.#firstHeader, this.#headersEnd, this.#maximumHeaders);
    // One header, as nearly always: it has been found already.
    const from = this.#headers[2 * Header.CONTACT];
    const to = this.#headers[2 * Header.CONTACT + 1];
    return contactsIn(this.bytes, from, to, this.#maximumHeaders, []);
  }

  /** The session description, alone or as part of a multipart body; null if there is none. */
  sdp(): string | null {
    return sdpBody(this.bytes, this.bodyStart, this.bodyEnd, this.text(Field.contentType));
  }

  /**
   * Values of all headers of a name, given in any case, full or compact; unfolded, several values of one header together as written.
   * Not bounded by `maximumHeaders` unless `read` returned 0.
   */
  headers(name: string): string[] {
    return headerValues(this.bytes, this.#firstHeader, this.#headersEnd, name);
  }

  #range(from: number, to: number): boolean {
    this.from = from;
    this.to = to;
    return to > from;
  }

  #part(field: number): boolean {
    return this.#range(this.#parts[2 * field], this.#parts[2 * field + 1]);
  }

  #header(header: Header): boolean {
    return (
      (this.#seen & (1 << header)) !== 0 &&
      this.#range(this.#headers[2 * header], this.#headers[2 * header + 1])
    );
  }

  /** User of the URI found last. */
  #user(): boolean {
    if (!uriUser(this.bytes, this.from, this.to, span)) return false;
    this.escaped = holds(this.bytes, span.from, span.to, 0x25);
    return this.#range(span.from, span.to);
  }

  #digestUser(): UserForm {
    const [first, second] =
      this.method === Method.REGISTER
        ? [Header.AUTHORIZATION, Header.PROXY_AUTHORIZATION]
        : [Header.PROXY_AUTHORIZATION, Header.AUTHORIZATION];
    const header = (this.#seen & (1 << first)) !== 0 ? first : second;
    if (!this.#header(header)) return UserForm.NONE;
    const form = digestUser(this.bytes, this.from, this.to, span);
    if (form === UserForm.NONE) return form;
    this.#range(span.from, span.to);
    this.escaped =
      form !== UserForm.TOKEN &&
      holds(this.bytes, span.from, span.to, form === UserForm.QUOTED ? 0x5c : 0x25);
    return form;
  }

  /** URI of the first value of a header that is a list of addresses. */
  #uri(header: Header): boolean {
    if (!this.#header(header)) return false;
    this.#readAddress(header, true);
    return this.#range(address.uriFrom, address.uriTo);
  }

  #readAddress(header: Header, list: boolean): void {
    readAddress(this.bytes, this.#headers[2 * header], this.#headers[2 * header + 1], list, address);
    if (address.unclosedQuote) this.oddities |= 1 << Oddity.UNCLOSED_QUOTE;
    if (address.unclosedBracket) this.oddities |= 1 << Oddity.UNCLOSED_BRACKET;
  }

  /** Looks into Via, From or To once, keeping the parts. False if the header is absent. */
  #resolve(header: Header): boolean {
    const bit = 1 << header;
    if ((this.#resolved & bit) !== 0) return true;
    if ((this.#seen & bit) === 0) return false;
    this.#resolved |= bit;
    if (header === Header.VIA) this.#resolveVia();
    else if (header === Header.FROM) this.#resolveAddress(header, Field.fromUri, Field.fromTag);
    else this.#resolveAddress(header, Field.toUri, Field.toTag);
    return true;
  }

  #resolveVia(): void {
    const from = this.#headers[2 * Header.VIA];
    const to = this.#headers[2 * Header.VIA + 1];
    const parameters = sentBy(this.bytes, from, to, span);
    this.#keep(Field.viaSentBy);
    findParameter(this.bytes, parameters, to, BRANCH, span);
    this.#keep(Field.viaBranch);
  }

  /** A parameter of the top Via that is asked for now and then. */
  #viaParameter(name: Uint8Array): boolean {
    const to = this.#headers[2 * Header.VIA + 1];
    findParameter(this.bytes, this.#parts[2 * Field.viaSentBy + 1], to, name, span);
    return this.#range(span.from, span.to);
  }

  #resolveAddress(header: Header, uri: Field, tag: Field): void {
    this.#readAddress(header, false);
    this.#parts[2 * uri] = address.uriFrom;
    this.#parts[2 * uri + 1] = address.uriTo;
    findParameter(this.bytes, address.parametersFrom, address.end, TAG, span);
    this.#keep(tag);
  }

  #keep(field: Field): void {
    this.#parts[2 * field] = span.from;
    this.#parts[2 * field + 1] = span.to;
  }
}
