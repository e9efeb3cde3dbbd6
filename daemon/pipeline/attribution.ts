import type { Charged } from '../../detectors/vocabulary.ts';
import type { LineEntry, LineTable } from '../identity/line-table.ts';
import { isBoundFrom, type Registrations } from '../identity/registrations.ts';
import { formatAddress } from '../ingest/address.ts';
import type { Endpoint, Packet } from '../ingest/packet.ts';
import type { CallRecord } from '../sip/call-record.ts';
import { Hash64 } from '../sip/hash.ts';
import { Field, Method, type SipMessage } from '../sip/message.ts';
import { fieldKey, flowKey } from './keys.ts';
import { claimOf } from './message-facts.ts';
import type { PipelineDirectory } from './options.ts';

const key = new Hash64();

/** Whose the message in hand is: nobody is charged for what names him without proof (docs/counting.md). */
export class Attribution {
  readonly #message: SipMessage;
  readonly #lines: LineTable;
  readonly #registrations: Registrations;
  readonly #directory: PipelineDirectory;
  readonly #believeClaims: boolean;

  constructor(
    message: SipMessage,
    lines: LineTable,
    registrations: Registrations,
    directory: PipelineDirectory,
    believeClaims: boolean,
  ) {
    this.#message = message;
    this.#lines = lines;
    this.#registrations = registrations;
    this.#directory = directory;
    this.#believeClaims = believeClaims;
  }

  /** The challenged half of a registered phone's next REGISTER: no stranger's, though nothing in it proves that. */
  isRefresh({ source, timeMs }: Packet): boolean {
    if (this.#message.method !== Method.REGISTER) return false;
    const line = this.#lineOf(Field.toUser);
    if (line === null) return false;
    flowKey(source, key);
    return this.#registrations.covers(key.hi, key.lo, line, timeMs);
  }

  /** The line whose live registration holds this address and port, as From claims it or as the only one there. */
  registeredLine(source: Endpoint, timeMs: number, hasCredentials: boolean): LineEntry | null {
    const message = this.#message;
    flowKey(source, key);
    const { hi, lo } = key;
    const claimed = this.#lineOf(
      hasCredentials ? Field.authUser : message.method === Method.REGISTER ? Field.toUser : Field.fromUser,
    );
    if (claimed !== null && this.#registrations.covers(hi, lo, claimed, timeMs)) return claimed;
    return hasCredentials ? null : this.#registrations.soleLine(hi, lo, timeMs);
  }

  #lineOf(field: Field): LineEntry | null {
    const message = this.#message;
    if (!message.find(field)) return null;
    if (field === Field.authUser || message.escaped) {
      const text = message.text(field);
      return text === null ? null : this.#lines.byName(field === Field.authUser ? claimOf(text) : text);
    }
    fieldKey(message, field, key);
    return this.#lines.byHash(key.hi, key.lo);
  }

  /** The line of a trunk's call: P-Asserted-Identity, else From, where the directory says that it is this customer's. */
  trunkLine(customer: string, timeMs: number): LineEntry | null {
    const directory = this.#directory;
    for (const field of [Field.assertedUser, Field.fromUser]) {
      const user = this.#message.text(field);
      const line = user === null ? null : directory.lineByUsername(user);
      if (line && (line.customer ?? line.id) === customer) return this.#lines.ensure(line.id, timeMs);
    }
    return null;
  }

  /** The line registered where the request goes: the one it names, or the only one there. */
  calledLine(destination: Endpoint, timeMs: number): LineEntry | null {
    flowKey(destination, key);
    const { hi, lo } = key;
    const named = [this.#lineOf(Field.requestUser), this.#lineOf(Field.toUser)];
    for (const line of named)
      if (line !== null && this.#registrations.covers(hi, lo, line, timeMs)) return line;
    const sole = this.#registrations.soleLine(hi, lo, timeMs);
    if (sole !== null || (named[0] === null && named[1] === null)) return sole;
    // The port told may be the Contact's, not that of the connection that the request takes.
    const address = formatAddress(destination);
    const isThere = (line: LineEntry | null): boolean => line !== null && isBoundFrom(line, address, timeMs);
    return named.find(isThere) ?? null;
  }

  /** Where the line, or the trunk behind the address, dials; null where the directory does not say. */
  countryOf(line: string | null, source: Endpoint | null): string | null {
    const directory = this.#directory;
    const known = line === null ? null : directory.lineByUsername(line);
    const trunk = source === null ? null : directory.trunkByAddress(source);
    return known?.emergencyCountry ?? trunk?.emergencyCountry ?? null;
  }

  /** Whom a call is charged to that its source did not prove: the line whose credentials were accepted, or the one it claims. */
  chargeOf(record: CallRecord): Charged | null {
    const { origin } = record;
    if (!origin) return null;
    const name =
      record.claim !== null && record.credentialsAccepted
        ? record.claim
        : this.#believeClaims
          ? (record.claim ?? origin.presented)
          : null;
    if (name === null || name === '') return null;
    const line = this.#lines.ensure(name, record.inviteAtMs);
    return { line: line.id, trunk: null, customer: line.customer.id, source: origin.source };
  }
}
