import { EndpointState } from './endpoint-state.ts';
import type { RequestFacts, SdpFacts, ViaFacts } from './facts.ts';
import type { UserAgentHabits } from './user-agents.ts';

/** 22 November 2026, 11:00 UTC */
export const NOON_MS = Date.UTC(2026, 10, 22, 11);
export const PUBLIC = '198.51.100.77';
export const PHONE = '192.168.1.20';

export function via(host: string, port: number | null = 5060, more: Partial<ViaFacts> = {}): ViaFacts {
  return { host, port, received: null, rport: 'flag', ...more };
}

export function sdp(address: string, more: Partial<SdpFacts> = {}): SdpFacts {
  return {
    origin: address,
    connections: [address],
    rtcp: [],
    hostCandidates: [],
    reflexiveCandidates: [],
    fortiGate: null,
    ...more,
  };
}

/** An INVITE of a telephone behind one plain NAT. */
export function invite(more: Partial<RequestFacts> = {}): RequestFacts {
  return {
    atMs: NOON_MS,
    transport: 'udp',
    source: { host: PUBLIC, port: 40_000 },
    method: 'INVITE',
    inDialog: false,
    callId: 'call-1',
    fromUser: '100',
    userAgent: 'phone',
    vias: [via(PHONE)],
    contacts: [{ host: PHONE, port: 5060 }],
    identities: [],
    routers: [],
    sdp: sdp(PHONE),
    body: null,
    digestHost: null,
    requestHost: null,
    ...more,
  };
}

export function register(more: Partial<RequestFacts> = {}): RequestFacts {
  return invite({ method: 'REGISTER', callId: 'registration', sdp: null, ...more });
}

/** As a router that rewrites Via, Contact and SDP lets it through, with its residue. */
export function rewritten(address: string, port: number, more: Partial<RequestFacts> = {}): RequestFacts {
  return invite({
    source: { host: PUBLIC, port: 40_000 },
    vias: [via(address, port)],
    contacts: [{ host: address, port }],
    sdp: sdp(address, { rtcp: [PHONE], hostCandidates: [PHONE] }),
    ...more,
  });
}

export function stateOf(
  requests: readonly RequestFacts[],
  options: { readonly first?: boolean; readonly habits?: UserAgentHabits } = {},
): EndpointState {
  const state = new EndpointState();
  for (const facts of requests)
    state.fold(facts, { first: options.first ?? true, habits: options.habits ?? null });
  return state;
}
