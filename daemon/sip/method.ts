/** Request methods. `UNKNOWN` is an extension method, well formed or not: `Field.methodToken` tells two of them apart. */
export const Method = {
  UNKNOWN: 0,
  INVITE: 1,
  ACK: 2,
  BYE: 3,
  CANCEL: 4,
  REGISTER: 5,
  OPTIONS: 6,
  MESSAGE: 7,
  SUBSCRIBE: 8,
  NOTIFY: 9,
  PRACK: 10,
  UPDATE: 11,
  INFO: 12,
  REFER: 13,
  PUBLISH: 14,
} as const;
export type Method = (typeof Method)[keyof typeof Method];

/** Name of each method, by its number. */
export const METHOD_NAMES: readonly string[] = Object.keys(Method);

const TOKENS: readonly Uint8Array[] = METHOD_NAMES.map((name) => new TextEncoder().encode(name));

function same(bytes: Uint8Array, from: number, token: Uint8Array): boolean {
  for (let i = 1; i < token.length; i++) {
    if (bytes[from + i] !== token[i]) return false;
  }
  return true;
}

/** The only method that a token of this length and first letter can be. */
function candidate(length: number, first: number): Method {
  switch (length) {
    case 3:
      return first === 0x41 ? Method.ACK : first === 0x42 ? Method.BYE : Method.UNKNOWN;
    case 4:
      return first === 0x49 ? Method.INFO : Method.UNKNOWN;
    case 5:
      return first === 0x50 ? Method.PRACK : first === 0x52 ? Method.REFER : Method.UNKNOWN;
    case 6:
      if (first === 0x49) return Method.INVITE;
      if (first === 0x43) return Method.CANCEL;
      if (first === 0x4e) return Method.NOTIFY;
      return first === 0x55 ? Method.UPDATE : Method.UNKNOWN;
    case 7:
      if (first === 0x4f) return Method.OPTIONS;
      if (first === 0x4d) return Method.MESSAGE;
      return first === 0x50 ? Method.PUBLISH : Method.UNKNOWN;
    case 8:
      return first === 0x52 ? Method.REGISTER : Method.UNKNOWN;
    case 9:
      return first === 0x53 ? Method.SUBSCRIBE : Method.UNKNOWN;
    default:
      return Method.UNKNOWN;
  }
}

/** Method of the token at `from`…`to` (exclusive). Methods are case-sensitive (RFC 3261 §7.1). */
export function methodOf(bytes: Uint8Array, from: number, to: number): Method {
  if (to <= from) return Method.UNKNOWN;
  const method = candidate(to - from, bytes[from]);
  return method !== Method.UNKNOWN && same(bytes, from, TOKENS[method]) ? method : Method.UNKNOWN;
}
