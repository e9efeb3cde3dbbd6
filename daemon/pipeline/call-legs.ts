import type { Charged } from '../../detectors/vocabulary.ts';
import { formatAddress } from '../ingest/address.ts';
import type { Endpoint } from '../ingest/packet.ts';
import type { CallFacts } from '../sip/call-facts.ts';
import type { CallOrigin, CallRecord } from '../sip/call-record.ts';
import type { CallTracker } from '../sip/call-tracker.ts';
import { Field, type SipMessage } from '../sip/message.ts';
import type { Attribution } from './attribution.ts';
import { bounded, MAXIMUM_TEXT } from './message-facts.ts';
import type { PipelineOptions } from './options.ts';

/** How much of the table of calls may be filled by calls with credentials that nobody has accepted yet, and by those without any. */
const CLAIMED_SHARE = 0.75;
const UNKNOWN_SHARE = 0.5;

/** Opens the record of a call with its first INVITE: who is charged, who calls whom. */
export class CallLegs {
  readonly #message: SipMessage;
  readonly #calls: CallTracker;
  readonly #attribution: Attribution;
  readonly #numbers: Pick<PipelineOptions, 'destinationOf' | 'isEmergency'>;

  constructor(
    message: SipMessage,
    calls: CallTracker,
    attribution: Attribution,
    numbers: Pick<PipelineOptions, 'destinationOf' | 'isEmergency'>,
  ) {
    this.#message = message;
    this.#calls = calls;
    this.#attribution = attribution;
    this.#numbers = numbers;
  }

  /** An INVITE of the customer's; `charged` is null where its source proves nothing, `claim` whose credentials it carries then. */
  outgoing(facts: CallFacts, from: Endpoint, charged: Charged | null, claim: string | null): void {
    const share = charged !== null ? 1 : claim !== null ? CLAIMED_SHARE : UNKNOWN_SHARE;
    const record = this.#calls.findFor(facts, 'outgoing') ?? this.#newRecord(facts, 'outgoing', share);
    if (record)
      this.#calls.invite(record, facts, charged, claim, () =>
        this.#origin(
          from,
          charged,
          charged !== null && charged.trunk !== null,
          this.#attribution.countryOf(charged?.line ?? claim, from),
        ),
      );
  }

  /** An INVITE for the customer. */
  incoming(facts: CallFacts, to: Endpoint, charged: Charged): void {
    const record = this.#calls.findFor(facts, 'incoming') ?? this.#newRecord(facts, 'incoming', 1);
    if (record)
      this.#calls.invite(record, facts, charged, null, () =>
        this.#origin(to, charged, true, this.#attribution.countryOf(charged.line, to)),
      );
  }

  #newRecord(facts: CallFacts, direction: 'outgoing' | 'incoming', share: number): CallRecord | null {
    const callId = this.#message.text(Field.callId) ?? '';
    const fromTag = this.#message.text(Field.fromTag) ?? '';
    return this.#calls.create(
      facts,
      direction,
      { callId: callId.slice(0, MAXIMUM_TEXT), fromTag: fromTag.slice(0, MAXIMUM_TEXT) },
      share,
    );
  }

  #origin(customer: Endpoint, charged: Charged | null, trusted: boolean, country: string | null): CallOrigin {
    const message = this.#message;
    const presented = bounded(message.text(Field.fromUser)) ?? '';
    const called = bounded(message.text(Field.requestUser)) ?? '';
    const uri = bounded(message.text(Field.requestUri)) ?? '';
    return {
      presented,
      caller: this.#numbers.destinationOf(presented, '', country),
      called,
      destination: this.#numbers.destinationOf(called, uri, country),
      asserted: trusted ? bounded(message.text(Field.assertedUser)) : null,
      userAgent: bounded(message.text(Field.userAgent)) ?? '',
      emergency: this.#numbers.isEmergency(called, uri, country),
      // Of the same address: one text for both.
      source: charged?.source ?? formatAddress(customer),
      sourcePort: customer.port,
    };
  }
}
