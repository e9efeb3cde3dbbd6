import type { EnforcerHealth } from './enforcer.ts';

/** A call in progress that is to end, by all the names that a proxy may find it under. Never an emergency call. */
export interface CallToEnd {
  readonly callId: string;
  /** Tag of From in the INVITE; null where it is not known: then every call of the Call-ID is meant. */
  readonly fromTag: string | null;
  /** Tag of To in the 2xx; null while it rings, and where it is not known. */
  readonly toTag: string | null;
  /** As it was last seen. It may have been answered since: who is told that it does not ring any more ends it as an answered one. */
  readonly phase: 'ringing' | 'answered';
  /** CSeq number of the last INVITE, which a CANCEL must carry (RFC 3261 §9.1); null where it is not known. */
  readonly cseq: number | null;
  /** Whom it is charged to; null where that is not proven (a trunk's call may have no line). */
  readonly line: string | null;
  readonly customer: string | null;
}

/** `ended`: BYE or CANCEL is on its way. `absent`: this proxy has no such call (any more). `emergency`: it is one, and goes on. */
export type CallEnding = 'ended' | 'absent' | 'emergency';

/**
 * Something that can end a call at the proxy. `end` may be repeated: a call that is over already is `absent`. It throws while the
 * proxy cannot be reached, and is then asked again; with several proxies each is asked, for only one of them has the call.
 */
export interface CallEnder {
  readonly name: string;
  end(call: CallToEnd): Promise<CallEnding>;
  health(): Promise<EnforcerHealth>;
}
