/** Hosts are addresses in canonical form without brackets (an IPv4-mapped address as IPv4), or names in lower case. */
export interface HostPort {
  readonly host: string;
  readonly port: number | null;
}

export interface ViaFacts extends HostPort {
  readonly received: string | null;
  /** 'flag': present without a value. */
  readonly rport: number | null | 'flag';
}

export interface SdpFacts {
  /** Address of o=. */
  readonly origin: string | null;
  /** Addresses that media go to: c= of each medium, of the session where it has none. Each once. */
  readonly connections: readonly string[];
  readonly rtcp: readonly string[];
  readonly hostCandidates: readonly string[];
  readonly reflexiveCandidates: readonly string[];
  /** Address within `i=(o=IN IP4 …)`, which FortiGate leaves behind. */
  readonly fortiGate: string | null;
}

/** An address of the sender's within an identifier that hardly any router rewrites. */
export interface IdentityHost {
  readonly header: 'Call-ID' | 'From' | 'P-Asserted-Identity' | 'P-Preferred-Identity';
  readonly host: string;
}

/** What one request from a customer to a proxy says about the way that it came. */
export interface RequestFacts {
  /** Capture time, milliseconds since the epoch. */
  readonly atMs: number;
  readonly transport: 'udp' | 'tcp' | 'tls' | 'sctp' | 'ws' | 'wss';
  /** Where the packet came from. */
  readonly source: { readonly host: string; readonly port: number };
  /** Time to live (IPv6: hop limit) of its packet, below 0 or absent where the input has none. */
  readonly ttl?: number;
  readonly method: string;
  /** With a To-tag. */
  readonly inDialog: boolean;
  readonly callId: string;
  /** CSeq number: requests of one Call-ID count up by one (RFC 3261 §10.2, §12.2.1.1). Below 0 or absent where it could not be read. */
  readonly cseq?: number;
  readonly fromUser: string;
  readonly userAgent: string;
  /** From top to bottom. */
  readonly vias: readonly ViaFacts[];
  readonly contacts: readonly HostPort[];
  readonly identities: readonly IdentityHost[];
  /** Hosts of Record-Route and Path: what a proxy on the way says it is. */
  readonly routers: readonly string[];
  readonly sdp: SdpFacts | null;
  /** Content-Length and the bytes that came after the headers; null where there is no such header, or padding follows. */
  readonly body: { readonly declaredBytes: number; readonly actualBytes: number } | null;
  /** Host of the digest's uri, and of the Request-URI it should be. */
  readonly digestHost: string | null;
  readonly requestHost: string | null;
  /** It has credentials for a challenge of ours, so an answer of ours has reached the client before. */
  readonly answersChallenge?: boolean;
}
