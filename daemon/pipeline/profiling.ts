import type { LineTable } from '../identity/line-table.ts';
import { isBoundFrom } from '../identity/registrations.ts';
import { formatAddress } from '../ingest/address.ts';
import type { Packet } from '../ingest/packet.ts';
import { Hash64 } from '../sip/hash.ts';
import { Field, Method, type SipMessage } from '../sip/message.ts';
import { fieldKey } from './keys.ts';
import { isStale } from './message-facts.ts';
import type { Profile } from './options.ts';

const key = new Hash64();

/** Feeds the profile of a source that is over its limit with what it sends. */
export function profileMessage(
  profile: Profile,
  message: SipMessage,
  packet: Packet,
  lines: LineTable,
): void {
  if (!message.isRequest) {
    profile.response();
    return;
  }
  const isRegister = message.method === Method.REGISTER;
  fieldKey(message, Field.toUser, key);
  const { hi, lo } = key;
  profile.request(message.method, lo);
  if (!isRegister) return;
  const line = lines.byHash(hi, lo);
  if (line !== null && isBoundFrom(line, formatAddress(packet.source), Number.NEGATIVE_INFINITY))
    profile.known(lo);
}

/** Feeds it with what the source is answered. */
export function profileAnswer(profile: Profile, message: SipMessage, hadCredentials: boolean): void {
  fieldKey(message, Field.toUser, key);
  const { lo } = key;
  const stale = message.status === 401 && isStale(message);
  profile.answer(message.status, message.cseqMethod, lo, hadCredentials, stale);
}
