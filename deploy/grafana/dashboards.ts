/**
 * The dashboards as data: `node deploy/grafana/dashboards.ts` writes dashboards/*.json, which Grafana provisions. A test checks that the files
 * are what this says, that every expression is PromQL, and that every metric in it is exported.
 */
import { writeFileSync } from 'node:fs';

type Kind = 'timeseries' | 'stat' | 'table' | 'bargauge';

interface Query {
  readonly expression: string;
  /** `{{label}}` stands for a label's value. */
  readonly legend: string;
}

interface Panel {
  readonly title: string;
  /** What it shows and what to do about it: the mark beside the title. */
  readonly description: string;
  readonly kind?: Kind;
  readonly unit?: string;
  /** Of 24 columns. */
  readonly width?: number;
  readonly height?: number;
  readonly stacked?: boolean;
  /** Red from here on, else green. */
  readonly redFrom?: number;
  readonly minimum?: number;
  readonly maximum?: number;
  /** Texts for values of a stat. */
  readonly words?: Readonly<Record<string, string>>;
  readonly queries: readonly Query[];
}

interface Row {
  readonly title: string;
  readonly panels: readonly Panel[];
}

interface Board {
  readonly uid: string;
  readonly title: string;
  readonly description: string;
  readonly rows: readonly Row[];
}

const DATA_SOURCE = { type: 'prometheus', uid: '$datasource' };
const ONE = '{instance=~"$instance"}';
const only = (labels: string): string => `{instance=~"$instance",${labels}}`;
const query = (expression: string, legend = ''): Query => ({ expression, legend });
const perSecond = (metric: string, selector = ONE): string => `rate(${metric}${selector}[$__rate_interval])`;
const quantiles = (metric: string, by = ''): Query[] =>
  [0.5, 0.99].map((share) =>
    query(
      `histogram_quantile(${share}, sum by (le${by === '' ? '' : `, ${by}`}) (rate(${metric}_bucket${ONE}[$__rate_interval])))`,
      `p${share * 100}${by === '' ? '' : ` {{${by}}}`}`,
    ),
  );

export const BOARDS: readonly Board[] = [
  {
    uid: 'vigie-operations',
    title: 'Vigie: operations',
    description: 'Is it running, what is suspended, does what it decides take effect.',
    rows: [
      {
        title: 'Now',
        panels: [
          {
            title: 'Daemons',
            description: 'Daemons that answer the scrape.',
            kind: 'stat',
            width: 4,
            queries: [query('count(up{job="vigie"} == 1) or vector(0)')],
          },
          {
            title: 'Suspensions in force',
            description: '"vigie suspensions list" names them.',
            kind: 'stat',
            width: 4,
            queries: [query(`sum(vigie_suspensions_active${ONE})`)],
          },
          {
            title: 'Brake',
            description: 'Held: alerts go on, nothing is suspended. "vigie brake" says why and releases it.',
            kind: 'stat',
            width: 4,
            redFrom: 1,
            words: { 0: 'off', 1: 'HOLDS' },
            queries: [query(`max(vigie_brake_engaged${ONE})`)],
          },
          {
            title: 'Redis',
            description: 'Away: measuring goes on in memory, nothing is suspended or lifted.',
            kind: 'stat',
            width: 4,
            words: { 0: 'AWAY', 1: 'up' },
            queries: [query(`min(vigie_redis_up${ONE})`)],
          },
          {
            title: 'Configuration',
            description: 'Refused: the former one stays in force; "vigie check-config" shows the faults.',
            kind: 'stat',
            width: 4,
            words: { 0: 'REFUSED', 1: 'in force' },
            queries: [query(`min(vigie_config_last_reload_successful${ONE})`)],
          },
          {
            title: 'Version',
            description: 'What runs.',
            kind: 'stat',
            width: 4,
            queries: [query(`vigie_build_info${ONE}`, '{{version}}')],
          },
        ],
      },
      {
        title: 'Decisions',
        panels: [
          {
            title: 'Findings per hour, by action',
            description: 'Broken rules. "observe" was only recorded.',
            stacked: true,
            queries: [
              query(
                `sum by (action, mode) (increase(vigie_findings_total${ONE}[1h]))`,
                '{{action}} ({{mode}})',
              ),
            ],
          },
          {
            title: 'Suspensions in force, by scope',
            description: 'What each of them stops.',
            stacked: true,
            queries: [query(`sum by (scope) (vigie_suspensions_active${ONE})`, '{{scope}}')],
          },
          {
            title: 'Suspensions that changed state, per hour',
            description: 'From proposed to lifted or expired.',
            queries: [
              query(`sum by (state) (increase(vigie_suspension_transitions_total${ONE}[1h]))`, '{{state}}'),
            ],
          },
          {
            title: 'What became of findings, per hour',
            description: 'Held: the brake; suppressed: within a grace, or told already.',
            queries: [query(`sum by (kind) (increase(vigie_decisions_total${ONE}[1h]))`, '{{kind}}')],
          },
        ],
      },
      {
        title: 'Taking effect',
        panels: [
          {
            title: 'From the message that decided to the finding',
            description: 'Should stay well under half a second.',
            unit: 's',
            queries: quantiles('vigie_decision_latency_seconds'),
          },
          {
            title: 'From the finding to the block',
            description: 'By what makes it hold at the proxy.',
            unit: 's',
            queries: quantiles('vigie_enforcement_apply_seconds', 'backend'),
          },
          {
            title: 'Webhook deliveries per hour',
            description: 'Failed: given up after all retries; tell the customer by hand.',
            queries: [
              query(`sum by (result) (increase(vigie_webhook_deliveries_total${ONE}[1h]))`, '{{result}}'),
            ],
          },
          {
            title: 'Findings waiting for Redis, and given up',
            description: 'Given up only when Redis is away for very long.',
            queries: [
              query(`sum(vigie_findings_pending${ONE})`, 'waiting'),
              query(`sum by (kind) (increase(vigie_findings_dropped_total${ONE}[1h]))`, 'given up: {{kind}}'),
            ],
          },
          {
            title: 'Brake engaged, times per day',
            description: 'More often than never is worth a look at the findings of that time.',
            queries: [query(`sum(increase(vigie_brake_engagements_total${ONE}[1d]))`, 'engaged')],
          },
          {
            title: 'Configuration reloads per day',
            description: 'By result.',
            queries: [
              query(`sum by (result) (increase(vigie_config_reloads_total${ONE}[1d]))`, '{{result}}'),
            ],
          },
          {
            title: 'Age of the configuration and of the process',
            description: 'A process younger than its configuration was restarted.',
            unit: 's',
            queries: [
              query(`time() - max(vigie_config_loaded_timestamp_seconds${ONE})`, 'configuration'),
              query(`time() - min(vigie_process_start_time_seconds${ONE})`, 'oldest process'),
            ],
          },
        ],
      },
    ],
  },
  {
    uid: 'vigie-detection',
    title: 'Vigie: detection',
    description: 'What the customers do, and which rules break.',
    rows: [
      {
        title: 'Rules',
        panels: [
          {
            title: 'Findings of the last 24 hours, by rule',
            description: 'The rules that break most. One that breaks all the time may need another limit.',
            kind: 'bargauge',
            width: 12,
            height: 12,
            queries: [
              query(`topk(15, sum by (rule) (increase(vigie_findings_total${ONE}[24h])))`, '{{rule}}'),
            ],
          },
          {
            title: 'Findings per hour, by policy',
            description: 'Each customer has one policy; "network" applies to everybody.',
            width: 12,
            height: 12,
            stacked: true,
            queries: [query(`sum by (policy) (increase(vigie_findings_total${ONE}[1h]))`, '{{policy}}')],
          },
        ],
      },
      {
        title: 'Calls',
        panels: [
          {
            title: 'Attempts per second',
            description: 'Each attempt once, however often challenged, re-sent or forked.',
            queries: [query(`sum(${perSecond('vigie_call_attempts_total')})`, 'attempts')],
          },
          {
            title: 'Outcomes',
            description: 'Attempts that ended, by outcome.',
            stacked: true,
            queries: [query(`sum by (outcome) (${perSecond('vigie_call_outcomes_total')})`, '{{outcome}}')],
          },
          {
            title: 'ASR of all traffic',
            description:
              'Answered of the attempts that ended, over an hour. A sudden fall for everybody is a carrier, not the customers.',
            unit: 'percentunit',
            minimum: 0,
            maximum: 1,
            queries: [query('vigie:call_answer_seizure:ratio1h', 'last hour')],
          },
          {
            title: 'Open legs and registered contacts',
            description: 'Now.',
            queries: [
              query(`sum(vigie_calls_open${ONE})`, 'legs of calls'),
              query(`sum(vigie_bindings${ONE})`, 'contacts'),
            ],
          },
          {
            title: 'Calls that never ended, per hour',
            description: 'Closed by a timer because no BYE was seen: capture loss, or a broken endpoint.',
            queries: [query(`sum(increase(vigie_calls_expired_total${ONE}[1h]))`, 'expired')],
          },
          {
            title: 'Subjects in memory',
            description: 'Lines, customers and sources that are measured now.',
            queries: [query(`sum by (kind) (vigie_subjects${ONE})`, '{{kind}}')],
          },
        ],
      },
    ],
  },
  {
    uid: 'vigie-ingest',
    title: 'Vigie: ingest',
    description: 'Does all traffic arrive, whole and in time.',
    rows: [
      {
        title: 'What arrives',
        panels: [
          {
            title: 'HEP frames per second',
            description: 'By daemon. None: the proxy sends no copy, or it does not get here.',
            queries: [query(perSecond('vigie_ingest_frames_total'), '{{instance}}')],
          },
          {
            title: 'Bytes per second',
            description: 'Of HEP.',
            unit: 'Bps',
            queries: [query(perSecond('vigie_ingest_received_bytes_total'), '{{instance}}')],
          },
          {
            title: 'SIP messages and transactions per second',
            description: 'Messages with retransmissions, transactions without.',
            queries: [
              query(`sum by (type) (${perSecond('vigie_sip_messages_total')})`, '{{type}}s'),
              query(`sum(${perSecond('vigie_sip_transactions_total')})`, 'transactions'),
              query(`sum(${perSecond('vigie_sip_keepalives_total')})`, 'keep-alives'),
              query(`sum(${perSecond('vigie_ingest_sip_payloads_total')})`, 'SIP payloads'),
            ],
          },
          {
            title: 'Retransmitted share',
            description: 'Of the requests. A rise is loss between customers and proxy.',
            unit: 'percentunit',
            minimum: 0,
            queries: [
              query(
                `sum(${perSecond('vigie_sip_retransmissions_total')}) / sum(${perSecond('vigie_sip_messages_total', only('type="request"'))})`,
                'retransmitted',
              ),
            ],
          },
          {
            title: 'Connections',
            description: 'HEP over TCP and TLS.',
            queries: [
              query(`vigie_ingest_tcp_connections${ONE}`, 'open {{instance}}'),
              query(`increase(vigie_ingest_tcp_connections_accepted_total${ONE}[5m])`, 'accepted, 5 min'),
              query(`increase(vigie_ingest_tcp_connections_refused_total${ONE}[5m])`, 'refused, 5 min'),
              query(
                `sum by (reason) (increase(vigie_ingest_tcp_connections_closed_total${ONE}[5m]))`,
                'closed: {{reason}}',
              ),
              query(`increase(vigie_ingest_tls_handshakes_failed_total${ONE}[5m])`, 'TLS failed, 5 min'),
            ],
          },
          {
            title: 'Capture lag',
            description: "Arrival minus capture time. Seconds: a proxy's clock is wrong.",
            unit: 's',
            queries: [query(`vigie_capture_lag_seconds${ONE}`, '{{instance}}')],
          },
        ],
      },
      {
        title: 'What is lost or left out',
        panels: [
          {
            title: 'Dropped by the kernel, per second',
            description: 'Counts are too low: raise net.core.rmem_max, or send HEP over TCP.',
            redFrom: 0.01,
            queries: [query(perSecond('vigie_ingest_kernel_dropped_datagrams_total'), '{{instance}}')],
          },
          {
            title: 'Frames given up, per second',
            description: 'Malformed, of unlisted agents, without the key, too long, or no SIP.',
            queries: [
              query(`sum by (reason) (${perSecond('vigie_ingest_malformed_frames_total')})`, '{{reason}}'),
              query(`sum(${perSecond('vigie_ingest_unknown_agent_frames_total')})`, 'unknown agent'),
              query(`sum(${perSecond('vigie_ingest_bad_auth_key_frames_total')})`, 'wrong key'),
              query(`sum(${perSecond('vigie_ingest_ignored_type_frames_total')})`, 'no SIP'),
              query(`sum(${perSecond('vigie_ingest_oversize_frames_total')})`, 'too long'),
            ],
          },
          {
            title: 'Streams',
            description: 'Garbage in TCP streams, and faults of sockets.',
            queries: [
              query(perSecond('vigie_ingest_garbage_bytes_total'), 'garbage B/s'),
              query(perSecond('vigie_ingest_resyncs_total'), 'resyncs/s'),
              query(perSecond('vigie_ingest_socket_errors_total'), 'socket errors/s'),
            ],
          },
          {
            title: 'Odd SIP messages, per second',
            description: 'Read all the same where they can be.',
            queries: [
              query(`topk(8, sum by (oddity) (${perSecond('vigie_sip_oddities_total')}))`, '{{oddity}}'),
              query(`sum(${perSecond('vigie_sip_faults_total')})`, 'faults of ours'),
            ],
          },
        ],
      },
      {
        title: 'Redis and the process',
        panels: [
          {
            title: 'Time of a batch to Redis',
            description: 'There and back.',
            unit: 's',
            queries: quantiles('vigie_redis_batch_duration_seconds'),
          },
          {
            title: 'Commands and batches per second',
            description: 'Far fewer than messages.',
            queries: [
              query(`sum(${perSecond('vigie_redis_commands_total')})`, 'commands'),
              query(`sum(${perSecond('vigie_redis_batches_total')})`, 'batches'),
            ],
          },
          {
            title: 'Spool',
            description: 'Updates that wait for Redis, as a share of what fits; beyond it they are dropped.',
            unit: 'percentunit',
            minimum: 0,
            maximum: 1,
            queries: [
              query(
                `vigie_window_spool_updates${ONE} / vigie_window_spool_capacity_updates${ONE}`,
                '{{instance}}',
              ),
            ],
          },
          {
            title: 'Updates lost, per minute',
            description: 'Dropped from a full spool, or refused by Redis.',
            redFrom: 1,
            queries: [
              query(`sum(increase(vigie_window_dropped_updates_total${ONE}[1m]))`, 'dropped'),
              query(`sum(increase(vigie_window_failed_updates_total${ONE}[1m]))`, 'refused'),
            ],
          },
          {
            title: 'Event loop delay',
            description: 'Above a quarter of a second the daemon is short of CPU.',
            unit: 's',
            queries: [query(`vigie_event_loop_delay_seconds${ONE}`, '{{statistic}} {{instance}}')],
          },
          {
            title: 'CPU',
            description: 'Of one processor.',
            unit: 'percentunit',
            minimum: 0,
            queries: [query(perSecond('vigie_process_cpu_seconds_total'), '{{instance}}')],
          },
          {
            title: 'Memory',
            description: 'Resident, and in the heap.',
            unit: 'bytes',
            queries: [
              query(`vigie_process_resident_memory_bytes${ONE}`, 'resident {{instance}}'),
              query(`vigie_process_heap_used_bytes${ONE}`, 'heap {{instance}}'),
            ],
          },
          {
            title: 'Open files',
            description: 'Sockets included.',
            queries: [query(`vigie_process_open_fds${ONE}`, '{{instance}}')],
          },
        ],
      },
    ],
  },
];

function panelJson(panel: Panel, id: number, x: number, y: number): object {
  const { kind = 'timeseries', unit = 'short', redFrom, minimum, maximum, words } = panel;
  const steps = [
    { color: 'green', value: null },
    ...(redFrom === undefined ? [] : [{ color: 'red', value: redFrom }]),
  ];
  return {
    id,
    type: kind,
    title: panel.title,
    description: panel.description,
    datasource: DATA_SOURCE,
    gridPos: { x, y, w: widthOf(panel), h: heightOf(panel) },
    fieldConfig: {
      defaults: {
        unit,
        ...(minimum === undefined ? {} : { min: minimum }),
        ...(maximum === undefined ? {} : { max: maximum }),
        thresholds: { mode: 'absolute', steps },
        ...(words === undefined
          ? {}
          : {
              mappings: [
                {
                  type: 'value',
                  options: Object.fromEntries(
                    Object.entries(words).map(([value, text]) => [value, { text }]),
                  ),
                },
              ],
            }),
        ...(kind === 'timeseries'
          ? {
              custom: {
                fillOpacity: panel.stacked ? 30 : 0,
                showPoints: 'never',
                stacking: { mode: panel.stacked ? 'normal' : 'none' },
              },
            }
          : {}),
      },
      overrides: [],
    },
    options: optionsOf(kind, panel),
    targets: panel.queries.map(({ expression, legend }, index) => ({
      refId: String.fromCharCode(65 + index),
      datasource: DATA_SOURCE,
      expr: expression,
      legendFormat: legend,
      ...(kind === 'timeseries' ? { range: true } : { instant: true }),
    })),
  };
}

function optionsOf(kind: Kind, { queries }: Panel): object {
  if (kind === 'timeseries')
    return {
      legend: { displayMode: 'list', placement: 'bottom', showLegend: true },
      tooltip: { mode: 'multi' },
    };
  const named = queries.some(({ legend }) => legend !== '');
  return {
    reduceOptions: { calcs: ['lastNotNull'], values: false },
    ...(kind === 'stat' ? { colorMode: 'background', textMode: named ? 'name' : 'auto' } : {}),
    ...(kind === 'bargauge' ? { orientation: 'horizontal', displayMode: 'basic' } : {}),
  };
}

const widthOf = ({ width = 8 }: Panel): number => width;
const heightOf = ({ height, kind }: Panel): number => height ?? (kind === 'stat' ? 4 : 8);

/** The dashboard as Grafana reads it. */
export function boardJson({ uid, title, description, rows }: Board): object {
  const panels: object[] = [];
  let id = 1;
  let y = 0;
  for (const row of rows) {
    panels.push({
      id: id++,
      type: 'row',
      title: row.title,
      gridPos: { x: 0, y, w: 24, h: 1 },
      collapsed: false,
      panels: [],
    });
    y++;
    let x = 0;
    let tallest = 0;
    for (const panel of row.panels) {
      if (x + widthOf(panel) > 24) {
        x = 0;
        y += tallest;
        tallest = 0;
      }
      panels.push(panelJson(panel, id++, x, y));
      x += widthOf(panel);
      tallest = Math.max(tallest, heightOf(panel));
    }
    y += tallest;
  }
  return {
    uid,
    title,
    description,
    tags: ['vigie'],
    schemaVersion: 39,
    version: 1,
    editable: true,
    refresh: '10s',
    time: { from: 'now-6h', to: 'now' },
    timezone: 'browser',
    templating: {
      list: [
        { name: 'datasource', label: 'Prometheus', type: 'datasource', query: 'prometheus' },
        {
          name: 'instance',
          label: 'Daemon',
          type: 'query',
          datasource: DATA_SOURCE,
          query: 'label_values(vigie_build_info, instance)',
          includeAll: true,
          allValue: '.*',
          multi: true,
          refresh: 2,
          current: { text: 'All', value: '$__all' },
        },
      ],
    },
    links: BOARDS.filter((board) => board.uid !== uid).map((board) => ({
      type: 'link',
      title: board.title,
      url: `/d/${board.uid}`,
      keepTime: true,
    })),
    panels,
  };
}

/** Where the dashboard lies, beside this file. */
export const boardFile = ({ uid }: Board): URL => new URL(`dashboards/${uid}.json`, import.meta.url);

if (import.meta.main)
  for (const board of BOARDS)
    writeFileSync(boardFile(board), `${JSON.stringify(boardJson(board), null, 2)}\n`);
