import type { Message } from '../api.ts';
import { t } from '../words/language.ts';

const COLUMN = 182;
const ROW = 30;
const LEFT = 66;
/** Half of what an endpoint's name takes. */
const EDGE = 62;
const TOP = 44;

type Class = 'request' | 'provisional' | 'success' | 'challenge' | 'failure' | 'ending';

/** What a start line is: the colour only repeats what the text says. */
export function classOf(line: string): Class {
  const code = Number(/^(?:SIP\/2\.0 )?([1-6]\d\d)\b/.exec(line)?.[1] ?? 0);
  if (code === 0) return /^(BYE|CANCEL)\b/.test(line) ? 'ending' : 'request';
  if (code < 200) return 'provisional';
  if (code < 300) return 'success';
  return code === 401 || code === 407 || code < 400 ? 'challenge' : 'failure';
}

const short = (line: string): string => {
  const text = line.replace(/^SIP\/2\.0 /, '').replace(/ SIP\/2\.0$/, '');
  return text.length > 25 ? `${text.slice(0, 24)}…` : text;
};

const host = (endpoint: string): string => (endpoint.length > 21 ? `${endpoint.slice(0, 20)}…` : endpoint);

/** Messages between their endpoints, time going down: what an engineer draws when told of a call. */
export function Ladder({ messages, title }: { messages: readonly Message[]; title: string }) {
  const ends: string[] = [];
  for (const { source, destination } of messages)
    for (const end of [source, destination])
      if (end !== null && end !== undefined && !ends.includes(end)) ends.push(end);
  const x = (end: string | null | undefined): number =>
    LEFT + EDGE + Math.max(0, ends.indexOf(end ?? '')) * COLUMN;
  const width = LEFT + 2 * EDGE + (Math.max(2, ends.length) - 1) * COLUMN;
  const height = TOP + messages.length * ROW + 14;
  const firstMs = Date.parse(messages[0]?.at ?? '');
  return (
    <figure class="ladder">
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by keyboard */}
      <section class="ladder-scroll" tabIndex={0} aria-label={title}>
        <svg
          viewBox={`0 0 ${width} ${height}`}
          width={width}
          height={height}
          class={ends.length > 2 ? undefined : 'fits'}
          role="img"
          aria-label={`${title}: ${messages.map(({ line }) => short(line)).join(', ')}`}
        >
          <defs>
            <marker
              id="arrow"
              viewBox="0 0 8 8"
              refX="7.5"
              refY="4"
              markerWidth="8"
              markerHeight="8"
              orient="auto"
            >
              <path d="M0 0.8L8 4L0 7.2z" fill="context-stroke" />
            </marker>
          </defs>
          {ends.map((end) => (
            <g key={end}>
              <text class="ladder-end" x={x(end)} y={20} text-anchor="middle">
                {host(end)}
              </text>
              <line class="ladder-life" x1={x(end)} x2={x(end)} y1={30} y2={height} />
            </g>
          ))}
          {messages.map(({ at, line, source, destination }, row) => {
            const y = TOP + row * ROW + 14;
            const from = x(source);
            // A capture that names no destination still shows where the message came from.
            const to =
              destination === null || destination === undefined ? from + COLUMN * 0.8 : x(destination);
            const inward = from < to ? -3 : 3;
            return (
              <g key={row} class={`ladder-message ${classOf(line)}`}>
                <text class="ladder-time" x={4} y={y + 4}>
                  {offset(Date.parse(at) - firstMs)}
                </text>
                <line x1={from} x2={to + inward} y1={y} y2={y} marker-end="url(#arrow)" />
                <text x={(from + to) / 2} y={y - 5} text-anchor="middle">
                  <title>{line}</title>
                  {short(line)}
                </text>
              </g>
            );
          })}
        </svg>
      </section>
      <details>
        <summary>{t('subject.ladder.table')}</summary>
        <ol class="ladder-list">
          {messages.map(({ at, line, source, destination }, row) => (
            <li key={row}>
              <span class="number">{offset(Date.parse(at) - firstMs)}</span> {source ?? '?'} →{' '}
              {destination ?? '?'} <code>{line}</code>
            </li>
          ))}
        </ol>
      </details>
    </figure>
  );
}

/** Since the first message: +0.000 s, +1 min 20.5 s. */
function offset(ms: number): string {
  if (!Number.isFinite(ms)) return '';
  const seconds = ms / 1000;
  if (seconds < 60) return `+${seconds.toFixed(3)} s`;
  return `+${Math.floor(seconds / 60)} min ${(seconds % 60).toFixed(1)} s`;
}
