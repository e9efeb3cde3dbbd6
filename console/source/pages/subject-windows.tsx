import type { Reading, Subject } from '../api.ts';
import { clauseWords, ruleTitle } from '../catalogue.ts';
import { amount, lasting, windowWords } from '../format.ts';
import { historyOf } from '../history.ts';
import { limitAfterValue, limitWords, pressure, standing, tones } from '../judging.ts';
import { Badge, ModeBadge } from '../parts/badge.tsx';
import { Chart } from '../parts/chart.tsx';
import { Meter } from '../parts/meter.tsx';
import { Empty } from '../parts/states.tsx';
import { said, t } from '../words/language.ts';
import { detectorName, detectorTip, isFloor } from '../words/rules.ts';

/** What people ask for first stands first, after what is beyond its limit. */
const FIRST = [
  'transaction-rate',
  'message-rate',
  'answer-seizure-ratio',
  'average-call-duration',
  'simultaneous-calls',
  'distinct-destinations',
  'out-of-plan-amount',
  'credit-limit',
];

function order(a: Reading, b: Reading): number {
  const place = ({ detector }: Reading) => {
    const at = FIRST.indexOf(detector);
    return at < 0 ? FIRST.length : at;
  };
  const broken = (one: Reading) => Number(standing(one) === 'breached');
  return (
    broken(b) - broken(a) || place(a) - place(b) || pressure(b) - pressure(a) || a.rule.localeCompare(b.rule)
  );
}

export function Windows({ subject, readings }: { subject: Subject; readings: readonly Reading[] }) {
  const measured = readings.filter(({ value, breached }) => value !== null || breached).sort(order);
  if (measured.length === 0) return <Empty title={t('subject.windows.none')} />;
  const times = new Map<string, number>();
  for (const { detector } of measured) times.set(detector, (times.get(detector) ?? 0) + 1);
  return (
    <div class="windows">
      {measured.map((reading) => (
        <WindowCard
          key={reading.rule}
          subject={subject}
          reading={reading}
          name={nameOf(reading, (times.get(reading.detector) ?? 0) > 1)}
        />
      ))}
    </div>
  );
}

/** Two rules of one detector are told apart by their own names. */
function nameOf({ detector, rule }: Reading, ambiguous: boolean): string {
  const name = detectorName(detector);
  return ambiguous ? `${name} (${rule.slice(rule.indexOf('.') + 1)})` : name;
}

function WindowCard({ subject, reading, name }: { subject: Subject; reading: Reading; name: string }) {
  const { detector, value, limit, unit, windowSeconds, sample, minimumSample, tip, since } = reading;
  const state = standing(reading);
  const tone = tones[state];
  const series = historyOf(subject, reading.rule);
  const words = limitAfterValue(reading);
  return (
    <article class={`window ${tone}`} aria-label={name}>
      <header>
        <h3 title={detectorTip(detector) ?? `${ruleTitle(reading.rule) ?? ''} (${clauseWords(reading)})`}>
          {name}
        </h3>
        <Badge tone={tone} text={t(state === 'none' ? 'reading.noData' : `reading.${state}`)} />
      </header>
      <p class="window-value">
        <strong class="number">{amount(value, unit)}</strong>{' '}
        <span class="muted">
          {windowWords(windowSeconds)} · {words}
        </span>
      </p>
      <Meter value={value} limit={limit} floor={isFloor(detector)} tone={tone} />
      {series !== null && series.times.length > 1 && (
        <Chart
          series={series}
          length={series.times.length + (series.times.at(-1) ?? 0)}
          breached={state === 'breached'}
          label={t('reading.chart', { what: name, value: amount(value, unit), limit: words })}
          format={(at) => amount(at, unit === 'ratio' || unit === 's' || unit === 'share' ? unit : '')}
        />
      )}
      <p class="muted small window-foot">
        {sample !== null &&
          (sample < minimumSample
            ? t('reading.sample', { count: sample, minimum: minimumSample })
            : t('reading.sampleFull', { count: sample }))}
        {since !== null && reading.breached && (
          <>
            {sample !== null && ' · '}
            {t('reading.since', { ago: lasting(since) })}
          </>
        )}
        {tip !== null && (
          <span class="tip">
            {(sample !== null || (since !== null && reading.breached)) && ' · '}
            {t('reading.tip', { tip: said(tip) })}
          </span>
        )}
      </p>
    </article>
  );
}

export function OtherRules({ readings }: { readings: readonly Reading[] }) {
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by keyboard
    <div class="table-scroll" tabIndex={0}>
      <table>
        <thead>
          <tr>
            <th scope="col">{t('policy.rule')}</th>
            <th scope="col">{t('policy.clause')}</th>
            <th scope="col">{t('subjects.column.limit')}</th>
            <th scope="col">{t('policy.mode')}</th>
          </tr>
        </thead>
        <tbody>
          {readings.map((reading) => (
            <tr key={reading.rule} data-row>
              <td>
                <span title={ruleTitle(reading.rule) ?? reading.title}>{detectorName(reading.detector)}</span>
                {reading.tip !== null && (
                  <div class="muted small">{t('reading.tip', { tip: said(reading.tip) })}</div>
                )}
              </td>
              <td class="muted">{clauseWords(reading)}</td>
              <td class="number">{reading.limit === null ? '–' : limitWords(reading)}</td>
              <td>
                <ModeBadge mode={reading.mode} />
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
