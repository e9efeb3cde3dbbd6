import { useSignal } from '@preact/signals';
import { useEffect } from 'preact/hooks';
import { evidenceOf, type Finding, type FlowJson } from '../api.ts';
import { clauseWords, detectorOf, ruleName, ruleTitle } from '../catalogue.ts';
import { amount, span } from '../format.ts';
import { limitWords } from '../judging.ts';
import { ModeBadge, SubjectName, Time } from '../parts/badge.tsx';
import { Ladder } from '../parts/ladder.tsx';
import { Empty, Loading, Panel } from '../parts/states.tsx';
import { useAsked } from '../reading.ts';
import { maybe, t } from '../words/language.ts';
import type { Entry } from './subject-timeline.tsx';

export function EvidencePanel({ entry }: { entry: Entry | null }) {
  const finding = entry?.finding ?? null;
  const call = useSignal<string | null>(null);
  const calls = finding === null ? [] : callsOf(finding);
  const first = calls[0] ?? null;
  // another finding begins with its first call
  useEffect(() => {
    call.value = null;
  }, [finding?.id]);
  const shown = call.value !== null && calls.includes(call.value) ? call.value : first;
  return (
    <Panel
      id="evidence"
      title={
        finding === null ? t('subject.evidence') : t('subject.evidence.of', { what: ruleName(finding.rule) })
      }
    >
      {finding === null ? (
        <Empty title={t('subject.evidence.none')} />
      ) : (
        <div class="evidence">
          <Facts finding={finding} />
          <h3>{t('subject.calls')}</h3>
          {calls.length === 0 ? (
            <p class="muted">{t('subject.calls.none')}</p>
          ) : (
            <>
              <ul class="calls">
                {calls.map((id) => (
                  <li key={id}>
                    <button
                      type="button"
                      class="chip call"
                      aria-pressed={id === shown}
                      title={id}
                      onClick={() => {
                        call.value = id;
                      }}
                    >
                      {id.length > 26 ? `${id.slice(0, 25)}…` : id}
                    </button>
                  </li>
                ))}
              </ul>
              {shown !== null && <CallLadder key={shown} callId={shown} finding={finding} />}
            </>
          )}
        </div>
      )}
    </Panel>
  );
}

function callsOf(finding: Finding): string[] {
  const { callIds, messages } = evidenceOf(finding);
  return [...new Set([...callIds, ...messages.flatMap(({ callId }) => callId ?? [])])];
}

/** From the finding itself where it kept the messages, else what the daemon still holds of the call. */
function CallLadder({ callId, finding }: { callId: string; finding: Finding }) {
  const own = evidenceOf(finding).messages.filter((message) => message.callId === callId);
  const asked = useAsked<FlowJson>(own.length > 0 ? null : `/v1/calls/${encodeURIComponent(callId)}`);
  const title = t('subject.ladder', { id: callId });
  if (own.length > 0) return <Ladder messages={own} title={title} />;
  if (asked.failure !== null) return <p class="muted small">{t('subject.ladder.none')}</p>;
  if (asked.value === null) return <Loading rows={4} />;
  return (
    <>
      <Ladder messages={asked.value.messages} title={title} />
      {asked.value.omitted > 0 && (
        <p class="muted small">{t('subject.ladder.partial', { count: asked.value.omitted })}</p>
      )}
    </>
  );
}

/** Shown elsewhere, or of no use to people. */
const hidden = new Set(['callIds', 'messages']);

function Facts({ finding }: { finding: Finding }) {
  const { rule, value, limit, unit, windowSeconds, at, since, sample, mode, held, evidence, subject } =
    finding;
  const title = ruleTitle(rule);
  const rows: [string, preact.ComponentChildren][] = [
    [t('subjects.column.subject'), <SubjectName key="s" subject={subject} />],
    [
      t('evidence.rule'),
      <>
        {title ?? ruleName(rule)} <code class="muted">{rule}</code>
      </>,
    ],
    [t('evidence.clause'), clauseWords(finding)],
    [t('evidence.value'), <strong key="v">{amount(value, unit)}</strong>],
    [t('evidence.limit'), limitWords({ limit, unit, detector: detectorOf(rule) })],
  ];
  if (windowSeconds > 0) rows.push([t('evidence.window'), span(windowSeconds)]);
  if (sample !== null) rows.push([t('evidence.sample'), t('reading.sampleFull', { count: sample })]);
  rows.push(
    [t('evidence.since'), <Time key="t" at={since} />],
    [
      t('evidence.at'),
      <>
        <Time at={at} /> <span class="muted small">({t('evidence.captureTime')})</span>
      </>,
    ],
    [t('evidence.mode'), <ModeBadge key="m" mode={mode} />],
  );
  if (held !== null) rows.push([t('evidence.note'), held]);
  for (const [name, detail] of Object.entries(evidence)) {
    if (hidden.has(name) || detail === null || detail === undefined) continue;
    rows.push([labelOf(name), detailWords(name, detail, unit)]);
  }
  return (
    <dl class="facts-list">
      {rows.map(([label, detail]) => (
        <div key={label}>
          <dt>{label}</dt>
          <dd class="number">{detail}</dd>
        </div>
      ))}
    </dl>
  );
}

function labelOf(name: string): string {
  const known = maybe(`evidence.${name}`);
  if (known !== null) return known;
  const words = name.replace(/([a-z])([A-Z])/g, '$1 $2').toLowerCase();
  return words.charAt(0).toUpperCase() + words.slice(1);
}

function detailWords(name: string, detail: unknown, unit: string): string {
  if (typeof detail === 'boolean') return t(detail ? 'evidence.yes' : 'evidence.no');
  if (typeof detail === 'number') {
    if (name === 'confidence') return amount(detail, 'ratio');
    if (/bound$/i.test(name)) return amount(detail, unit);
    if (/seconds$/i.test(name)) return span(detail);
    if (/share$/i.test(name)) return amount(detail, 'ratio');
    if (/micros$/i.test(name)) return amount(detail / 1e6, '');
    return amount(detail, '');
  }
  // Others wrote it: what turns the direction of writing is shown as a mark instead.
  if (typeof detail === 'string') return detail.replace(/[\u202a-\u202e\u2066-\u2069]/g, '\ufffd');
  if (Array.isArray(detail)) return detail.map((one) => detailWords(name, one, unit)).join(', ');
  if (typeof detail === 'object' && detail !== null) {
    return Object.entries(detail)
      .map(([key, one]) => t('state.pair', { what: labelOf(key), text: detailWords(key, one, unit) }))
      .join('; ');
  }
  return String(detail);
}
