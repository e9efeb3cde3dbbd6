import type { AlertJson } from '../enforcement/alerts.ts';
import { EnforcementError } from '../enforcement/errors.ts';
import { verifyLift } from '../enforcement/lift-webhook.ts';
import type { DeliveryEntry } from '../enforcement/notices.ts';
import { isOpen, manualProposal, type Suspension, transit } from '../enforcement/suspension.ts';
import type { SuspensionService } from './services.ts';

/** When the first of them begins, ms since the epoch; each change comes a second later. */
export const START_MS = Date.UTC(2026, 10, 22, 10, 0, 0);

/** What a test may read and change. */
export interface SuspensionState {
  readonly suspensions: Map<string, Suspension>;
  readonly liftSecrets: readonly string[];
  readonly alerts: readonly (AlertJson & { readonly entry: string })[];
  readonly deliveries: readonly DeliveryEntry[];
  readonly replayed: string[];
}

/** Suspensions in memory. `fail` throws where the store is to be away. */
export function memorySuspensions(state: SuspensionState, fail: () => void): SuspensionService {
  const { suspensions } = state;
  let nowMs = START_MS;
  const seen = new Set<string>();
  const lift: SuspensionService['lift'] = async ({ id, by, reason, graceSeconds = 0 }) => {
    fail();
    const suspension = suspensions.get(id);
    if (suspension === undefined)
      throw new EnforcementError('suspension-not-found', 'no suspension has this id');
    nowMs += 1_000;
    const lifted = transit(suspension, {
      to: 'lifted',
      atMs: nowMs,
      by,
      reason,
      graceMs: graceSeconds * 1_000,
    });
    if (lifted === null) return { suspension, changed: false };
    suspensions.set(id, lifted);
    return { suspension: lifted, changed: true };
  };
  return {
    list: async (filter = {}, cursor = null) => {
      fail();
      const kept = [...suspensions.values()]
        .toReversed()
        .filter(
          ({ id, state, rule, customer, subject }) =>
            (cursor === null || id < cursor) &&
            (filter.open === undefined || isOpen(state) === filter.open) &&
            (filter.state === undefined || state === filter.state) &&
            (filter.rule === undefined || rule === filter.rule) &&
            (filter.customer === undefined || customer === filter.customer) &&
            (filter.subject === undefined ||
              (subject.kind === filter.subject.kind && subject.id === filter.subject.id)),
        );
      const limit = filter.limit ?? 50;
      const items = kept.slice(0, limit);
      return { items, cursor: kept.length > limit ? items.at(-1)!.id : null };
    },
    get: async (id) => {
      fail();
      return suspensions.get(id) ?? null;
    },
    suspend: async (request) => {
      fail();
      const { subject, reason, by, clause = '', customer = null, durationSeconds = null } = request;
      if (subject.id === '192.0.2.1') {
        throw new EnforcementError('address-protected', '192.0.2.1 stands under network.proxies');
      }
      for (const suspension of suspensions.values()) {
        const same = suspension.subject.kind === subject.kind && suspension.subject.id === subject.id;
        if (same && isOpen(suspension.state)) return suspension;
      }
      nowMs += 1_000;
      const action = request.action ?? (subject.kind === 'source' ? 'block-registration' : 'suspend');
      const durationMs = durationSeconds === null ? null : durationSeconds * 1_000;
      const id = `s-${String(suspensions.size + 1).padStart(4, '0')}`;
      const proposal = manualProposal(
        { subject, customer, clause, action, reason, by, durationMs },
        id,
        nowMs,
      );
      const told = transit(proposal, { to: 'notified', atMs: nowMs, by, reason })!;
      const suspension = transit(told, { to: 'active', atMs: nowMs, by, reason })!;
      suspensions.set(id, suspension);
      return suspension;
    },
    lift,
    liftBySignature: async (body, headers) => {
      const signed = verifyLift(body, headers, state.liftSecrets, Date.now());
      if (!signed.ok) return signed;
      if (seen.has(signed.webhookId)) return { ok: false, code: 'webhook-replayed', message: 'seen before' };
      seen.add(signed.webhookId);
      const { suspensionId, reason, by } = signed;
      return { ok: true, results: [await lift({ id: suspensionId!, reason, by })] };
    },
    deliveries: async (limit = 50) => ({ items: state.deliveries.slice(0, limit), cursor: null }),
    replayDelivery: async (id) => {
      state.replayed.push(id);
      return id === 'gone' ? 'absent' : id === 'waiting' ? 'pending' : 'queued';
    },
    alerts: async ({ rule, subjectId, kind, limit } = {}, cursor = null) => {
      if (cursor !== null && !/^\d+-\d+$/.test(cursor)) {
        throw new EnforcementError('cursor-invalid', 'the cursor is none of this list');
      }
      const items = state.alerts.filter(
        (alert) =>
          (rule ?? alert.finding.rule) === alert.finding.rule &&
          (subjectId ?? alert.finding.subject.id) === alert.finding.subject.id &&
          (kind ?? alert.kind) === alert.kind,
      );
      return { items: items.slice(0, limit), cursor: null };
    },
  };
}
