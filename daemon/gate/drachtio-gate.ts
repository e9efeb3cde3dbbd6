import type { CallEnder, CallEnding, CallToEnd } from '../enforcement/call-ender.ts';
import type { EnforcerHealth } from '../enforcement/enforcer.ts';
import type { EventLog } from '../enforcement/hooks.ts';
import { formatEndpoint, parseAddress } from '../ingest/address.ts';
import { Endpoint } from '../ingest/packet.ts';
import { Field, SipMessage } from '../sip/message.ts';
import type { CallLedger } from './call-ledger.ts';
import { dialogName, type InviteIds, transactionName } from './call-names.ts';
import { Canceller } from './cancel.ts';
import type { GateCounters } from './counters.ts';
import {
  type CallEvent,
  DrachtioConnection,
  type DrachtioServer,
  type UnreadRequest,
} from './drachtio-connection.ts';
import type { ProxyResult, SrfRequest, SrfResponse } from './drachtio-srf.ts';
import type { Gate } from './gate.ts';
import { destinationsOf, type StayInPath, staysInPath } from './next-hop.ts';
import { endingOf, type OpenCall, OpenCalls } from './open-calls.ts';
import { type GateQuestion, isGateMethod, readQuestion } from './question.ts';
import { answerFrame, proxyFrame, Redelivery } from './redelivery.ts';
import type { GateVerdict, Refusal } from './verdict.ts';

export interface DrachtioGateOptions {
  readonly servers: readonly DrachtioServer[];
  readonly tags: readonly string[];
  readonly methods: readonly string[];
  readonly gate: Pick<Gate, 'decide'>;
  readonly ledger: CallLedger;
  readonly counters: GateCounters;
  readonly log: EventLog;
  /** Next hops in order of preference; empty: where the Request-URI says. */
  readonly next: readonly string[];
  readonly stay: StayInPath;
  /** Without a provisional answer within this, the next hop after it is tried. */
  readonly nextAfterMs: number;
  readonly emergencyUser: string;
  readonly maximumAgeMs: number;
  /** Calls kept so that they can be ended. */
  readonly remembered: number;
  /** Wall clock, ms since the epoch. */
  readonly clock: () => number;
}

/** How long a stop waits for decisions under way. */
const DRAIN_MS = 2_000;
const SWEEP_MS = 1_000;
/** Reasons of a `cdr:stop` that are no end of a call which was answered. */
const FAILED: ReadonlySet<string> = new Set(['call-rejected', 'call-canceled']);

const message = new SipMessage();

/**
 * Vigie as an application of drachtio servers: requests are decided and handed on, or refused. Every request that was taken gets its
 * answer or goes on, whatever fails on the way.
 */
export class DrachtioGate implements CallEnder {
  readonly name = 'drachtio';
  readonly #options: DrachtioGateOptions;
  readonly #connections: readonly DrachtioConnection[];
  readonly #calls: OpenCalls;
  readonly #canceller = new Canceller();
  /** One for each server. */
  readonly #redelivery: readonly Redelivery[];
  #deciding = 0;
  #sweep: NodeJS.Timeout | null = null;

  constructor(options: DrachtioGateOptions) {
    this.#options = options;
    this.#calls = new OpenCalls(options.remembered);
    this.#redelivery = options.servers.map(() => new Redelivery());
    this.#connections = options.servers.map(
      (server, index) =>
        new DrachtioConnection({
          server,
          tags: options.tags,
          methods: options.methods,
          log: options.log,
          counters: options.counters,
          onRequest: (request, response) => void this.#request(index, request, response),
          onUnreadable: (request) => void this.#unreadable(index, request),
          onCallEvent: (event) => this.#callEvent(event),
          onReady: () => {
            const send = (frame: string) => this.#connections[index].send(frame);
            options.counters.redelivered += this.#redelivery[index].sendAll(send);
          },
        }),
    );
  }

  get openCalls(): number {
    return this.#calls.size;
  }

  servers(): readonly { readonly address: string; readonly connected: boolean; readonly detail: string }[] {
    return this.#connections.map(({ address, ready, detail }) => ({ address, connected: ready, detail }));
  }

  start(): void {
    for (const connection of this.#connections) connection.start();
    this.#sweep = setInterval(() => {
      const nowMs = this.#options.clock();
      this.#calls.sweep(nowMs);
      for (const redelivery of this.#redelivery) redelivery.sweep(nowMs);
      this.#options.ledger.settle().catch(() => undefined);
    }, SWEEP_MS);
    this.#sweep.unref();
  }

  /** Takes no more requests, decides those it has, then leaves. Calls that drachtio proxies go on. */
  async stop(): Promise<void> {
    for (const connection of this.#connections) connection.drain();
    const patienceEndsMs = performance.now() + DRAIN_MS;
    while (this.#deciding > 0 && performance.now() < patienceEndsMs)
      await new Promise((resolve) => setTimeout(resolve, 5));
    if (this.#sweep !== null) clearInterval(this.#sweep);
    for (const connection of this.#connections) connection.close();
  }

  async health(): Promise<EnforcerHealth> {
    const away = this.servers().filter(({ connected }) => !connected);
    return away.length === 0
      ? { healthy: true, detail: '' }
      : {
          healthy: false,
          detail: away.map(({ address, detail }) => `drachtio ${address} ${detail}`).join('; '),
        };
  }

  async end(call: CallToEnd): Promise<CallEnding> {
    const found = this.#calls.of(call.callId, call.fromTag);
    if (found.length === 0) return 'absent';
    if (found.some(([, { emergency }]) => emergency)) return 'emergency';
    for (const [name, open] of found) {
      if (open.answer === null) this.#cancel(open);
      else await this.#hangUp(name, open);
    }
    return 'ended';
  }

  /** Without waiting: what is answered meanwhile ends then. */
  #cancel(call: OpenCall): void {
    if (call.endWhenAnswered) return;
    call.endWhenAnswered = true;
    const { counters, log } = this.#options;
    this.#canceller
      .cancel(call, this.#connections[call.server].hostports, () => !this.#calls.rings(call))
      .then((taken) => {
        if (taken) counters.cancelledCalls++;
      })
      .catch((error) => log.warn('gate.call-not-cancelled', { error }));
  }

  async #request(index: number, request: SrfRequest, response: SrfResponse): Promise<void> {
    this.#deciding++;
    this.#options.counters.count('requests', request.method);
    try {
      const text = request.msg.raw ?? '';
      const question = readQuestion(text, sourceOf(request));
      const verdict = isGateMethod(request.method)
        ? await this.#decide(question)
        : ({ pass: true, grounds: 'other-method', restrictCallerId: false } as const);
      this.#options.counters.count('verdicts', verdict.grounds);
      if (!verdict.pass) {
        this.#refuse(index, request, response, verdict.refusal);
        return;
      }
      this.#noteCall(index, question, verdict, text);
      this.#proxy(index, request, response, question, verdict);
    } catch (error) {
      this.#options.log.error('gate.fault', { error });
      this.#lastResort(index, request, response);
    } finally {
      this.#deciding--;
    }
  }

  async #decide(question: GateQuestion | null): Promise<GateVerdict> {
    if (question === null) return { pass: true, grounds: 'unreadable', restrictCallerId: false };
    // What Redis missed while it was away is known here.
    if (question.method !== 'REGISTER' && this.#isOpen(question))
      return { pass: true, grounds: 'in-dialog', restrictCallerId: false };
    try {
      return await this.#options.gate.decide(question);
    } catch {
      return { pass: true, grounds: 'fault', restrictCallerId: false };
    }
  }

  #isOpen({ callId, fromTag, toTag }: GateQuestion): boolean {
    return toTag !== '' && this.#calls.get(dialogName(callId, fromTag, toTag)) !== null;
  }

  #noteCall(index: number, question: GateQuestion | null, verdict: GateVerdict, text: string): void {
    if (question === null || question.method !== 'INVITE' || verdict.grounds === 'in-dialog') return;
    const { callId, fromTag, source } = question;
    this.#calls.invited(transactionName(question), text, {
      callId,
      fromTag,
      source: formatEndpoint(source),
      emergency: verdict.grounds === 'emergency',
      server: index,
      nowMs: this.#options.clock(),
      maximumAgeMs: this.#options.maximumAgeMs,
    });
  }

  #refuse(index: number, request: SrfRequest, response: SrfResponse, refusal: Refusal): void {
    const { status, phrase, headers } = refusal;
    this.#keep(index, request.stackTxnId, answerFrame(request.stackTxnId, refusal));
    if (!this.#connections[index].holds(request.socket)) return;
    const sent = (error: unknown) => {
      if (!error) this.#redelivery[index].done(request.stackTxnId);
    };
    if (status !== 608) {
      response.send(status, phrase, { headers }, sent);
      return;
    }
    // drachtio-srf's table of codes ends before 608.
    response.msg.status = status;
    response.msg.reason = phrase;
    this.#connections[index].srf?.app.client.sendResponse(response, { headers }, sent);
  }

  #proxy(
    index: number,
    request: SrfRequest,
    response: SrfResponse,
    question: GateQuestion | null,
    verdict: GateVerdict,
  ): void {
    const { counters, next, emergencyUser, stay, nextAfterMs } = this.#options;
    const destinations = destinationsOf(
      question?.requestUri ?? requestUriOf(request.msg.raw ?? ''),
      question?.requestUser ?? requestUserOf(request.msg.raw ?? ''),
      next,
      emergencyUser,
    );
    const restricted = verdict.pass && verdict.restrictCallerId;
    const frame = this.#proxyFrame(request.stackTxnId, request.method, destinations, restricted);
    this.#keep(index, request.stackTxnId, frame);
    const connection = this.#connections[index];
    const { srf } = connection;
    if (srf === null || !connection.holds(request.socket)) return;
    srf
      .proxyRequest(request, destinations, {
        recordRoute: staysInPath(request.method, stay),
        followRedirects: false,
        forking: 'sequential',
        provisionalTimeout: `${nextAfterMs}ms`,
        ...(restricted ? { headers: { Privacy: 'id' } } : {}),
      })
      .then(
        (result) => {
          this.#redelivery[index].done(request.stackTxnId);
          counters.count('outcomes', classOf(result.finalStatus));
          this.#finished(question, result, connection.hostports);
        },
        (error) => {
          this.#redelivery[index].done(request.stackTxnId);
          // drachtio has answered most of what it could not proxy; where it has, it takes no second answer.
          counters.count('outcomes', 'failed');
          this.#options.log.warn('gate.not-proxied', { server: connection.address, error: String(error) });
          this.#forget(question);
          answer(response, 503, 'Service Unavailable');
        },
      );
  }

  #finished(question: GateQuestion | null, result: ProxyResult, hostports: readonly string[]): void {
    if (question === null || question.method !== 'INVITE') return;
    const status = result.finalStatus ?? 408;
    if (status < 200 || status >= 300) {
      this.#failed(question);
      return;
    }
    const text = result.finalResponse?.msg.raw ?? '';
    const ids = idsOf(text);
    if (ids === null || ids.toTag === '') return;
    const dialog = dialogName(question.callId, question.fromTag, ids.toTag);
    const ours = hostports.map((hostport) => hostport.slice(hostport.indexOf('/') + 1));
    const call = this.#calls.answered(transactionName(question), dialog, text, ours);
    this.#answered(question, ids.toTag);
    if (call?.endWhenAnswered && call.answer !== null)
      this.#hangUp(dialog, call).catch((error) => this.#options.log.warn('gate.call-not-ended', { error }));
  }

  /** A second branch of a fork that is answered is a call of its own: beyond the limit it could not be refused, so it is ended. */
  #answered(invite: InviteIds, toTag: string): void {
    const { ledger, log } = this.#options;
    const noted = ledger.answered(invite, toTag).catch(() => null);
    noted
      .then(async (rule) => {
        const name = dialogName(invite.callId, invite.fromTag, toTag);
        const call = rule === null ? null : this.#calls.get(name);
        // Both drachtio's event and its answer to the proxied request tell of it.
        if (call === null || call.answer === null || call.emergency || call.ending) return;
        log.warn('gate.fork-beyond-limit', { rule });
        await this.#hangUp(name, call);
      })
      .catch((error) => log.warn('gate.call-not-ended', { error }));
  }

  #forget(question: GateQuestion | null): void {
    if (question !== null && question.method === 'INVITE') this.#failed(question);
  }

  #failed(invite: InviteIds): void {
    this.#calls.ended(transactionName(invite));
    void this.#options.ledger.failed(invite);
  }

  async #hangUp(name: string, call: OpenCall): Promise<void> {
    const { srf, address, detail } = this.#connections[call.server];
    if (srf === null) throw new Error(`drachtio ${address} ${detail}`);
    call.ending = true;
    try {
      await Promise.all(
        endingOf(call, 'SIP;cause=403;text="vigie end-calls"').map(({ uri, headers, route }) =>
          srf.request(uri, { method: 'BYE', headers, ...(route === null ? {} : { proxy: route }) }),
        ),
      );
    } catch (error) {
      call.ending = false;
      throw error;
    }
    this.#options.counters.endedCalls++;
    this.#calls.ended(name);
    const { answer } = call;
    if (answer !== null) await this.#options.ledger.end(call.callId, call.fromTag, answer.tag);
  }

  /** A fault of ours: the request goes on as if nobody had asked, and if that fails too, the caller is told. */
  #lastResort(index: number, request: SrfRequest, response: SrfResponse): void {
    this.#options.counters.count('verdicts', 'fault');
    try {
      this.#proxy(index, request, response, null, { pass: true, grounds: 'fault', restrictCallerId: false });
    } catch {
      answer(response, 500, 'Server Internal Error');
    }
  }

  /** Judged by what Vigie's own parser reads of it, and answered without drachtio-srf. */
  async #unreadable(index: number, { transactionId, text, address, port }: UnreadRequest): Promise<void> {
    const { counters, next, emergencyUser, log } = this.#options;
    const method = text.slice(0, text.indexOf(' '));
    counters.count('requests', method);
    this.#deciding++;
    try {
      const source = parseAddress(address) ?? new Endpoint();
      source.port = port;
      const verdict = await this.#decide(readQuestion(text, source));
      counters.count('verdicts', verdict.grounds);
      const uri = requestUriOf(text);
      const destinations = destinationsOf(uri, requestUserOf(text), next, emergencyUser);
      const frame = verdict.pass
        ? this.#proxyFrame(transactionId, method, destinations, verdict.restrictCallerId)
        : answerFrame(transactionId, verdict.refusal);
      this.#keep(index, transactionId, frame);
      this.#connections[index].send(frame);
    } catch (error) {
      log.error('gate.fault', { error });
    } finally {
      this.#deciding--;
    }
  }

  #proxyFrame(
    transactionId: string,
    method: string,
    destinations: readonly string[],
    withholdsNumber: boolean,
  ): string {
    const { stay, nextAfterMs } = this.#options;
    const stays = staysInPath(method, stay);
    return proxyFrame(transactionId, method, destinations, { stays, nextAfterMs, withholdsNumber });
  }

  #keep(index: number, transactionId: string, frame: string): void {
    this.#redelivery[index].keep(transactionId, frame, this.#options.clock());
  }

  /**
   * Tells when calls begin and end. drachtio sends each event to any one application that asked for it, of any call on that server, and
   * names no source: the Call-ID finds the call in the shared ledger. Both sides of a proxied call are told; a branch that failed
   * (`network`) is no end, for the next may answer.
   */
  #callEvent({ kind, side, detail, message: text }: CallEvent): void {
    this.#options.counters.count('callEvents', kind);
    if (kind === 'attempt') return;
    const ids = idsOf(text);
    if (ids === null) return;
    if (kind === 'start') {
      if (side === 'application' && ids.toTag !== '') this.#answered(ids, ids.toTag);
      return;
    }
    if (FAILED.has(detail)) {
      if (side === 'application') this.#failed(ids);
      return;
    }
    if (side === 'network' && detail !== 'normal-release') return;
    // A BYE of the called party has the tags the other way round: the dialog's name is the same.
    this.#calls.ended(dialogName(ids.callId, ids.fromTag, ids.toTag));
    void this.#options.ledger.end(ids.callId, ids.fromTag, ids.toTag);
  }
}

/** Of an INVITE's answer on the caller's side, or of a request within a dialog. */
function idsOf(text: string): (InviteIds & { readonly toTag: string }) | null {
  const bytes = Buffer.from(text, 'utf8');
  if (message.read(bytes, 0, bytes.length) !== 0) return null;
  const callId = message.text(Field.callId);
  if (callId === null) return null;
  return {
    callId,
    fromTag: message.text(Field.fromTag) ?? '',
    toTag: message.text(Field.toTag) ?? '',
    cseq: message.cseq,
    branch: message.text(Field.viaBranch) ?? '',
  };
}

function sourceOf(request: SrfRequest): Endpoint {
  const source = parseAddress(request.source_address) ?? new Endpoint();
  source.port = request.source_port;
  return source;
}

function requestUriOf(text: string): string {
  const [, uri] = text.slice(0, 4_096).split(' ', 2);
  return uri ?? '';
}

function requestUserOf(text: string): string {
  const bytes = Buffer.from(text, 'utf8');
  message.read(bytes, 0, bytes.length);
  return message.text(Field.requestUser) ?? '';
}

function classOf(status: number | undefined): string {
  return status === undefined ? 'none' : `${Math.floor(status / 100)}xx`;
}

function answer(response: SrfResponse, status: number, phrase: string): void {
  try {
    if (!response.finalResponseSent) response.send(status, phrase, { headers: {} });
  } catch {
    // The connection is gone, and the request with it.
  }
}
