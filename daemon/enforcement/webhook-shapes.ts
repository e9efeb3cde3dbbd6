import { isoTime } from '../policy/finding.ts';
import type { WebhookFormat } from './config.ts';
import type { Letter, NoticeBody } from './notice-letter.ts';

/** Alertmanager ends an alert of unknown end by itself after minutes; one that holds until it is lifted gets an end that does not come. */
const FAR_MS = 10 * 365 * 86_400_000;
/** Findings have no end that would be told. */
const FINDING_MS = 3_600_000;
const REVIEW_MS = 7 * 86_400_000;

const ENDS: ReadonlySet<string> = new Set(['suspension.lifted', 'suspension.expired']);

/** The body in the receiver's own form; null where it has no form for such a notice. */
export function shapedBody(
  format: Exclude<WebhookFormat, 'standard'>,
  notice: NoticeBody,
  letter: Letter,
): object | null {
  switch (format) {
    case 'alertmanager':
      return alertmanagerBody(notice, letter);
    case 'slack':
      return slackBody(letter);
    default:
      return teamsBody(letter);
  }
}

/** `POST /api/v2/alerts` of Alertmanager. The labels are the alert's identity: the same from its beginning to its end. */
function alertmanagerBody(notice: NoticeBody, letter: Letter): object[] | null {
  const { type, timestamp, data } = notice;
  const { suspension: s, finding: f } = data;
  const atMs = Date.parse(timestamp);
  const at = (ms: number) => isoTime(ms);
  const annotations = {
    summary: letter.subject.slice(0, 500),
    description: letter.paragraphs.join(' ').slice(0, 2_000),
    ...Object.fromEntries(letter.facts.map(([label, value]) => [annotationName(label), value.slice(0, 500)])),
  };
  const alert = (labels: Record<string, string>, startsAt: string, endsAt: string): object[] => [
    { labels: bounded(labels), annotations, startsAt, endsAt },
  ];
  if (s !== undefined) {
    const labels = { rule: s.rule, effect: s.effect, subject_kind: s.subject.kind, suspension: s.id };
    const name = type === 'suspension.review-due' ? 'VigieReviewDue' : 'VigieSuspension';
    const own = { alertname: name, severity: 'warning', ...labels };
    if (type === 'suspension.review-due') return alert(own, timestamp, at(atMs + REVIEW_MS));
    // Announced, but not in force: no alert yet.
    if (s.activeAt === null) return null;
    const end = ENDS.has(type) ? (s.liftedAt ?? s.expiredAt ?? timestamp) : (s.until ?? at(atMs + FAR_MS));
    return alert(own, s.activeAt, end);
  }
  if (f !== undefined) {
    const labels = { rule: f.rule, subject_kind: f.subject.kind, finding: f.id };
    const start = Math.min(Date.parse(f.since), Date.parse(f.at));
    return alert(
      { alertname: 'VigieFinding', severity: 'info', ...labels },
      at(start),
      at(Math.max(atMs, start) + FINDING_MS),
    );
  }
  const engaged = type === 'brake.engaged';
  return alert(
    { alertname: 'VigieBrake', severity: 'critical' },
    timestamp,
    engaged ? at(atMs + FAR_MS) : timestamp,
  );
}

/** Names of labels and annotations are letters, digits and underscores. */
function annotationName(label: string): string {
  return label
    .normalize('NFD')
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '');
}

function bounded(labels: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(Object.entries(labels).map(([name, value]) => [name, value.slice(0, 128)]));
}

/** Slack: an incoming webhook's message of Block Kit; at most 3,000 characters a text, 10 fields of 2,000 a section. */
function slackBody({ subject, paragraphs, facts, sections, closing }: Letter): object {
  const text = (content: string, most: number) => ({ type: 'mrkdwn', text: cut(slackEscape(content), most) });
  return {
    text: cut(slackEscape(subject), 3_000),
    blocks: [
      { type: 'header', text: { type: 'plain_text', text: cut(subject, 150), emoji: false } },
      { type: 'section', text: text(paragraphs.join('\n'), 3_000) },
      ...(facts.length === 0
        ? []
        : [
            {
              type: 'section',
              fields: facts.slice(0, 10).map(([label, value]) => ({
                type: 'mrkdwn',
                text: cut(`*${slackEscape(label)}*\n${slackEscape(value)}`, 2_000),
              })),
            },
          ]),
      ...sections.map(({ title, text: content }) => ({
        type: 'section',
        text: { type: 'mrkdwn', text: cut(`*${slackEscape(title)}*\n${slackEscape(content)}`, 3_000) },
      })),
      { type: 'context', elements: [text(closing, 2_000)] },
    ],
  };
}

/** So that no text of others mentions a channel or makes a link; marks of format are left without what they need. */
function slackEscape(text: string): string {
  return printable(text)
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replace(/[*_~`]/g, (mark) => `${mark}\u200B`);
}

/** Teams: a message with one Adaptive Card 1.4. Runs of text know no Markdown, so what others wrote stays text. */
function teamsBody({ subject, paragraphs, facts, sections, closing }: Letter): object {
  const run = (text: string, more: object = {}) => ({
    type: 'TextRun',
    text: cut(printable(text), 2_000),
    ...more,
  });
  const block = (inlines: readonly object[], more: object = {}) => ({
    type: 'RichTextBlock',
    inlines,
    ...more,
  });
  return {
    type: 'message',
    attachments: [
      {
        contentType: 'application/vnd.microsoft.card.adaptive',
        contentUrl: null,
        content: {
          $schema: 'http://adaptivecards.io/schemas/adaptive-card.json',
          type: 'AdaptiveCard',
          version: '1.4',
          body: [
            block([run(subject, { size: 'Large', weight: 'Bolder' })]),
            ...paragraphs.map((text) => block([run(text)])),
            ...facts.map(([label, value]) => block([run(`${label}: `, { weight: 'Bolder' }), run(value)])),
            ...sections.flatMap(({ title, text }) => [
              block([run(title, { weight: 'Bolder' })], { spacing: 'Medium' }),
              block([run(text)]),
            ]),
            block([run(closing, { isSubtle: true, size: 'Small' })], { separator: true }),
          ],
        },
      },
    ],
  };
}

function printable(text: string): string {
  return text.replace(/[^\P{C}\n]/gu, '\u{FFFD}');
}

function cut(text: string, most: number): string {
  const characters = [...text];
  return characters.length <= most ? text : `${characters.slice(0, most - 1).join('')}…`;
}
