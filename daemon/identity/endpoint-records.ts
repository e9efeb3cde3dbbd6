import { createHash } from 'node:crypto';
import type { EndpointEvent } from '../../detectors/vocabulary.ts';
import type { RecordChange, WindowStore } from '../windows/store.ts';
import type { Trunk } from './directory-schema.ts';
import type { EndpointObserver, SavedEndpoint, StandingChange } from './endpoint-observer.ts';

const ENDPOINT = 'endpoint:';
/** After five half-lives nothing is left of a sign. */
const KEPT_MS = 35 * 86_400_000;

/** The standing as rules hear of it: once raised, a verdict stays until it is cleared. */
export function endpointEvent(
  { atMs, source, userAgent, assessment, standing }: StandingChange,
  trunk: Trunk | null,
): EndpointEvent {
  const charged = { line: null, trunk: trunk?.id ?? null, customer: trunk?.customer ?? null, source };
  return {
    type: 'endpoint',
    atMs,
    charged,
    userAgent,
    alg: { ...assessment.alg, verdict: standing.alg },
    nat: { ...assessment.nat, verdict: standing.nat },
  };
}

/** The record that outlives the process. The User-Agent is a stranger's text: the key has its digest. */
export function keepEndpoint(endpoint: SavedEndpoint): RecordChange {
  const digest = createHash('sha1').update(endpoint.userAgent).digest('base64url');
  return {
    kind: 'put',
    key: { subject: { kind: 'source', id: endpoint.source }, name: ENDPOINT + digest },
    value: JSON.stringify(endpoint),
    ttlMs: KEPT_MS,
  };
}

/** Takes kept endpoints back; returns how many, and how many could not be read. */
export async function restoreEndpoints(
  store: WindowStore,
  observer: EndpointObserver,
): Promise<{ restored: number; unreadable: number }> {
  const found = { restored: 0, unreadable: 0 };
  for await (const { value } of store.restore(ENDPOINT)) {
    try {
      if (observer.restore(JSON.parse(value) as SavedEndpoint)) found.restored++;
    } catch {
      // Written by another version, or cut: the endpoint is learned anew.
      found.unreadable++;
    }
  }
  return found;
}
