import { isPrivate, isPublic } from './addresses.ts';
import type { RequestFacts, ViaFacts } from './facts.ts';
import type { Code, Indication } from './indicator-table.ts';
import {
  carriesSource,
  indicationsOf,
  recordsItself,
  residueOf,
  shown,
  soleVia,
  unassessable,
  viaPort,
} from './indicators.ts';
import { natChain } from './layers.ts';
import { routersPassed, type SiteDepths } from './site-depths.ts';
import { PRIVATE_SHARE, type UserAgentHabits } from './user-agents.ts';

/** An indicator of an endpoint: when it was first and last seen, and the last sentence that says so. */
export interface Sign {
  firstMs: number;
  lastMs: number;
  count: number;
  text: string;
}

interface Flow {
  port: number;
  viaPort: number;
  atMs: number;
  /** Below 0: not known. */
  cseq?: number;
}

interface User {
  /** Requests with a private Via since the last one with our address of it. */
  privateRun: number;
  registeredPublic: boolean;
  registeredPrivate: boolean;
}

interface Port {
  firstMs: number;
  /** The first request from this port already carried it. */
  carriedAtOnce: boolean;
  residue: string | null;
  residueMs: number;
}

const MOST_FLOWS = 32;
const MOST_USERS = 32;
const MOST_PORTS = 128;
const MOST_DIALOGS = 16;
const MOST_HOSTS = 16;
/** A client that learns its address from answers writes it in the second or third request. */
const LEARNING_REQUESTS = 3;
/** Packets overtake each other by less. */
const OVERTAKEN_MS = 1000;
const HOUR_MS = 3_600_000;
const MINUTE_MS = 60_000;

/**
 * A REGISTER that begins its count; an INVITE that does, before which there may have been a registration; or a request that counts on from
 * another one, or from a number chosen by chance. The client may have learned from answers to what came before.
 */
export type FirstMessage = 'registration' | 'call' | 'counting';

export interface FoldOptions {
  /** This may be the endpoint's very first message: we have listened long enough to have heard an earlier one. */
  readonly first: boolean;
  /** Listened so long that there can hardly have been an earlier one, whatever its CSeq is. */
  readonly surelyFirst?: boolean;
  /** Requests from this port may have come before and were not looked into. */
  readonly missed?: boolean;
  /** CSeq of the last REGISTER from a port of this address, looked into or not; below 0: none was heard. */
  readonly lastRegister?: (port: number) => number;
  readonly habits?: UserAgentHabits | null;
  readonly depths?: SiteDepths | null;
}

/**
 * What is known of one endpoint (source address and User-Agent). Folds in what its requests show, by themselves and against
 * what it sent before. Bounded; time comes with the requests.
 */
export class EndpointState {
  readonly signs = new Map<Code, Sign>();
  /** Longest chain of addresses that NAT turned into each other. */
  chain: readonly string[] = [];
  chainMs = 0;
  /** Requests that could be judged, and why others could not. */
  assessable = 0;
  unassessable: string | null = null;
  firstMs = 0;
  lastMs = 0;
  /** When one port had two different private addresses behind it: a PBX or SBC speaks for many. */
  manyBehindMs = Number.NEGATIVE_INFINITY;
  privateVias = 0;
  publicVias = 0;
  /** When it had a public reflexive candidate: it asks STUN, which tells it what a router would write, and when that changes. */
  asksStunMs = Number.NEGATIVE_INFINITY;
  /** When Via had the public source over a body whose addresses were all private: a client that learned one and not the other. */
  ownMediaMs = Number.NEGATIVE_INFINITY;
  /** When a proxy on the site named itself in Record-Route or Path, which requests in dialogs no longer have. */
  siteProxyMs = Number.NEGATIVE_INFINITY;
  /** What A4 was told by. */
  first: FirstMessage | null = null;
  /** Private addresses in Via: of requests that nothing rewrote (N3), and those that a router had written there (A10). */
  readonly #untouched = new Set<string>();
  readonly #rewritten = new Set<string>();
  /** Call-ID that A4 was told by, while an earlier request of it may still come, overtaken on the way. */
  #firstCallId: string | null = null;
  readonly #dialogs = new Set<string>();
  readonly #flows = new Map<string, Flow>();
  readonly #users = new Map<string, User>();
  readonly #ports = new Map<number, Port>();

  /** Distinct dialogs and registrations, counted up to 16. */
  get dialogs(): number {
    return this.#dialogs.size;
  }

  /** Whether some request was left alone that has not the very address which a router writes into others. */
  get leftAlone(): boolean {
    const { size } = this.#untouched;
    return (
      size === 0 || size >= MOST_HOSTS || [...this.#untouched].some((host) => !this.#rewritten.has(host))
    );
  }

  fold(facts: RequestFacts, options: FoldOptions): void {
    const { first, habits = null, depths = null } = options;
    const { atMs } = facts;
    const isFirst = this.lastMs === 0;
    if (isFirst || atMs < this.firstMs) this.firstMs = atMs;
    if (atMs > this.lastMs) this.lastMs = atMs;
    if (!facts.inDialog) this.#countDialog(facts);
    for (const indication of indicationsOf(facts)) {
      this.sign(indication, atMs);
      this.#address(indication.code, facts);
    }
    this.#circumstances(facts);
    const chain = natChain(facts);
    if (depths !== null) this.#depth(facts, chain, depths);
    if (chain.length > this.chain.length) {
      this.chain = chain;
      this.chainMs = atMs;
    }
    const reason = unassessable(facts);
    if (reason !== null) {
      this.unassessable = reason;
      return;
    }
    this.assessable++;
    const via = soleVia(facts);
    if (via === null) return;
    if (this.#firstCallId !== null) this.#overtaken(facts);
    if (isFirst && first && !facts.inDialog) this.#firstMessage(facts, via, options.surelyFirst ?? false);
    this.#portChange(facts, via, options);
    this.#user(facts, via);
    this.#residue(facts, via);
    this.#habit(facts, via, habits);
  }

  /** Takes an indication in. */
  sign({ code, text }: Indication, atMs: number): void {
    const known = this.signs.get(code);
    if (known === undefined) {
      this.signs.set(code, { firstMs: atMs, lastMs: atMs, count: 1, text });
      return;
    }
    known.count++;
    if (atMs < known.firstMs) known.firstMs = atMs;
    if (atMs < known.lastMs) return;
    if (atMs > known.lastMs || text < known.text) known.text = text;
    known.lastMs = atMs;
  }

  toJson(): EndpointRecord {
    return {
      signs: [...this.signs].map(([code, sign]) => [code, { ...sign }]),
      chain: this.chain,
      chainMs: this.chainMs,
      assessable: this.assessable,
      unassessable: this.unassessable,
      firstMs: this.firstMs,
      lastMs: this.lastMs,
      manyBehindMs: timeOrNull(this.manyBehindMs),
      privateVias: this.privateVias,
      publicVias: this.publicVias,
      asksStunMs: timeOrNull(this.asksStunMs),
      ownMediaMs: timeOrNull(this.ownMediaMs),
      siteProxyMs: timeOrNull(this.siteProxyMs),
      first: this.first,
      untouched: [...this.#untouched],
      rewritten: [...this.#rewritten],
      dialogs: [...this.#dialogs],
      flows: [...this.#flows],
      users: [...this.#users],
      ports: [...this.#ports],
    };
  }

  static fromJson(record: EndpointRecord): EndpointState {
    const state = new EndpointState();
    for (const [code, sign] of record.signs) state.signs.set(code, { ...sign });
    state.chain = record.chain;
    state.chainMs = record.chainMs;
    state.assessable = record.assessable;
    state.unassessable = record.unassessable;
    state.firstMs = record.firstMs;
    state.lastMs = record.lastMs;
    state.manyBehindMs = record.manyBehindMs ?? Number.NEGATIVE_INFINITY;
    state.privateVias = record.privateVias;
    state.publicVias = record.publicVias;
    state.asksStunMs = record.asksStunMs ?? Number.NEGATIVE_INFINITY;
    state.ownMediaMs = record.ownMediaMs ?? Number.NEGATIVE_INFINITY;
    state.siteProxyMs = record.siteProxyMs ?? Number.NEGATIVE_INFINITY;
    state.first = record.first ?? null;
    for (const host of record.untouched ?? []) state.#untouched.add(host);
    for (const host of record.rewritten ?? []) state.#rewritten.add(host);
    for (const dialog of record.dialogs) state.#dialogs.add(dialog);
    for (const [key, flow] of record.flows) state.#flows.set(key, { ...flow });
    for (const [key, user] of record.users) state.#users.set(key, { ...user });
    for (const [key, port] of record.ports) state.#ports.set(key, { ...port });
    return state;
  }

  #address(code: Code, { vias }: RequestFacts): void {
    const hosts =
      code === 'N3' ? this.#untouched : code === 'A10' || code === 'A10i' ? this.#rewritten : null;
    if (hosts !== null && hosts.size < MOST_HOSTS) hosts.add(vias[0].host);
  }

  /** What the endpoint does by itself, and what stands on its site, that looks like rewriting in other requests. */
  #circumstances(facts: RequestFacts): void {
    const { atMs, sdp, source } = facts;
    const via = soleVia(facts);
    if (sdp?.reflexiveCandidates.some(isPublic)) this.asksStunMs = Math.max(this.asksStunMs, atMs);
    if (recordsItself(facts)) this.siteProxyMs = Math.max(this.siteProxyMs, atMs);
    if (via === null || sdp === null || via.host !== source.host || !isPublic(via.host)) return;
    if (sdp.connections.length > 0 && sdp.connections.every(isPrivate))
      this.ownMediaMs = Math.max(this.ownMediaMs, atMs);
  }

  /** Routers that stand within the site, as its other devices show, where the addresses prove a NAT at all. */
  #depth({ source, ttl = -1, atMs }: RequestFacts, chain: readonly string[], depths: SiteDepths): void {
    const routers = routersPassed(ttl);
    if (routers === null || !isPublic(source.host)) return;
    const more = depths.note(source.host, routers, atMs);
    if (more === 0 || chain.length < 2) return;
    const text = `time to live ${ttl}: ${more} more ${more === 1 ? 'router' : 'routers'} than before another device at ${source.host}: a router behind a router`;
    this.sign({ code: 'M7', text }, atMs);
  }

  /** A challenged REGISTER and its second try are one registration. */
  #countDialog({ method, callId, atMs }: RequestFacts): void {
    if (this.#dialogs.size >= MOST_DIALOGS) return;
    const registration = method === 'REGISTER' ? ` ${Math.floor(atMs / MINUTE_MS)}` : '';
    this.#dialogs.add(callId + registration);
  }

  /** Nobody has told it its mapped port yet, except STUN. */
  #firstMessage(facts: RequestFacts, via: ViaFacts, surely: boolean): void {
    const { source, atMs, method, cseq = 1 } = facts;
    if (!carriesSource(facts, via) || viaPort(via) !== source.port) return;
    if (source.port === 5060 || source.port === 5061) return;
    // It has had an answer before, and that has told it.
    if (facts.answersChallenge) return;
    if (!surely && cseq > 1) {
      this.first = 'counting';
      this.#firstCallId = facts.callId;
    } else this.first = surely || method === 'REGISTER' ? 'registration' : 'call';
    const text = `the very first message already has the mapped port: Via ${shown(via)}`;
    this.sign({ code: 'A4', text }, atMs);
  }

  /** The REGISTER that began the count was overtaken on its way to the capture: nothing was heard before. */
  #overtaken({ callId, method, cseq, atMs }: RequestFacts): void {
    if (atMs - this.firstMs > OVERTAKEN_MS) this.#firstCallId = null;
    else if (callId === this.#firstCallId && method === 'REGISTER' && cseq === 1) {
      this.first = 'registration';
      this.#firstCallId = null;
    }
  }

  /** A NAT that gives a new port: a router that rewrites has it in the next message, a client that learns one later. */
  #portChange(facts: RequestFacts, via: ViaFacts, { missed = false, lastRegister }: FoldOptions): void {
    const { source, atMs, callId, transport, cseq = -1 } = facts;
    if (transport !== 'udp') return;
    const carried = viaPort(via);
    const known = this.#ports.get(source.port);
    const isSource = via.host === source.host && isPublic(source.host);
    if (known === undefined) {
      if (isSource && carried !== source.port && this.#ports.has(carried))
        this.sign(
          {
            code: 'N1',
            text: `after the NAT's port changed to ${source.port}, Via still has ${carried}: the client learns by itself`,
          },
          atMs,
        );
      bounded(this.#ports, MOST_PORTS);
      this.#ports.set(source.port, {
        firstMs: atMs,
        carriedAtOnce: isSource && carried === source.port && !missed,
        residue: null,
        residueMs: 0,
      });
    }
    const port = this.#ports.get(source.port)!;
    const flow = this.#flows.get(callId);
    if (
      flow !== undefined &&
      isSource &&
      carried === source.port &&
      flow.port !== source.port &&
      flow.viaPort === flow.port &&
      port.carriedAtOnce &&
      port.firstMs > flow.atMs &&
      (follows(cseq, flow.cseq ?? -1) || follows(cseq, lastRegister?.(flow.port) ?? -1))
    ) {
      const text = `the NAT's port changed from ${flow.port} to ${source.port} and the next message already had it: Via ${shown(via)}; a router on the way rewrites SIP; switch off its SIP ALG`;
      this.sign({ code: 'A5', text }, atMs);
    }
    this.#flows.delete(callId);
    bounded(this.#flows, MOST_FLOWS);
    this.#flows.set(callId, { port: source.port, viaPort: isSource ? carried : -1, atMs, cseq });
  }

  /** What one registered user writes in one request and in another. */
  #user(facts: RequestFacts, via: ViaFacts): void {
    const { atMs, method, contacts, source, fromUser } = facts;
    let user = this.#users.get(fromUser);
    if (user === undefined) {
      bounded(this.#users, MOST_USERS);
      user = { privateRun: 0, registeredPublic: false, registeredPrivate: false };
      this.#users.set(fromUser, user);
    }
    if (isPrivate(via.host)) {
      user.privateRun++;
      this.privateVias++;
    } else if (via.host === source.host) {
      this.publicVias++;
      if (user.privateRun > 0 && user.privateRun <= LEARNING_REQUESTS)
        this.sign(
          { code: 'N5', text: `Via was private first and is ${shown(via)} now: the client learns by itself` },
          atMs,
        );
      user.privateRun = 0;
    }
    if (contacts.length === 0) return;
    const isOurs = contacts.every(({ host }) => host === source.host && isPublic(host));
    const isInside = contacts.every(({ host }) => isPrivate(host));
    if (method === 'REGISTER') {
      if (isOurs) user.registeredPublic = true;
      if (isInside) user.registeredPrivate = true;
    } else if (method === 'INVITE' && isInside && user.registeredPublic && !user.registeredPrivate) {
      const text = `Contact of REGISTER is ${source.host} but that of INVITE still ${contacts[0].host}: a router rewrites the one and not the other; switch off its SIP ALG`;
      this.sign({ code: 'A2b', text }, atMs);
    }
  }

  #residue(facts: RequestFacts, via: ViaFacts): void {
    const port = this.#ports.get(facts.source.port);
    if (port === undefined) return;
    const { media, identities } = residueOf(facts);
    // From is rewritten to the Via's address and is nobody else's then.
    const address = [...media, ...identities.map(({ host }) => host)].find((host) => host !== via.host);
    if (address === undefined) return;
    if (port.residue !== null && port.residue !== address && facts.atMs - port.residueMs < HOUR_MS)
      this.manyBehindMs = facts.atMs;
    port.residue = address;
    port.residueMs = facts.atMs;
  }

  #habit(facts: RequestFacts, via: ViaFacts, habits: UserAgentHabits | null): void {
    if (habits === null || this.privateVias + this.publicVias === 0) return;
    const { userAgent, source, atMs } = facts;
    habits.note(userAgent, source.host, this.privateVias > this.publicVias);
    if (!carriesSource(facts, via) || this.privateVias > 0) return;
    const share = habits.privateShareElsewhere(userAgent, source.host);
    if (share !== null && share > PRIVATE_SHARE)
      this.sign(
        {
          code: 'A12',
          text: `${Math.floor(share * 100)} % of other customers' ${userAgent} write their private address in Via, this one ${shown(via)}`,
        },
        atMs,
      );
  }
}

/** What a state is saved as. */
export interface EndpointRecord {
  readonly signs: readonly (readonly [Code, Sign])[];
  readonly chain: readonly string[];
  readonly chainMs: number;
  readonly assessable: number;
  readonly unassessable: string | null;
  readonly firstMs: number;
  readonly lastMs: number;
  readonly manyBehindMs: number | null;
  readonly privateVias: number;
  readonly publicVias: number;
  readonly asksStunMs?: number | null;
  readonly ownMediaMs?: number | null;
  readonly siteProxyMs?: number | null;
  readonly first?: FirstMessage | null;
  readonly untouched?: readonly string[];
  readonly rewritten?: readonly string[];
  readonly dialogs: readonly string[];
  readonly flows: readonly (readonly [string, Flow])[];
  readonly users: readonly (readonly [string, User])[];
  readonly ports: readonly (readonly [number, Port])[];
}

const timeOrNull = (ms: number): number | null => (Number.isFinite(ms) ? ms : null);

/**
 * Nothing was missed between the two: a request in between, lost to the capture, would have taught the client its new port. Where a number
 * is not known, nothing is known of a loss.
 */
function follows(cseq: number, before: number): boolean {
  return cseq < 0 || cseq === before || cseq === before + 1;
}

function bounded<K, V>(map: Map<K, V>, most: number): void {
  if (map.size < most) return;
  for (const key of map.keys()) {
    map.delete(key);
    return;
  }
}
