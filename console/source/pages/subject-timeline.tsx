import { useMemo } from 'preact/hooks';
import type { Alert, AlertKind, Finding, Page, RequestFailure, Subject, Suspension } from '../api.ts';
import { ruleName, ruleTitle } from '../catalogue.ts';
import { measuredWords } from '../findings.ts';
import { nowMs, span } from '../format.ts';
import { alerts as liveAlerts, suspensions as liveSuspensions } from '../live.ts';
import { AlertBadge, alertTone, Badge, Shape, Time, type Tone } from '../parts/badge.tsx';
import { Empty, Failed, Loading, Panel } from '../parts/states.tsx';
import { useAsked } from '../reading.ts';
import { said, t } from '../words/language.ts';

/** One point of a subject's history: a finding and what became of it, or an act. */
export interface Entry {
  readonly key: string;
  readonly at: string;
  readonly kind: AlertKind | 'lifted' | 'expired' | 'by-hand';
  readonly finding: Finding | null;
  readonly suspension: Suspension | null;
  readonly note: string;
}

export interface Timeline {
  /** Newest first. */
  readonly entries: readonly Entry[];
  readonly open: readonly Suspension[];
  readonly isLoading: boolean;
  readonly failure: RequestFailure | null;
  again(): void;
}

const same = (a: Subject, b: Subject): boolean => a.kind === b.kind && a.id === b.id;

export function useTimeline(subject: Subject): Timeline {
  const query = `subjectKind=${subject.kind}&subject=${encodeURIComponent(subject.id)}&limit=200`;
  const kept = useAsked<Page<Alert>>(`/v1/alerts?${query}`);
  const acts = useAsked<Page<Suspension>>(`/v1/suspensions?${query}`);
  const live = liveAlerts.value;
  const liveActs = liveSuspensions.value;
  const { kind, id } = subject;
  const [entries, open] = useMemo(() => {
    const about = { kind, id };
    const alerts = new Map((kept.value?.items ?? []).map((alert) => [alert.entry, alert]));
    for (const alert of live) if (same(alert.finding.subject, about)) alerts.set(alert.entry, alert);
    const suspensions = new Map((acts.value?.items ?? []).map((one) => [one.id, one]));
    // The live ones are the newer.
    for (const one of liveActs.values()) if (same(one.subject, about)) suspensions.set(one.id, one);
    const all = [...suspensions.values()];
    const made = [
      ...[...alerts.values()].map((alert) => fromAlert(alert, suspensions)),
      ...all.flatMap(fromSuspension),
    ];
    return [
      made.sort((a, b) => b.at.localeCompare(a.at)),
      all.filter(({ state }) => state !== 'lifted' && state !== 'expired'),
    ];
  }, [kept.value, acts.value, live, liveActs, kind, id]);
  return {
    entries,
    open,
    isLoading: kept.value === null && kept.failure === null,
    failure: kept.failure ?? acts.failure,
    again: () => {
      kept.again();
      acts.again();
    },
  };
}

function fromAlert(alert: Alert, suspensions: ReadonlyMap<string, Suspension>): Entry {
  return {
    key: `alert ${alert.entry}`,
    at: alert.recordedAt,
    kind: alert.kind,
    finding: alert.finding,
    suspension: alert.suspensionId === null ? null : (suspensions.get(alert.suspensionId) ?? null),
    note: alert.note,
  };
}

function fromSuspension(suspension: Suspension): Entry[] {
  const { id, rule, activeAt, proposedAt, liftedAt, expiredAt, liftedBy, liftReason, by, reason } =
    suspension;
  const about = { finding: suspension.finding, suspension };
  const entries: Entry[] = [];
  if (rule === 'manual') {
    const at = activeAt ?? proposedAt;
    entries.push({ ...about, key: `hand ${id}`, at, kind: 'by-hand', note: `${by}: ${reason}` });
  }
  if (liftedAt !== null) {
    const note = `${liftedBy ?? ''}: ${liftReason ?? ''}`;
    entries.push({ ...about, key: `lift ${id}`, at: liftedAt, kind: 'lifted', note });
  }
  if (expiredAt !== null)
    entries.push({ ...about, key: `end ${id}`, at: expiredAt, kind: 'expired', note: '' });
  return entries;
}

const toneOf = (kind: Entry['kind']): Tone =>
  kind === 'lifted' || kind === 'expired' ? 'good' : kind === 'by-hand' ? 'critical' : alertTone(kind);

function EntryBadge({ kind }: { kind: Entry['kind'] }) {
  if (kind === 'lifted' || kind === 'expired')
    return <Badge tone="good" text={t(`suspension.state.${kind}`)} />;
  if (kind === 'by-hand') return <Badge tone="critical" text={t('suspension.byHand')} />;
  return <AlertBadge kind={kind} />;
}

export function TimelinePanel(props: {
  timeline: Timeline;
  chosen: string | null;
  onChoose: (key: string) => void;
}) {
  const { timeline, chosen, onChoose } = props;
  const { entries } = timeline;
  return (
    <Panel id="timeline" title={t('subject.timeline')}>
      {timeline.isLoading ? (
        <Loading rows={5} />
      ) : timeline.failure !== null && entries.length === 0 ? (
        <Failed failure={timeline.failure} again={timeline.again} />
      ) : entries.length === 0 ? (
        <Empty title={t('subject.timeline.none')} />
      ) : (
        <>
          <Strip entries={entries} chosen={chosen} />
          <ol class="rows timeline">
            {entries.map((entry) => (
              <li key={entry.key} data-row class={`row ${entry.key === chosen ? 'chosen' : ''}`}>
                <span class="row-time number">
                  <Time at={entry.at} />
                </span>
                <button
                  type="button"
                  class="row-main row-button"
                  aria-pressed={entry.key === chosen}
                  onClick={() => onChoose(entry.key)}
                >
                  <span class="row-top">
                    <EntryBadge kind={entry.kind} />
                    <span>{entry.finding === null ? '' : ruleName(entry.finding.rule)}</span>
                  </span>
                  {entry.finding !== null && entry.kind !== 'lifted' && entry.kind !== 'expired' && (
                    <span class="number line" title={ruleTitle(entry.finding.rule) ?? undefined}>
                      {measuredWords(entry.finding)}
                    </span>
                  )}
                  {entry.note !== '' && <bdi class="muted small line">{said(entry.note)}</bdi>}
                </button>
              </li>
            ))}
          </ol>
        </>
      )}
    </Panel>
  );
}

/** The same on a line of time, to see bursts and pauses at a glance. */
function Strip({ entries, chosen }: { entries: readonly Entry[]; chosen: string | null }) {
  const oldest = Date.parse(entries.at(-1)?.at ?? '');
  const now = nowMs.value;
  const width = Math.max(60_000, now - oldest);
  return (
    <div class="strip" aria-hidden="true">
      <div class="strip-line">
        {entries.map(({ key, at, kind }) => (
          <span
            key={key}
            class={`strip-mark ${key === chosen ? 'chosen' : ''}`}
            style={{ left: `${Math.min(100, Math.max(0, 100 - ((now - Date.parse(at)) / width) * 100))}%` }}
          >
            <Shape tone={toneOf(kind)} />
          </span>
        ))}
      </div>
      <div class="strip-ends muted small number">
        <span>−{span(Math.round(width / 1000))}</span>
        <span>{t('reading.now')}</span>
      </div>
    </div>
  );
}
