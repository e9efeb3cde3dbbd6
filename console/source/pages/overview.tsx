import { useSignal } from '@preact/signals';
import type { Alert, Ranked, Suspension } from '../api.ts';
import { clauseWords, detectorOf, onlyObserves, ruleName, ruleTitle } from '../catalogue.ts';
import { type AlertGroup, findingWords, grouped, measuredWords } from '../findings.ts';
import { ago, amount, count, lasting, nowMs, subjectWords } from '../format.ts';
import { limitAfterValue } from '../judging.ts';
import {
  alerts,
  brake,
  endedSuspensions,
  fresh,
  furtherSuspensions,
  health,
  loaded,
  moreAlerts,
  olderAlerts,
  openSuspensions,
  readAll,
  readFurtherSuspensions,
  readOlderAlerts,
} from '../live.ts';
import { BrakeReleaseButton, LiftButton } from '../parts/acts.tsx';
import { AlertBadge, Shape, SubjectName, SuspensionBadge, stops, Time, type Tone } from '../parts/badge.tsx';
import { MoreRows } from '../parts/list.tsx';
import { Meter } from '../parts/meter.tsx';
import { Empty, Failed, Loading, Panel } from '../parts/states.tsx';
import { useAsked } from '../reading.ts';
import { go, subjectLink } from '../router.ts';
import { said, t } from '../words/language.ts';
import { isFloor } from '../words/rules.ts';

const CLOSEST = 8;
const ALERTS_SHOWN = 25;
const SUSPENSIONS_SHOWN = 50;
const HOUR_MS = 3_600_000;

export function Overview() {
  const state = loaded.value;
  const closest = useAsked<{ items: readonly Ranked[] }>(
    `/v1/subjects?sort=pressure&limit=${CLOSEST}`,
    3_000,
  );
  return (
    <>
      <h1 class="hidden">{t('overview.title')}</h1>
      <Tiles />
      {brake.value?.engaged === true && <BrakeBanner reason={brake.value.reason} />}
      {state instanceof Error ? (
        <Failed failure={state} again={() => void readAll()} />
      ) : (
        <div class="columns">
          <div>
            <Panel id="suspended" title={t('overview.suspended')}>
              {state === 'loading' ? <Loading rows={3} /> : <Suspended />}
            </Panel>
            <Panel id="closest" title={t('overview.closest')}>
              {closest.value !== null ? (
                <Closest items={closest.value.items} />
              ) : closest.failure !== null ? (
                <Failed failure={closest.failure} again={closest.again} />
              ) : (
                <Loading rows={CLOSEST} />
              )}
            </Panel>
          </div>
          <div>
            <Panel id="alerts" title={t('overview.alerts')}>
              {state === 'loading' ? <Loading rows={8} /> : <Alerts />}
            </Panel>
          </div>
        </div>
      )}
    </>
  );
}

function Tile(props: {
  tone: Tone;
  figure: string;
  label: string;
  detail?: string | undefined;
  href?: string;
}) {
  const inner = (
    <>
      <span class="tile-figure">
        <Shape tone={props.tone} />
        {props.figure}
      </span>
      <span class="tile-label">{props.label}</span>
      {props.detail !== undefined && <span class="tile-detail muted small">{props.detail}</span>}
    </>
  );
  return props.href === undefined ? (
    <div class={`tile ${props.tone}`}>{inner}</div>
  ) : (
    <a class={`tile ${props.tone}`} href={props.href}>
      {inner}
    </a>
  );
}

function Tiles() {
  const open = openSuspensions.value;
  const stopped = open.filter(stops).length;
  const limited = open.length - stopped;
  const more = furtherSuspensions.value === null ? '' : '+';
  const since = nowMs.value - HOUR_MS;
  const hour = alerts.value.filter(({ recordedAt }) => Date.parse(recordedAt) >= since).length;
  const status = health.value?.status ?? 'unknown';
  const trouble = health.value?.checks.find((check) => check.status !== 'ok');
  const healthTones = {
    ready: 'good',
    degraded: 'warning',
    'not-ready': 'critical',
    unknown: 'quiet',
  } as const;
  const held = brake.value?.engaged === true;
  return (
    <div class="tiles">
      <Tile
        tone={stopped > 0 ? 'critical' : limited > 0 ? 'warning' : 'good'}
        figure={count(stopped) + more}
        label={t(stopped === 1 ? 'overview.suspendedCount.one' : 'overview.suspendedCount.many')}
        detail={limited === 0 ? undefined : t('overview.limited', { count: count(limited) + more })}
      />
      <Tile
        tone={hour > 0 ? 'warning' : 'good'}
        figure={count(hour) + (hour === alerts.value.length && moreAlerts.value ? '+' : '')}
        label={t('overview.alertsHour')}
      />
      <Tile
        tone={brake.value === null ? 'quiet' : held ? 'warning' : 'good'}
        figure={t('overview.brake')}
        label={brake.value === null ? '–' : t(held ? 'overview.brake.on' : 'overview.brake.off')}
      />
      <Tile
        tone={healthTones[status]}
        figure={t('overview.health')}
        label={t(`overview.health.${status}`)}
        detail={trouble && said(trouble.detail)}
        href="#/ingest"
      />
    </div>
  );
}

function BrakeBanner({ reason }: { reason: string | null }) {
  return (
    <section class="banner warning" aria-label={t('overview.brake')}>
      <Shape tone="warning" />
      <div>
        <strong>{t('brake.banner')}</strong>
        {reason !== null && <p>{reason}</p>}
      </div>
      <BrakeReleaseButton />
    </section>
  );
}

function Suspended() {
  const shown = useSignal(SUSPENSIONS_SHOWN);
  const open = openSuspensions.value;
  const ended = endedSuspensions.value.slice(0, 5);
  return (
    <>
      {open.length === 0 ? (
        <Empty
          title={t('overview.suspended.none')}
          hint={t(onlyObserves.value ? 'overview.suspended.observe' : 'overview.suspended.noneHint')}
        />
      ) : (
        <ul class="rows">
          {open.slice(0, shown.value).map((one) => (
            <SuspendedRow key={one.id} suspension={one} />
          ))}
        </ul>
      )}
      <MoreRows
        shown={shown}
        step={SUSPENSIONS_SHOWN}
        held={open.length}
        read={furtherSuspensions.value === null ? null : readFurtherSuspensions}
      />
      {ended.length > 0 && (
        <details class="ended">
          <summary>
            {t('overview.ended')} <span class="muted number">({ended.length})</span>
          </summary>
          <ul class="rows">
            {ended.map((one) => (
              <EndedRow key={one.id} suspension={one} />
            ))}
          </ul>
        </details>
      )}
    </>
  );
}

export function whyWords(suspension: Suspension): string {
  return suspension.rule === 'manual'
    ? t('state.pair', { what: t('suspension.byHand'), text: suspension.reason })
    : t('state.pair', { what: ruleName(suspension.rule), text: measuredWords(suspension) });
}

function SuspendedRow({ suspension }: { suspension: Suspension }) {
  const { subject, activeAt, proposedAt, until, clause, rule } = suspension;
  const since = activeAt ?? proposedAt;
  return (
    <li class="row suspended-row" data-row>
      <div class="row-main">
        <div class="row-top">
          <SubjectName subject={subject} />
          <SuspensionBadge suspension={suspension} />
          <span class="muted small" title={t(`suspension.scope.${suspension.scope}`)}>
            {t(`suspension.short.${suspension.scope}`)}
          </span>
        </div>
        <p title={ruleTitle(rule) ?? undefined}>{whyWords(suspension)}</p>
        <p class="muted small">
          {clause !== '' && <>{clauseWords(suspension)} · </>}
          <span title={since}>{t('suspension.since', { time: lasting(since) })}</span>
          {until !== null && (
            <>
              {' · '}
              {t('suspension.until', { time: '' })}
              <Time at={until} />
            </>
          )}
        </p>
      </div>
      <LiftButton suspension={suspension} compact />
    </li>
  );
}

function EndedRow({ suspension }: { suspension: Suspension }) {
  const { subject, liftedAt, expiredAt, liftedBy, liftReason } = suspension;
  const at = liftedAt ?? expiredAt;
  return (
    <li class="row" data-row>
      <div class="row-main">
        <div class="row-top">
          <SubjectName subject={subject} />
          <SuspensionBadge suspension={suspension} />
        </div>
        <p class="muted small">
          {liftedAt !== null
            ? t('suspension.liftedBy', {
                time: ago(liftedAt),
                name: liftedBy ?? '',
                reason: liftReason ?? '',
              })
            : at !== null
              ? t('suspension.expiredAt', { time: ago(at) })
              : ''}
        </p>
      </div>
    </li>
  );
}

function Alerts() {
  const shown = useSignal(ALERTS_SHOWN);
  const groups = grouped(alerts.value);
  if (groups.length === 0)
    return <Empty title={t('overview.alerts.none')} hint={t('overview.alerts.noneHint')} />;
  return (
    <>
      <ul class="rows alerts">
        {groups.slice(0, shown.value).map((group) => (
          <AlertRow key={group.alert.entry} group={group} isFresh={fresh.value.has(group.alert.entry)} />
        ))}
      </ul>
      <MoreRows
        shown={shown}
        step={ALERTS_SHOWN}
        held={groups.length}
        read={olderAlerts.value === null ? null : readOlderAlerts}
      />
    </>
  );
}

function AlertRow({ group, isFresh }: { group: AlertGroup; isFresh: boolean }) {
  const { alert, count: times } = group;
  const { finding, kind, note }: Alert = alert;
  return (
    <li class={`row ${isFresh ? 'fresh' : ''}`} data-row>
      <span class="row-time number">
        <Time at={alert.recordedAt} />
      </span>
      <div class="row-main">
        <div class="row-top">
          <AlertBadge kind={kind} />
          <SubjectName subject={finding.subject} />
          {times > 1 && (
            <span class="muted small number">{t('overview.alerts.repeated', { count: times })}</span>
          )}
        </div>
        <p class="number" title={`${ruleTitle(finding.rule) ?? finding.rule} (${clauseWords(finding)})`}>
          {findingWords(alert)}
        </p>
        {note !== '' && <p class="muted small line">{said(note)}</p>}
      </div>
    </li>
  );
}

export function Closest({ items }: { items: readonly Ranked[] }) {
  if (items.length === 0) return <Empty title={t('overview.closest.none')} />;
  return (
    <div class="table-scroll">
      <table>
        <thead>
          <tr>
            <th scope="col">{t('subjects.column.subject')}</th>
            <th scope="col">{t('subjects.column.rule')}</th>
            <th scope="col" class="right">
              {t('subjects.column.value')}
            </th>
            <th scope="col" class="right wide-only">
              {t('subjects.column.limit')}
            </th>
            <th scope="col" class="meter-column wide-only">
              {t('subjects.column.pressure')}
            </th>
          </tr>
        </thead>
        <tbody>
          {items.map((one) => {
            const fewCalls = one.sample !== null && one.sample < one.minimumSample;
            const tone = one.breached
              ? fewCalls
                ? 'warning'
                : 'critical'
              : one.share >= 0.8
                ? 'warning'
                : 'good';
            const detector = detectorOf(one.rule);
            return (
              // the link in the row does the same by keyboard
              <tr
                key={`${one.subject.kind} ${one.subject.id}`}
                data-row
                class="clickable"
                aria-label={subjectWords(one.subject)}
                onClick={() => go(subjectLink(one.subject))}
              >
                <td>
                  <SubjectName subject={one.subject} />
                </td>
                <td title={ruleTitle(one.rule) ?? one.title}>{ruleName(one.rule)}</td>
                <td class="right number nowrap">
                  <Shape tone={tone} /> {amount(one.value, one.unit)}
                </td>
                <td class="right number nowrap muted wide-only">
                  {limitAfterValue({ limit: one.limit, unit: one.unit, detector })}
                </td>
                <td class="meter-column wide-only">
                  <Meter value={one.value} limit={one.limit} floor={isFloor(detector)} tone={tone} />
                </td>
              </tr>
            );
          })}
        </tbody>
      </table>
    </div>
  );
}
