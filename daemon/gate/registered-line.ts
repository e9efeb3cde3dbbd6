import type { Registrations } from '../identity/registrations.ts';
import type { Endpoint } from '../ingest/packet.ts';
import { flowKey } from '../pipeline/keys.ts';
import { Hash64 } from '../sip/hash.ts';

const key = new Hash64();

/** The only line that is registered at the address and port; null if there is none or more than one. */
export function registeredLine(
  registrations: Pick<Registrations, 'soleLine'>,
  source: Endpoint,
  nowMs: number,
): string | null {
  flowKey(source, key);
  return registrations.soleLine(key.hi, key.lo, nowMs)?.id ?? null;
}
