/** Parts of a multipart body that are looked at; what comes later is left unread. */
const MAXIMUM_PARTS = 32;

/**
 * The session description of a message: the body if its Content-Type is application/sdp, or the first such part of a multipart
 * body (RFC 5621 §3). Null if there is none.
 */
export function sdpBody(
  bytes: Buffer,
  start: number,
  end: number,
  contentType: string | null,
): string | null {
  if (contentType === null || start >= end) return null;
  const type = mediaType(contentType);
  if (type === 'application/sdp') return bytes.utf8Slice(start, end);
  if (!type.startsWith('multipart/')) return null;
  const boundary = boundaryOf(contentType);
  return boundary === null ? null : sdpPart(bytes.subarray(start, end), boundary);
}

function mediaType(contentType: string): string {
  const semicolon = contentType.indexOf(';');
  const type = semicolon < 0 ? contentType : contentType.slice(0, semicolon);
  return type.replace(/\s/g, '').toLowerCase();
}

function boundaryOf(contentType: string): string | null {
  const match = /;\s*boundary\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s;"]+))/i.exec(contentType);
  if (!match) return null;
  const boundary = match[1]?.replace(/\\(.)/g, '$1') ?? match[2] ?? '';
  return boundary === '' ? null : boundary;
}

/** Splits at the delimiter lines of RFC 2046 §5.1.1: "--boundary" at the beginning of a line. */
function sdpPart(body: Buffer, boundary: string): string | null {
  const delimiter = Buffer.from(`--${boundary}`, 'latin1');
  let at = body.indexOf(delimiter);
  for (let part = 0; at >= 0 && part < MAXIMUM_PARTS; part++) {
    const lineEnd = body.indexOf(0x0a, at + delimiter.length);
    if (lineEnd < 0) return null;
    let next = body.indexOf(delimiter, lineEnd + 1);
    while (next > 0 && body[next - 1] !== 0x0a) next = body.indexOf(delimiter, next + 1);
    if (next < 0) next = body.length;
    const sdp = sdpOfPart(body.subarray(lineEnd + 1, next));
    if (sdp !== null) return sdp;
    at = next < body.length ? next : -1;
  }
  return null;
}

function sdpOfPart(part: Buffer): string | null {
  const text = part.utf8Slice(0, part.length);
  const empty = /^\r?\n|\r?\n\r?\n/.exec(text);
  if (!empty) return null;
  const head = text.slice(0, empty.index).replace(/\r?\n[ \t]+/g, ' ');
  const type = /^content-type[ \t]*:[ \t]*(.*)$/im.exec(head);
  if (!type || mediaType(type[1].trim()) !== 'application/sdp') return null;
  // The line end before the next delimiter belongs to the delimiter.
  return text.slice(empty.index + empty[0].length).replace(/\r?\n$/, '');
}
