import { Method, methodOf } from './method.ts';
import { Oddity } from './oddities.ts';

/** What stands in the first line (RFC 3261 §7.1, §7.2). Reused for every message. */
export class StartLine {
  isRequest = false;
  method: Method = Method.UNKNOWN;
  methodFrom = 0;
  methodTo = 0;
  uriFrom = 0;
  uriTo = 0;
  /** 0 for a request. */
  status = 0;
  reasonFrom = 0;
  reasonTo = 0;
  /** Bit set of oddities that are not fatal. */
  oddities = 0;

  reset(at: number): void {
    this.isRequest = false;
    this.method = Method.UNKNOWN;
    this.methodFrom = at;
    this.methodTo = at;
    this.uriFrom = at;
    this.uriTo = at;
    this.status = 0;
    this.reasonFrom = at;
    this.reasonTo = at;
    this.oddities = 0;
  }
}

const SPACING = 1 << Oddity.START_LINE_SPACING;

function isBlank(byte: number): boolean {
  return byte === 0x20 || byte === 0x09;
}

/** 0 if "SIP/2.0" in any case (RFC 3261 §7.1) fills `from`…`to`, else the fatal oddity. */
function checkVersion(bytes: Uint8Array, from: number, to: number): number {
  if (
    to - from < 5 ||
    (bytes[from] | 0x20) !== 0x73 ||
    (bytes[from + 1] | 0x20) !== 0x69 ||
    (bytes[from + 2] | 0x20) !== 0x70 ||
    bytes[from + 3] !== 0x2f
  ) {
    return Oddity.NOT_SIP;
  }
  return to - from === 7 && bytes[from + 4] === 0x32 && bytes[from + 5] === 0x2e && bytes[from + 6] === 0x30
    ? 0
    : Oddity.BAD_VERSION;
}

/** Reads the line at `from`…`to`, its line end excluded. Returns 0 or the fatal oddity. */
export function readStartLine(bytes: Uint8Array, from: number, to: number, out: StartLine): number {
  out.reset(from);
  let i = from;
  while (i < to && !isBlank(bytes[i])) i++;
  if (i === from) return Oddity.NOT_SIP;
  // No method holds a slash: it is no token character.
  if (i - from > 4 && bytes[from + 3] === 0x2f) return readStatusLine(bytes, from, i, to, out);
  return readRequestLine(bytes, from, i, to, out);
}

function readStatusLine(
  bytes: Uint8Array,
  from: number,
  versionTo: number,
  to: number,
  out: StartLine,
): number {
  const fatal = checkVersion(bytes, from, versionTo);
  if (fatal !== 0) return fatal;
  let i = versionTo;
  while (i < to && isBlank(bytes[i])) i++;
  if (i - versionTo !== 1 || bytes[versionTo] !== 0x20) out.oddities |= SPACING;
  const statusFrom = i;
  let status = 0;
  while (i < to && bytes[i] >= 0x30 && bytes[i] <= 0x39 && i - statusFrom < 4) {
    status = status * 10 + bytes[i] - 0x30;
    i++;
  }
  if (i - statusFrom !== 3 || status < 100 || status > 699 || (i < to && !isBlank(bytes[i])))
    return Oddity.BAD_STATUS;
  // The space is mandatory even before an empty reason phrase.
  if (i === to) out.oddities |= SPACING;
  out.status = status;
  out.reasonFrom = Math.min(i + 1, to);
  out.reasonTo = to;
  return 0;
}

function readRequestLine(
  bytes: Uint8Array,
  from: number,
  methodTo: number,
  to: number,
  out: StartLine,
): number {
  let end = to;
  while (end > methodTo && isBlank(bytes[end - 1])) end--;
  let versionFrom = end;
  while (versionFrom > methodTo && !isBlank(bytes[versionFrom - 1])) versionFrom--;
  const fatal = checkVersion(bytes, versionFrom, end);
  if (fatal !== 0) return fatal;
  let uriFrom = methodTo;
  while (uriFrom < versionFrom && isBlank(bytes[uriFrom])) uriFrom++;
  let uriTo = versionFrom;
  while (uriTo > uriFrom && isBlank(bytes[uriTo - 1])) uriTo--;
  if (uriTo === uriFrom) return Oddity.NOT_SIP;
  out.isRequest = true;
  out.method = methodOf(bytes, from, methodTo);
  out.methodFrom = from;
  out.methodTo = methodTo;
  if (
    end !== to ||
    uriFrom - methodTo !== 1 ||
    versionFrom - uriTo !== 1 ||
    bytes[methodTo] !== 0x20 ||
    bytes[uriTo] !== 0x20 ||
    hasBlank(bytes, uriFrom, uriTo)
  ) {
    out.oddities |= SPACING;
  }
  if (bytes[uriFrom] === 0x3c) {
    out.oddities |= 1 << Oddity.BRACKETED_REQUEST_URI;
    uriFrom++;
    if (uriTo > uriFrom && bytes[uriTo - 1] === 0x3e) uriTo--;
  }
  out.uriFrom = uriFrom;
  out.uriTo = uriTo;
  return 0;
}

function hasBlank(bytes: Uint8Array, from: number, to: number): boolean {
  for (let i = from; i < to; i++) {
    if (isBlank(bytes[i])) return true;
  }
  return false;
}
