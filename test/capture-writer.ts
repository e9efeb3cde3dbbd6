import { parseEndpoint } from '../daemon/ingest/address.ts';
import { addressBytes } from '../daemon/ingest/hep-encode.ts';

/** Builds frames and capture files byte by byte, for tests. Endpoints as text: `192.0.2.1:5060`, `[2001:db8::1]:5060`. */

function bytesOf(...numbers: [value: number, bytes: 1 | 2 | 4][]): Buffer {
  return Buffer.concat(
    numbers.map(([value, length]) => {
      const bytes = Buffer.alloc(length);
      bytes.writeUIntBE(value >>> 0, 0, length);
      return bytes;
    }),
  );
}

export function udp(source: string, destination: string, payload: Buffer | string): Buffer {
  const body = Buffer.from(payload as string);
  const [from, to] = [parseEndpoint(source)!, parseEndpoint(destination)!];
  return Buffer.concat([bytesOf([from.port, 2], [to.port, 2], [8 + body.length, 2], [0, 2]), body]);
}

export interface TcpFields {
  readonly sequence: number;
  readonly acknowledgement?: number;
  /** Default: ACK. */
  readonly flags?: number;
  readonly optionBytes?: number;
}

export function tcp(
  source: string,
  destination: string,
  fields: TcpFields,
  payload: Buffer | string = '',
): Buffer {
  const [from, to] = [parseEndpoint(source)!, parseEndpoint(destination)!];
  const options = Buffer.alloc(fields.optionBytes ?? 0, 1);
  return Buffer.concat([
    bytesOf([from.port, 2], [to.port, 2], [fields.sequence, 4], [fields.acknowledgement ?? 0, 4]),
    bytesOf([(5 + options.length / 4) << 4, 1], [fields.flags ?? 16, 1], [65_535, 2], [0, 4]),
    options,
    Buffer.from(payload as string),
  ]);
}

export interface IpFields {
  readonly protocol?: number;
  readonly ttl?: number;
  readonly id?: number;
  /** In bytes, a multiple of 8. */
  readonly fragmentOffset?: number;
  readonly moreFragments?: boolean;
  readonly optionBytes?: number;
}

export function ipv4(source: string, destination: string, payload: Buffer, fields: IpFields = {}): Buffer {
  const headerBytes = 20 + (fields.optionBytes ?? 0);
  const fragment = (fields.fragmentOffset ?? 0) / 8 + (fields.moreFragments ? 0x2000 : 0);
  return Buffer.concat([
    bytesOf(
      [0x40 + headerBytes / 4, 1],
      [0, 1],
      [headerBytes + payload.length, 2],
      [fields.id ?? 0, 2],
      [fragment, 2],
    ),
    bytesOf([fields.ttl ?? 64, 1], [fields.protocol ?? 17, 1], [0, 2]),
    addressBytes(parseEndpoint(source)!),
    addressBytes(parseEndpoint(destination)!),
    Buffer.alloc(headerBytes - 20, 1),
    payload,
  ]);
}

/** `extensions`: number of each extension header and its bytes without the first, which is filled in here. */
export function ipv6(
  source: string,
  destination: string,
  payload: Buffer,
  fields: IpFields = {},
  extensions: [number, Buffer][] = [],
): Buffer {
  const chain = [...extensions];
  if (fields.fragmentOffset !== undefined || fields.moreFragments !== undefined) {
    const field = (fields.fragmentOffset ?? 0) | (fields.moreFragments ? 1 : 0);
    chain.push([44, bytesOf([0, 1], [field, 2], [fields.id ?? 0, 4])]);
  }
  const numbers = [...chain.map(([number]) => number), fields.protocol ?? 17];
  const headers = chain.map(([, rest], i) => Buffer.concat([Buffer.from([numbers[i + 1]!]), rest]));
  const body = Buffer.concat([...headers, payload]);
  return Buffer.concat([
    bytesOf([0x60000000, 4], [body.length, 2], [numbers[0]!, 1], [fields.ttl ?? 64, 1]),
    addressBytes(parseEndpoint(source)!),
    addressBytes(parseEndpoint(destination)!),
    body,
  ]);
}

/** Ethernet around an IP packet, with VLAN tags of the given types. */
export function ethernet(packet: Buffer, tags: number[] = []): Buffer {
  const type = packet[0]! >>> 4 === 6 ? 0x86dd : 0x0800;
  const types = [
    ...tags.flatMap((tag): [number, 2][] => [
      [tag, 2],
      [42, 2],
    ]),
    [type, 2] as [number, 2],
  ];
  return Buffer.concat([Buffer.alloc(12, 2), bytesOf(...types), packet]);
}

export interface PcapFields {
  readonly little?: boolean;
  readonly nanoseconds?: boolean;
  readonly linkType?: number;
}

export interface TimedFrame {
  readonly timeMs: number;
  readonly bytes: Buffer;
  /** Default: as many as are in `bytes`. */
  readonly wireLength?: number;
}

export function pcap(frames: readonly TimedFrame[], fields: PcapFields = {}): Buffer {
  const little = fields.little ?? true;
  const words = (...values: number[]): Buffer => {
    const bytes = Buffer.alloc(4 * values.length);
    for (const [i, value] of values.entries()) {
      if (little) bytes.writeUInt32LE(value, 4 * i);
      else bytes.writeUInt32BE(value, 4 * i);
    }
    return bytes;
  };
  const header = words(
    fields.nanoseconds ? 0xa1b23c4d : 0xa1b2c3d4,
    little ? 0x00040002 : 0x00020004,
    0,
    0,
    262_144,
    fields.linkType ?? 1,
  );
  const records = frames.map(({ timeMs, bytes, wireLength }) => {
    const microseconds = Math.round(timeMs * 1000);
    const rest = microseconds % 1e6;
    return Buffer.concat([
      words(
        Math.floor(microseconds / 1e6),
        fields.nanoseconds ? rest * 1000 : rest,
        bytes.length,
        wireLength ?? bytes.length,
      ),
      bytes,
    ]);
  });
  return Buffer.concat([header, ...records]);
}

/** Blocks of one pcapng section, in one byte order. */
export class PcapngWriter {
  readonly #little: boolean;

  constructor(little: boolean) {
    this.#little = little;
  }

  #u16(...values: number[]): Buffer {
    return this.#numbers(values, 2);
  }

  #u32(...values: number[]): Buffer {
    return this.#numbers(values, 4);
  }

  #numbers(values: number[], length: number): Buffer {
    const bytes = Buffer.alloc(length * values.length);
    for (const [i, value] of values.entries()) {
      if (this.#little) bytes.writeUIntLE(value, length * i, length);
      else bytes.writeUIntBE(value, length * i, length);
    }
    return bytes;
  }

  block(type: number, body: Buffer): Buffer {
    const padding = Buffer.alloc(-body.length & 3);
    const length = this.#u32(12 + body.length + padding.length);
    return Buffer.concat([this.#u32(type), length, body, padding, length]);
  }

  section(): Buffer {
    return this.block(
      0x0a0d0d0a,
      Buffer.concat([this.#u32(0x1a2b3c4d), this.#u16(1, 0), Buffer.alloc(8, 0xff)]),
    );
  }

  interface(
    linkType: number,
    options: { resolution?: number; offsetSeconds?: number; snapBytes?: number } = {},
  ): Buffer {
    const parts = [this.#u16(linkType, 0), this.#u32(options.snapBytes ?? 0)];
    // An option of an odd length before those that matter: 3 bytes and one of padding.
    parts.push(this.#u16(2, 3), Buffer.from('lo0\0'));
    if (options.resolution !== undefined)
      parts.push(this.#u16(9, 1), Buffer.from([options.resolution, 0, 0, 0]));
    if (options.offsetSeconds !== undefined) {
      const seconds = Buffer.alloc(8);
      if (this.#little) seconds.writeBigInt64LE(BigInt(options.offsetSeconds));
      else seconds.writeBigInt64BE(BigInt(options.offsetSeconds));
      parts.push(this.#u16(14, 8), seconds);
    }
    return this.block(1, Buffer.concat([...parts, this.#u16(0, 0)]));
  }

  /** `units`: the time in the units of the interface. */
  enhanced(interfaceId: number, units: bigint, frame: Buffer): Buffer {
    const high = Number(units >> 32n);
    const low = Number(units & 0xffffffffn);
    return this.block(
      6,
      Buffer.concat([this.#u32(interfaceId, high, low, frame.length, frame.length), frame]),
    );
  }

  obsolete(interfaceId: number, units: bigint, frame: Buffer): Buffer {
    const times = this.#u32(Number(units >> 32n), Number(units & 0xffffffffn), frame.length, frame.length);
    return this.block(2, Buffer.concat([this.#u16(interfaceId, 7), times, frame]));
  }

  simple(frame: Buffer, wireLength = frame.length): Buffer {
    return this.block(3, Buffer.concat([this.#u32(wireLength), frame]));
  }
}
