import type { Actor } from './agenda.ts';
import type { FraudCall, Label } from './labels.ts';
import type { Account } from './ledger.ts';
import type { Destination } from './numbers.ts';
import {
  CARRIER,
  type Device,
  DOMAIN,
  type Host,
  type Line,
  PROXY,
  proxyFor,
  type Trunk,
} from './operator.ts';
import { digest, faxSdp, type RequestFacts, request, response, sdp } from './sip-text.ts';
import type { World } from './world.ts';

/** One end of a call. */
export interface Party {
  /** Null: somebody in the public network, behind the carrier. */
  readonly device: Device | null;
  readonly line: Line | null;
  readonly trunk: Trunk | null;
}

export const OUTSIDE: Party = { device: null, line: null, trunk: null };

export type Outcome = 'answered' | 'busy' | 'no-answer' | 'cancelled' | 'declined' | 'not-found' | 'failed';

export interface CallPlan {
  readonly caller: Party;
  readonly callee: Party;
  /** From user. */
  readonly presented: string;
  /** Request-URI user as the caller keys it in. */
  readonly dialled: string;
  readonly destination: Destination | null;
  readonly outcome: Outcome;
  readonly ringMs: number;
  readonly talkMs: number;
  readonly hangsUp: 'caller' | 'callee';
  /** The fraud that the call is part of. */
  readonly label?: Label;
  /** The called machine turns the call into a fax (T.38). */
  readonly fax?: boolean;
}

const FAILURES: Record<Exclude<Outcome, 'answered' | 'cancelled'>, string> = {
  busy: '486 Busy Here',
  'no-answer': '480 Temporarily Unavailable',
  declined: '603 Decline',
  'not-found': '404 Not Found',
  failed: '503 Service Unavailable',
};

/** RFC 3261 T1: what is not answered is sent again after this. */
const T1_MS = 500;
const RETRANSMITTED = 0.004;
/** Seconds of a session between refreshes, and how often one comes. */
const SESSION_SECONDS = 1_800;
const REFRESH_MS = 900_000;

function accountOf(world: World, { line, trunk }: Party): Account | null {
  if (line !== null) return world.ledger.account(line.id);
  return trunk === null ? null : world.ledger.account(trunk.id);
}

/** One call, from its first INVITE to the answer to its BYE, on both sides of the proxy. */
export class Call {
  readonly #world: World;
  readonly #plan: CallPlan;
  readonly #callId: string;
  readonly #callerTag: string;
  readonly #calleeTag: string;
  readonly #callerHost: Host;
  readonly #calleeHost: Host;
  readonly #callerAccount: Account | null;
  readonly #calleeAccount: Account | null;
  readonly #fraud: FraudCall | null;
  #cseq = 100;
  #branches = 0;
  #callerOpen = false;
  #calleeOpen = false;
  #answeredUs = 0;
  #endedUs = 0;

  constructor(world: World, plan: CallPlan) {
    this.#world = world;
    const { caller, callee, label, destination } = plan;
    const throughCarrier = caller.device === null || callee.device === null;
    this.#plan = world.carrierFails && throughCarrier ? { ...plan, outcome: 'failed' } : plan;
    const id = world.identifier();
    this.#callerHost = caller.device?.host ?? CARRIER;
    this.#calleeHost = callee.device?.host ?? CARRIER;
    this.#callId = `${id}@${caller.device?.contactHost.replace(/:\d+$/, '') ?? 'carrier.example'}`;
    this.#callerTag = `a${id}`;
    this.#calleeTag = `b${id}`;
    this.#callerAccount = accountOf(world, caller);
    this.#calleeAccount = accountOf(world, callee);
    this.#fraud = label
      ? {
          startMs: world.nowMs,
          answeredMs: null,
          endMs: null,
          called: destination?.number ?? plan.dialled,
          eurosPerMinute: destination?.eurosPerMinute ?? 0,
        }
      : null;
    if (label && this.#fraud) label.calls.push(this.#fraud);
  }

  *actor(): Actor {
    const { caller, callee } = this.#plan;
    if (caller.device) caller.device.busy++;
    if (callee.device) callee.device.busy++;
    yield* this.#script();
    if (caller.device) caller.device.busy--;
    if (callee.device) callee.device.busy--;
    this.#close('caller');
    this.#close('callee');
  }

  *#script(): Actor {
    const world = this.#world;
    const { random } = world;
    const { outcome, ringMs } = this.#plan;
    const invite = yield* this.#offer();
    if (invite === null) return;
    const onward = this.#forwarded(invite);
    this.#toCaller(response('100 Trying', invite, this.#to(false)));
    yield 0.6;
    this.#send(proxyFor(this.#calleeHost), this.#calleeHost, request(onward));
    yield random.between(15, 60);
    this.#fromCallee(response('100 Trying', onward, this.#to(false)));
    yield random.between(200, 900);
    const rings =
      outcome === 'answered' || outcome === 'no-answer' || outcome === 'cancelled' || outcome === 'declined';
    if (rings) {
      yield* this.#answerWith('180 Ringing', invite, onward);
      if (ringMs > 0) yield ringMs;
    }
    if (outcome === 'cancelled') yield* this.#cancel(invite, onward);
    else if (outcome === 'answered') yield* this.#talk(invite, onward);
    else yield* this.#fail(FAILURES[outcome], invite, onward);
  }

  /** The INVITE until the proxy takes it: a challenge where there is an account, a refusal where it is barred. */
  *#offer(): Generator<number, RequestFacts | null, void> {
    const world = this.#world;
    const { random } = world;
    const { line, trunk, device } = this.#plan.caller;
    const needsCredentials = line !== null;
    let invite = this.#invite(needsCredentials && (device?.remembersNonce ?? false));
    if (!needsCredentials || device?.remembersNonce) this.#attempted();
    yield* this.#offerOnce(invite);
    if (needsCredentials && !device?.remembersNonce) {
      yield random.between(3, 30);
      const challenge = `Proxy-Authenticate: Digest realm="${DOMAIN}", nonce="${world.random.hex(24)}", algorithm=MD5`;
      this.#toCaller(response('407 Proxy Authentication Required', invite, this.#to(true, 'p'), [challenge]));
      yield random.between(3, 30);
      this.#send(
        this.#callerHost,
        this.#callerProxy,
        request({ ...invite, method: 'ACK', to: this.#to(true, 'p'), headers: [], body: '' }),
      );
      yield random.between(1, 10);
      invite = this.#invite(true);
      this.#attempted();
      yield* this.#offerOnce(invite);
    }
    yield random.between(3, 30);
    const customer = line?.customer.id ?? trunk?.customer.id;
    if (customer === undefined || !world.isBarred(line?.id ?? '', customer)) return invite;
    this.#toCaller(
      response('403 Forbidden', invite, this.#to(true, 'p'), [
        'Reason: SIP;cause=403;text="vigie suspended"',
      ]),
    );
    yield random.between(3, 30);
    this.#send(
      this.#callerHost,
      this.#callerProxy,
      request({ ...invite, method: 'ACK', to: this.#to(true, 'p'), headers: [], body: '' }),
    );
    if (this.#callerAccount) this.#callerAccount.refused++;
    if (this.#fraud) this.#fraud.endMs = world.nowMs;
    return null;
  }

  *#offerOnce(invite: RequestFacts): Actor {
    const text = request(invite);
    this.#send(this.#callerHost, this.#callerProxy, text, true);
    if (!this.#world.random.chance(RETRANSMITTED)) return;
    yield T1_MS;
    this.#send(this.#callerHost, this.#callerProxy, text);
  }

  #attempted(): void {
    const { label, dialled } = this.#plan;
    if (this.#callerAccount) {
      this.#callerAccount.attempts++;
      this.#callerAccount.destinations.add(dialled);
    }
    if (label) label.attempts++;
  }

  *#answerWith(
    status: string,
    invite: RequestFacts,
    onward: RequestFacts,
    headers: readonly string[] = [],
  ): Actor {
    const ringing = status.startsWith('18');
    const body = status.startsWith('200') ? sdp(this.#calleeAddress, 30_000 + this.#branches) : undefined;
    const more = [this.#recordRoute, `Contact: <${this.#calleeContact}>`, ...headers];
    this.#fromCallee(response(status, onward, this.#to(true), more, body));
    if (ringing) this.#open('callee');
    yield 0.7;
    const atUs = this.#toCaller(response(status, invite, this.#to(true), more, body));
    if (ringing) this.#open('caller');
    else if (atUs > 0 && this.#answeredUs === 0) this.#answeredUs = atUs;
    else if (this.#answeredUs === 0) this.#answeredUs = Math.round(this.#world.nowMs * 1000);
  }

  *#fail(status: string, invite: RequestFacts, onward: RequestFacts): Actor {
    const { random } = this.#world;
    this.#fromCallee(response(status, onward, this.#to(true)));
    this.#close('callee');
    yield 0.5;
    this.#send(proxyFor(this.#calleeHost), this.#calleeHost, this.#ackOf(onward));
    // Kamailio makes 500 of a carrier's 503, so that the caller does not shun the proxy (RFC 3261 §16.7).
    const seen = status.startsWith('503') ? '500 Service Unavailable' : status;
    this.#toCaller(response(seen, invite, this.#to(true)));
    this.#failed();
    yield random.between(3, 30);
    this.#send(this.#callerHost, this.#callerProxy, this.#ackOf(invite));
  }

  *#cancel(invite: RequestFacts, onward: RequestFacts): Actor {
    const { random } = this.#world;
    const cancelOf = (of: RequestFacts): RequestFacts => ({ ...of, method: 'CANCEL', headers: [], body: '' });
    const cancel = cancelOf(invite);
    this.#send(this.#callerHost, this.#callerProxy, request(cancel), true);
    yield 0.6;
    this.#toCaller(response('200 canceling', cancel, this.#to(true, 'p')));
    this.#send(proxyFor(this.#calleeHost), this.#calleeHost, request(cancelOf(onward)));
    yield random.between(10, 60);
    this.#fromCallee(response('200 OK', cancelOf(onward), this.#to(true)));
    yield 0.4;
    yield* this.#fail('487 Request Terminated', invite, onward);
  }

  *#talk(invite: RequestFacts, onward: RequestFacts): Actor {
    const world = this.#world;
    const { random } = world;
    const { talkMs, hangsUp, label, caller } = this.#plan;
    const timed = caller.device?.sessionTimer === true;
    const headers = timed ? [`Session-Expires: ${SESSION_SECONDS};refresher=uac`] : [];
    yield* this.#answerWith('200 OK', invite, onward, headers);
    // A line's own answer is the first 2xx of its leg; both legs count the call as open from then on at the latest.
    this.#open('caller');
    this.#open('callee');
    if (this.#callerAccount) {
      this.#callerAccount.answered++;
      this.#callerAccount.outcomes++;
    }
    if (label) label.answered++;
    if (this.#fraud) this.#fraud.answeredMs = this.#answeredUs / 1000;
    yield random.between(3, 30);
    this.#inDialog('caller', 'ACK', invite.cseq);
    yield 0.5;
    this.#onwardInDialog('caller', 'ACK', invite.cseq);
    let leftMs = Math.max(50, talkMs);
    if (this.#plan.fax) {
      yield 3_000;
      yield* this.#becomesFax();
    }
    while (timed && leftMs > REFRESH_MS) {
      yield REFRESH_MS;
      leftMs -= REFRESH_MS;
      yield* this.#inDialogExchange('caller', 'UPDATE', [
        `Session-Expires: ${SESSION_SECONDS};refresher=uac`,
      ]);
    }
    yield leftMs;
    if (label === undefined && world.lostByes > 0 && random.chance(world.lostByes)) return;
    if (label === undefined && world.lateByes > 0 && random.chance(world.lateByes))
      yield random.between(60_000, 1_200_000);
    yield* this.#inDialogExchange(hangsUp, 'BYE', []);
    if (this.#callerAccount) {
      this.#callerAccount.ended++;
      this.#callerAccount.talkUs += this.#endedUs - this.#answeredUs;
    }
    const minutes = (this.#endedUs - this.#answeredUs) / 60e6;
    if (label) {
      label.minutes += minutes;
      label.euros += minutes * (this.#plan.destination?.eurosPerMinute ?? 0);
    }
    if (this.#fraud) this.#fraud.endMs = this.#endedUs / 1000;
  }

  /** The called machine offers T.38 in a re-INVITE (ITU-T T.38, annex D); the caller takes it. */
  *#becomesFax(): Actor {
    const { random } = this.#world;
    const [callerHost, calleeHost] = [this.#callerHost, this.#calleeHost];
    const cseq = 500;
    const headers = [`Contact: <${this.#calleeContact}>`];
    const offer = {
      ...this.#inDialogFacts('callee', 'INVITE', cseq, headers),
      body: faxSdp(this.#calleeAddress, 40_000),
    };
    const onward = { ...offer, vias: [this.#proxyVia(callerHost), ...offer.vias] };
    this.#fromCallee(request(offer));
    yield 0.6;
    this.#toCaller(request(onward));
    yield random.between(10, 60);
    const answer = faxSdp(this.#plan.caller.device?.host.address ?? CARRIER.address, 41_000);
    const contact = [`Contact: <${this.#callerContact}>`];
    this.#send(callerHost, this.#callerProxy, response('200 OK', onward, onward.to, contact, answer));
    yield 0.5;
    this.#send(proxyFor(calleeHost), calleeHost, response('200 OK', offer, offer.to, contact, answer));
    yield random.between(3, 30);
    this.#inDialog('callee', 'ACK', cseq);
    yield 0.5;
    this.#onwardInDialog('callee', 'ACK', cseq);
  }

  /** A request of one end within the dialog, through the proxy, and the other's 200. */
  *#inDialogExchange(by: 'caller' | 'callee', method: string, headers: readonly string[]): Actor {
    const { random } = this.#world;
    const cseq = by === 'caller' ? ++this.#cseq : 1 + this.#branches;
    const [first, second] = [
      this.#inDialogFacts(by, method, cseq, headers),
      this.#inDialogFacts(by, method, cseq, headers),
    ];
    const onward = { ...second, vias: [this.#proxyVia(this.#hostOf(other(by))), ...first.vias] };
    const ended = method === 'BYE';
    const note = (atUs: number): void => {
      if (!ended || atUs === 0 || this.#endedUs > 0) return;
      this.#endedUs = atUs;
      this.#close('caller');
      this.#close('callee');
    };
    const text = request(first);
    note(this.#send(this.#hostOf(by), proxyFor(this.#hostOf(by)), text, true));
    if (random.chance(RETRANSMITTED)) {
      yield T1_MS;
      this.#send(this.#hostOf(by), proxyFor(this.#hostOf(by)), text);
    }
    yield 0.6;
    note(this.#send(proxyFor(this.#hostOf(other(by))), this.#hostOf(other(by)), request(onward)));
    yield random.between(10, 60);
    this.#send(
      this.#hostOf(other(by)),
      proxyFor(this.#hostOf(other(by))),
      response('200 OK', onward, onward.to, headers),
    );
    yield 0.5;
    this.#send(proxyFor(this.#hostOf(by)), this.#hostOf(by), response('200 OK', first, first.to, headers));
  }

  #inDialog(by: 'caller' | 'callee', method: string, cseq: number): void {
    this.#send(
      this.#hostOf(by),
      proxyFor(this.#hostOf(by)),
      request(this.#inDialogFacts(by, method, cseq, [])),
    );
  }

  #onwardInDialog(by: 'caller' | 'callee', method: string, cseq: number): void {
    const facts = this.#inDialogFacts(by, method, cseq, []);
    const host = this.#hostOf(other(by));
    this.#send(proxyFor(host), host, request({ ...facts, vias: [this.#proxyVia(host), ...facts.vias] }));
  }

  #inDialogFacts(
    by: 'caller' | 'callee',
    method: string,
    cseq: number,
    headers: readonly string[],
  ): RequestFacts {
    const [from, to] = [this.#from, this.#to(true)];
    return {
      method,
      uri: by === 'caller' ? this.#calleeContact : this.#callerContact,
      vias: [this.#via(by)],
      from: by === 'caller' ? from : to,
      to: by === 'caller' ? to : from,
      callId: this.#callId,
      cseq,
      headers: [this.#recordRoute.replace('Record-Route', 'Route'), ...headers],
    };
  }

  #invite(withCredentials: boolean): RequestFacts {
    const { caller, dialled } = this.#plan;
    const { device, line } = caller;
    const uri = `sip:${dialled}@${DOMAIN};user=phone`;
    const headers = [
      `Contact: <${this.#callerContact}>`,
      'Allow: INVITE, ACK, CANCEL, BYE, UPDATE, OPTIONS, NOTIFY',
    ];
    if (device) headers.push(`User-Agent: ${device.userAgent}`);
    if (device?.sessionTimer) headers.push('Supported: timer', `Session-Expires: ${SESSION_SECONDS}`);
    if (withCredentials && line) {
      const { random } = this.#world;
      headers.push(digest('Proxy-Authorization', line.id, uri, random.hex(24), random.hex(32)));
    }
    const address = device?.contactHost.replace(/:\d+$/, '').replace(/^\[|\]$/g, '') ?? CARRIER.address;
    return {
      method: 'INVITE',
      uri,
      vias: [this.#via('caller')],
      from: this.#from,
      to: this.#to(false),
      callId: this.#callId,
      cseq: ++this.#cseq,
      headers,
      body: sdp(address, 20_000 + (this.#cseq % 10_000)),
    };
  }

  /** The INVITE as the proxy sends it on. */
  #forwarded(invite: RequestFacts): RequestFacts {
    const headers = (invite.headers ?? []).filter((header) => !header.startsWith('Proxy-Authorization'));
    return {
      ...invite,
      uri: this.#plan.callee.device ? this.#calleeContact : invite.uri,
      vias: [this.#proxyVia(this.#calleeHost), ...invite.vias],
      headers: [this.#recordRoute, ...headers],
    };
  }

  /** ACK to a failure: the branch of its INVITE (RFC 3261 §17.1.1.3). */
  #ackOf(invite: RequestFacts): string {
    const vias = invite.vias.slice(0, 1);
    return request({ ...invite, method: 'ACK', vias, to: this.#to(true), headers: [], body: '' });
  }

  #failed(): void {
    this.#close('caller');
    if (this.#callerAccount) this.#callerAccount.outcomes++;
    if (this.#fraud) this.#fraud.endMs = this.#world.nowMs;
  }

  #open(side: 'caller' | 'callee'): void {
    if (side === 'caller' && !this.#callerOpen) {
      this.#callerOpen = true;
      this.#callerAccount?.opened();
    } else if (side === 'callee' && !this.#calleeOpen) {
      this.#calleeOpen = true;
      this.#calleeAccount?.opened();
    }
  }

  #close(side: 'caller' | 'callee'): void {
    if (side === 'caller' && this.#callerOpen) {
      this.#callerOpen = false;
      if (this.#callerAccount) this.#callerAccount.open--;
    } else if (side === 'callee' && this.#calleeOpen) {
      this.#calleeOpen = false;
      if (this.#calleeAccount) this.#calleeAccount.open--;
    }
  }

  #send(from: Host, to: Host, text: string, transaction = false): number {
    return this.#world.send(from, to, text, transaction);
  }

  #toCaller(text: string): number {
    return this.#send(this.#callerProxy, this.#callerHost, text);
  }

  #fromCallee(text: string): number {
    return this.#send(this.#calleeHost, proxyFor(this.#calleeHost), text);
  }

  #hostOf(side: 'caller' | 'callee'): Host {
    return side === 'caller' ? this.#callerHost : this.#calleeHost;
  }

  get #callerProxy(): Host {
    return proxyFor(this.#callerHost);
  }

  get #from(): string {
    const { presented } = this.#plan;
    return `"${presented}" <sip:${presented}@${DOMAIN}>;tag=${this.#callerTag}`;
  }

  #to(tagged: boolean, by = ''): string {
    const to = `<sip:${this.#plan.dialled}@${DOMAIN};user=phone>`;
    return tagged ? `${to};tag=${by}${this.#calleeTag}` : to;
  }

  #contactOf({ device, line, trunk }: Party, fallback: string): string {
    return device === null
      ? `sip:${fallback}@${CARRIER.hostPort}`
      : `sip:${line?.id ?? trunk?.firstNumber ?? fallback}@${device.contactHost}`;
  }

  get #callerContact(): string {
    return this.#contactOf(this.#plan.caller, this.#plan.presented);
  }

  get #calleeContact(): string {
    return this.#contactOf(this.#plan.callee, this.#plan.dialled);
  }

  get #calleeAddress(): string {
    return this.#plan.callee.device?.host.address ?? CARRIER.address;
  }

  #via(side: 'caller' | 'callee'): string {
    const device = side === 'caller' ? this.#plan.caller.device : this.#plan.callee.device;
    const sentBy = device?.contactHost ?? CARRIER.hostPort;
    return `SIP/2.0/UDP ${sentBy};rport;branch=z9hG4bK${side[5]}${this.#callerTag}${++this.#branches}`;
  }

  #proxyVia(to: Host): string {
    return `SIP/2.0/UDP ${proxyFor(to).hostPort};branch=z9hG4bKp${this.#callerTag}${++this.#branches}.0`;
  }

  get #recordRoute(): string {
    return `Record-Route: <sip:${PROXY.hostPort};lr;ftag=${this.#callerTag}>`;
  }
}

function other(side: 'caller' | 'callee'): 'caller' | 'callee' {
  return side === 'caller' ? 'callee' : 'caller';
}
