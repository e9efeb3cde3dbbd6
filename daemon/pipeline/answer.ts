import type { Endpoint } from '../ingest/packet.ts';
import type { GrantedContact } from './register.ts';

/** An answer to a request of the customer's. */
export interface Answer {
  readonly status: number;
  readonly timeMs: number;
  /** Expires header in seconds, -1 for none. */
  readonly expires: number;
  /** Where it went: the request's address; the port may be the Via's. */
  readonly endpoint: Endpoint;
  readonly contacts: () => readonly GrantedContact[];
}
