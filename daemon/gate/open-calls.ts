import { Field, SipMessage } from '../sip/message.ts';
import { transactionName } from './call-names.ts';

/** What it takes to end a call that drachtio proxies: both ends of its dialog, as the INVITE and its 200 named them. */
export interface OpenCall {
  readonly callId: string;
  readonly fromTag: string;
  /** Request-URI, To and branch of the first Via of the INVITE, which a CANCEL repeats (RFC 3261 section 9.1). */
  readonly requestUri: string;
  readonly to: string;
  readonly branch: string;
  readonly emergency: boolean;
  /** The drachtio server that it goes through, by its place in the configuration. */
  readonly server: number;
  readonly from: string;
  readonly callerContact: string;
  /** Where the INVITE came from: the caller's side of any NAT. */
  readonly callerAddress: string;
  readonly callerRoutes: readonly string[];
  readonly cseq: number;
  answer: {
    readonly to: string;
    readonly tag: string;
    readonly calledContact: string;
    readonly calledRoutes: readonly string[];
  } | null;
  /** Asked to end while it rang: should it be answered before it could be cancelled, it ends then. */
  endWhenAnswered: boolean;
  /** Its BYEs are on their way. */
  ending: boolean;
  readonly untilMs: number;
}

export interface EndingRequest {
  readonly uri: string;
  readonly headers: Readonly<Record<string, string>>;
  /** Next hop, null: as the Request-URI says. */
  readonly route: string | null;
}

const message = new SipMessage();
/** Characters kept of one side of a call. Who writes more into its headers cannot have its call ended: all calls together have a bound. */
const MOST_CHARACTERS = 4_096;

/**
 * Calls that went through this gate, until they end: under the name of the INVITE's transaction while they ring, then under that of the
 * dialog. Bounded; a gate that was started anew knows none of before.
 */
export class OpenCalls {
  readonly #calls = new Map<string, OpenCall>();
  readonly #capacity: number;

  constructor(capacity: number) {
    this.#capacity = capacity;
  }

  get size(): number {
    return this.#calls.size;
  }

  /** @param source address and port that the INVITE came from, `host:port` */
  invited(
    transaction: string,
    text: string,
    facts: {
      readonly callId: string;
      readonly fromTag: string;
      readonly source: string;
      readonly emergency: boolean;
      readonly server: number;
      readonly nowMs: number;
      readonly maximumAgeMs: number;
    },
  ): void {
    const bytes = Buffer.from(text, 'utf8');
    if (message.read(bytes, 0, bytes.length) !== 0) return;
    const contact = message.headers('Contact')[0];
    const from = message.headers('From')[0];
    const to = message.headers('To')[0];
    const branch = message.text(Field.viaBranch) ?? '';
    const requestUri = message.text(Field.requestUri);
    if (contact === undefined || from === undefined || to === undefined) return;
    if (requestUri === null) return;
    const recorded = message.headers('Record-Route');
    const texts = [facts.callId, facts.fromTag, from, to, branch, requestUri, contact, ...recorded];
    if (charactersOf(texts) > MOST_CHARACTERS) return;
    const callerRoutes = routesOf(recorded);
    this.#calls.delete(transaction);
    this.#calls.set(transaction, {
      callId: facts.callId,
      fromTag: facts.fromTag,
      requestUri,
      to,
      branch,
      emergency: facts.emergency,
      server: facts.server,
      from,
      callerContact: uriOf(contact),
      callerAddress: facts.source,
      callerRoutes,
      cseq: message.cseq,
      answer: null,
      endWhenAnswered: false,
      ending: false,
      untilMs: facts.nowMs + facts.maximumAgeMs,
    });
    if (this.#calls.size <= this.#capacity) return;
    const oldest = this.#calls.keys().next().value;
    if (oldest !== undefined) this.#calls.delete(oldest);
  }

  /**
   * The 200 of the call, which goes by the name of its dialog from now on.
   * @param ours how drachtio's own Record-Route names it, `host:port`
   */
  answered(transaction: string, dialog: string, text: string, ours: readonly string[]): OpenCall | null {
    const call = this.#calls.get(transaction);
    if (call === undefined) return null;
    this.#calls.delete(transaction);
    this.#calls.set(dialog, call);
    const bytes = Buffer.from(text, 'utf8');
    if (message.read(bytes, 0, bytes.length) !== 0) return call;
    const to = message.headers('To')[0];
    const tag = message.text(Field.toTag);
    const contact = message.headers('Contact')[0];
    if (to === undefined || tag === null || contact === undefined) return call;
    const recorded = message.headers('Record-Route');
    if (charactersOf([to, contact, ...recorded]) > MOST_CHARACTERS) return call;
    const routes = routesOf(recorded);
    const own = routes.findIndex((route) => ours.some((address) => route.includes(address)));
    // Those that stand before ours were added after it; from here the nearest is the last of them (RFC 3261 section 12.1.2).
    const calledRoutes = own < 0 ? [] : routes.slice(0, own).reverse();
    call.answer = { to, tag, calledContact: uriOf(contact), calledRoutes };
    return call;
  }

  get(name: string): OpenCall | null {
    return this.#calls.get(name) ?? null;
  }

  /** All calls of a Call-ID, of one From tag where that is given. */
  of(callId: string, fromTag: string | null): [string, OpenCall][] {
    return [...this.#calls].filter(
      ([, call]) => call.callId === callId && (fromTag === null || call.fromTag === fromTag),
    );
  }

  /** It was neither answered nor has it ended. */
  rings(call: OpenCall): boolean {
    return call.answer === null && this.#calls.get(transactionName(call)) === call;
  }

  ended(name: string): void {
    this.#calls.delete(name);
  }

  sweep(nowMs: number): void {
    for (const [name, call] of this.#calls) if (call.untilMs <= nowMs) this.#calls.delete(name);
  }
}

/** CSeq numbers that neither end can have reached: a BYE with a lower one than the last would be refused (RFC 3261 section 12.2.2). */
const CSEQ_AHEAD = 1_000_000;

/** The two BYEs that end an answered call, one for each end in the other's name (RFC 3261 section 15). */
export function endingOf(call: OpenCall, reason: string): EndingRequest[] {
  const { answer } = call;
  if (answer === null) return [];
  const bye = (
    uri: string,
    from: string,
    to: string,
    cseq: number,
    routes: readonly string[],
    direct: string | null,
  ): EndingRequest => ({
    uri,
    headers: {
      'Call-ID': call.callId,
      From: from,
      To: to,
      CSeq: `${cseq} BYE`,
      'Max-Forwards': '70',
      Reason: reason,
      ...(routes.length > 0 ? { Route: routes.map((route) => `<${route}>`).join(', ') } : {}),
    },
    route: routes[0] ?? direct,
  });
  return [
    bye(
      answer.calledContact,
      call.from,
      answer.to,
      Math.min(call.cseq + CSEQ_AHEAD, 0x7fff_ffff),
      answer.calledRoutes,
      null,
    ),
    bye(call.callerContact, answer.to, call.from, CSEQ_AHEAD, call.callerRoutes, `sip:${call.callerAddress}`),
  ];
}

function charactersOf(texts: readonly string[]): number {
  return texts.reduce((sum, { length }) => sum + length, 0);
}

function uriOf(header: string): string {
  return (/<([^<>]*)>/.exec(header)?.[1] ?? header.split(';')[0]).trim();
}

function routesOf(headers: readonly string[]): string[] {
  return headers.flatMap((header) => [...header.matchAll(/<([^<>]*)>/g)].map(([, uri]) => uri));
}
