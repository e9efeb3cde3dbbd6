import { gunzipSync, inflateRawSync, inflateSync } from 'node:zlib';

/**
 * Inflates a zlib (RFC 1950), gzip (RFC 1952) or raw deflate (RFC 1951) range, told apart by its first bytes.
 * Stops as soon as the output passes `maximumBytes`: a small frame cannot make a large one.
 */
export function inflatePayload(
  bytes: Buffer,
  start: number,
  end: number,
  maximumBytes: number,
): Buffer | 'inflate-failed' | 'inflate-too-large' {
  const input = bytes.subarray(start, end);
  const options = { maxOutputLength: maximumBytes };
  try {
    if (input[0] === 0x1f && input[1] === 0x8b) return gunzipSync(input, options);
    const zlibHeader =
      (input[0] & 0x0f) === 8 && input.length >= 2 && ((input[0] << 8) | input[1]) % 31 === 0;
    return zlibHeader ? inflateSync(input, options) : inflateRawSync(input, options);
  } catch (error) {
    // zlib reports faults of its input as exceptions only.
    return (error as NodeJS.ErrnoException).code === 'ERR_BUFFER_TOO_LARGE'
      ? 'inflate-too-large'
      : 'inflate-failed';
  }
}
