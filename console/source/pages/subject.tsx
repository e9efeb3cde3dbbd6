import { useSignal } from '@preact/signals';
import { useEffect } from 'preact/hooks';
import type { Explanation, Reading, Subject, Suspension } from '../api.ts';
import { subjectPath } from '../api.ts';
import { clauseWords, ruleName, ruleTitle } from '../catalogue.ts';
import { fullTime, kindWord, lasting, subjectWords } from '../format.ts';
import { remember } from '../history.ts';
import { LiftButton, SuspendButton } from '../parts/acts.tsx';
import { Badge, SubjectName, SuspensionBadge, stops, Time } from '../parts/badge.tsx';
import { Failed, Loading, Panel } from '../parts/states.tsx';
import { useAsked } from '../reading.ts';
import { policyLink } from '../router.ts';
import { maySeeNames } from '../session.ts';
import { t } from '../words/language.ts';
import { whyWords } from './overview.tsx';
import { EvidencePanel } from './subject-evidence.tsx';
import { type Entry, TimelinePanel, useTimeline } from './subject-timeline.tsx';
import { OtherRules, Windows } from './subject-windows.tsx';

const POLL_MS = 2_000;

export function SubjectPage({ subject }: { subject: Subject }) {
  const asked = useAsked<Explanation>(subjectPath(subject), POLL_MS, (got) =>
    remember(subject, got.readings, Date.now()),
  );
  const timeline = useTimeline(subject);
  const chosen = useSignal<string | null>(null);
  // another subject begins with nothing chosen
  useEffect(() => {
    chosen.value = null;
  }, [subject.kind, subject.id]);

  if (asked.value === null && asked.failure !== null) {
    const missing = asked.failure.status === 404;
    return (
      <>
        <Head subject={subject} explanation={null} again={asked.again} />
        {missing ? (
          <div class="empty">
            <p>{t('subject.notFound')}</p>
            <p class="muted">{t('subject.notFoundHint')}</p>
          </div>
        ) : (
          <Failed failure={asked.failure} again={asked.again} />
        )}
      </>
    );
  }
  const readings = asked.value?.readings ?? null;
  const open = timeline.open;
  const entry: Entry | null =
    timeline.entries.find(({ key }) => key === chosen.value) ??
    // What holds the subject now is what one wants to see first.
    timeline.entries.find(
      ({ finding }) => finding !== null && open.some((one) => one.finding?.id === finding.id),
    ) ??
    timeline.entries.find(({ finding }) => finding !== null) ??
    null;
  return (
    <>
      <Head subject={subject} explanation={asked.value} again={asked.again} />
      {open.map((one) => (
        <SuspendedBanner key={one.id} suspension={one} />
      ))}
      <Panel id="windows" title={t('subject.windows')} hint={t('subject.windows.hint')}>
        {readings === null ? <Loading rows={6} /> : <Windows subject={subject} readings={readings} />}
      </Panel>
      <div class="columns story">
        <TimelinePanel
          timeline={timeline}
          chosen={entry?.key ?? null}
          onChoose={(key) => {
            chosen.value = key;
          }}
        />
        <EvidencePanel entry={entry} />
      </div>
      {readings !== null && <Others readings={readings} />}
    </>
  );
}

function Others({ readings }: { readings: readonly Reading[] }) {
  const rest = readings.filter(({ value, breached }) => value === null && !breached);
  if (rest.length === 0) return null;
  return (
    <Panel id="others" title={t('subject.windows.other')}>
      <OtherRules readings={rest} />
    </Panel>
  );
}

function Head(props: { subject: Subject; explanation: Explanation | null; again: () => void }) {
  const { subject, explanation } = props;
  const customer = explanation?.customer ?? null;
  // What people call it; those who see numbers masked are told no names either.
  const { value: listed } = useAsked<{ readonly name?: string }>(
    customer === null || !maySeeNames.value
      ? null
      : `/v1/directory/customers/${encodeURIComponent(customer)}`,
  );
  return (
    <div class="page-head subject-head">
      <div>
        <h1>
          <span class="kind" title={t(`kind.${subject.kind}.tip`)}>
            {kindWord(subject.kind)}
          </span>{' '}
          <span class="id">{subject.id}</span>
        </h1>
        <p class="facts">
          {customer !== null && !(subject.kind === 'customer' && customer === subject.id) && (
            <SubjectName subject={{ kind: 'customer', id: customer }} />
          )}
          {listed?.name !== undefined && <bdi>{listed.name}</bdi>}
          {explanation?.policy != null && (
            <span>
              <span class="muted">{t('subject.policy')}</span>{' '}
              <a href={policyLink(explanation.policy)}>{explanation.policy}</a>
            </span>
          )}
          {explanation !== null && !explanation.provisioned && subject.kind !== 'source' && (
            <Badge tone="quiet" text={t('subject.unlisted')} tip={t('subject.unlisted.tip')} />
          )}
        </p>
      </div>
      <div class="tools">
        <SuspendButton subject={subject} onDone={props.again} />
      </div>
    </div>
  );
}

function SuspendedBanner({ suspension }: { suspension: Suspension }) {
  const { scope, activeAt, proposedAt, until, clause, rule, by, repeats } = suspension;
  const since = activeAt ?? proposedAt;
  const title = ruleTitle(rule);
  return (
    <section
      class={`banner ${stops(suspension) ? 'critical' : 'warning'}`}
      aria-label={subjectWords(suspension.subject)}
    >
      <div>
        <p class="banner-title">
          <SuspensionBadge suspension={suspension} />
          <strong>
            {t(
              scope === 'outgoing'
                ? 'suspension.title'
                : scope === 'registration'
                  ? 'suspension.blocked'
                  : 'suspension.limited',
            )}
          </strong>
          <span class="muted" title={fullTime(since)}>
            {t('suspension.since', { time: lasting(since) })}
            {', '}
            {until === null ? (
              t('suspension.untilLifted')
            ) : (
              <>
                {t('suspension.until', { time: '' })}
                <Time at={until} />
              </>
            )}
          </span>
        </p>
        <p class="banner-why">{whyWords(suspension)}</p>
        <p class="muted small">
          {title !== null && <>{title}. </>}
          {clause !== '' && (
            <>{t('state.pair', { what: t('suspension.clause'), text: clauseWords(suspension) })}. </>
          )}
          {rule === 'manual' && <>{t('suspension.by', { name: by })}. </>}
          {repeats > 0 && <>{t('suspension.repeats', { count: repeats })}. </>}
          {t(`suspension.scope.${scope}`)}
        </p>
      </div>
      <LiftButton suspension={suspension} />
      <span class="hidden">{ruleName(rule)}</span>
    </section>
  );
}
