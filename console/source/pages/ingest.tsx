import { useRef } from 'preact/hooks';
import type { IngestReport } from '../api.ts';
import { ago, amount, clock, count, span } from '../format.ts';
import type { Series } from '../history.ts';
import { health } from '../live.ts';
import { Badge, type Tone } from '../parts/badge.tsx';
import { Chart } from '../parts/chart.tsx';
import { Empty, Failed, Loading, Panel } from '../parts/states.tsx';
import { useAsked } from '../reading.ts';
import { maybe, said, t } from '../words/language.ts';

const POLL_MS = 2_000;
const POINTS = 300;
const checkTones: Readonly<Record<string, Tone>> = { ok: 'good', degraded: 'warning', failed: 'critical' };

export function Ingest() {
  const rate = useRef<Series>({ times: [], values: [], limits: [] });
  const before = useRef<{ messages: number; atMs: number } | null>(null);
  const asked = useAsked<IngestReport>('/v1/ingest', POLL_MS, ({ messages }) => {
    const atMs = performance.now();
    const last = before.current;
    before.current = { messages, atMs };
    // A restart begins at nothing again.
    if (last === null || messages < last.messages) return;
    const { times, values, limits } = rate.current;
    times.push(Date.now() / 1000);
    values.push(((messages - last.messages) / (atMs - last.atMs)) * 1000);
    limits.push(null);
    if (times.length > POINTS) for (const list of [times, values, limits]) list.shift();
  });
  const report = asked.value;
  return (
    <>
      <div class="page-head">
        <h1>{t('ingest.title')}</h1>
      </div>
      {report === null && asked.failure !== null && <Failed failure={asked.failure} again={asked.again} />}
      {report === null && asked.failure === null && <Loading rows={6} />}
      {report !== null && <Report report={report} rate={rate.current} />}
      <Checks />
    </>
  );
}

function Checks() {
  const checks = health.value?.checks ?? [];
  if (checks.length === 0) return null;
  return (
    <Panel id="checks" title={t('ingest.checks')}>
      <ul class="rows">
        {checks.map(({ name, status, detail }) => (
          <li key={name} class="row check-row" data-row>
            <Badge tone={checkTones[status] ?? 'quiet'} text={maybe(`ingest.status.${status}`) ?? status} />
            <strong>{name}</strong>
            <span class="muted">{said(detail)}</span>
          </li>
        ))}
      </ul>
    </Panel>
  );
}

function Report({ report, rate }: { report: IngestReport; rate: Series }) {
  const { agents, drops } = report;
  const now = rate.values.at(-1) ?? null;
  const lost: readonly [string, number][] = [
    ['kernel', drops.kernel],
    ['unknownAgents', drops.unknownAgents],
    ['badAuthKey', drops.badAuthKey],
    ['oversize', drops.oversize],
    ['duplicates', drops.duplicates],
    ...Object.entries(drops.malformed).map(
      ([name, times]) => [`malformed: ${name}`, times] as [string, number],
    ),
  ];
  const dropped = lost.filter(([name, times]) => times > 0 && name !== 'duplicates');
  return (
    <>
      <div class="columns even">
        <Panel id="rate" title={t('ingest.rate')}>
          <p class="window-value">
            <strong class="number">{now === null ? '–' : count(now)}</strong>{' '}
            <span class="muted">
              {t('ingest.total')} <span class="number">{count(report.messages)}</span>
            </span>
          </p>
          {rate.times.length > 1 ? (
            <Chart
              series={rate}
              length={rate.times.length + (rate.times.at(-1) ?? 0)}
              breached={false}
              label={`${t('ingest.rate')}: ${now === null ? '–' : count(now)}`}
              format={(at) => amount(at, '')}
              height={150}
            />
          ) : (
            <Loading rows={3} />
          )}
        </Panel>
        <Panel id="drops" title={<span title={t('ingest.drops.tip')}>{t('ingest.drops')}</span>}>
          <dl class="facts-list">
            {lost.map(([name, times]) => (
              <div key={name}>
                <dt>{maybe(`ingest.drop.${name}`) ?? name}</dt>
                <dd class={`number ${dropped.some(([one]) => one === name) ? 'warned' : ''}`}>
                  {count(times)}
                </dd>
              </div>
            ))}
            {Object.entries(report.oddities).map(([name, times]) => (
              <div key={`odd ${name}`}>
                <dt>{name.replaceAll('-', ' ')}</dt>
                <dd class="number">{count(times)}</dd>
              </div>
            ))}
          </dl>
        </Panel>
      </div>
      <Panel id="agents" title={t('ingest.agents')}>
        {agents.length === 0 ? (
          <Empty title={t('ingest.agents.none')} hint={t('ingest.agents.noneHint')} />
        ) : (
          // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by keyboard
          <div class="table-scroll" tabIndex={0}>
            <table>
              <thead>
                <tr>
                  <th scope="col">{t('ingest.agent')}</th>
                  <th scope="col" class="right">
                    {t('ingest.messages')}
                  </th>
                  <th scope="col" class="right wide-only">
                    {t('ingest.perSecond')}
                  </th>
                  <th scope="col">{t('ingest.last')}</th>
                  <th scope="col" class="right" title={t('ingest.gaps.tip')}>
                    {t('ingest.gaps')}
                  </th>
                  <th scope="col" class="right" title={t('ingest.offset.tip')}>
                    {t('ingest.offset')}
                  </th>
                </tr>
              </thead>
              <tbody>
                {agents.map((agent) => (
                  <tr key={agent.id} data-row>
                    <td class="number">{agent.id}</td>
                    <td class="right number">{count(agent.messages)}</td>
                    <td class="right number wide-only">{count(agent.packetsPerSecond)}</td>
                    <td class="nowrap">{agent.lastSeen === null ? '–' : ago(agent.lastSeen)}</td>
                    <td class="right number">
                      {agent.gaps > 0 ? (
                        <Badge
                          tone="warning"
                          text={count(agent.gaps)}
                          tip={
                            agent.lastGap === null
                              ? undefined
                              : `${clock(agent.lastGap.from)} – ${clock(agent.lastGap.to)}`
                          }
                        />
                      ) : (
                        '0'
                      )}
                    </td>
                    <td class="right number nowrap">
                      {agent.clockOffsetSeconds === null
                        ? '–'
                        : `${agent.clockOffsetSeconds < 0 ? '−' : '+'}${span(Math.abs(Math.round(agent.clockOffsetSeconds * 1000) / 1000))}`}
                    </td>
                  </tr>
                ))}
              </tbody>
            </table>
          </div>
        )}
        {!report.proxies.configured && report.proxies.learned.length > 0 && (
          <p class="muted small">
            {t('ingest.learned')} {report.proxies.learned.join(', ')}
          </p>
        )}
      </Panel>
    </>
  );
}
