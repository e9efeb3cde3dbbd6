import type { MailTarget } from './config.ts';
import type { Letter, NoticeBody } from './notice-letter.ts';

/** A letter laid out as mail. */
export interface MailText {
  readonly subject: string;
  readonly text: string;
  readonly html: string;
}

/** No line of it begins a header, no tag of it is one: what others wrote stays text. */
export function mailOf(letter: Letter): MailText {
  const { subject, greeting, paragraphs, facts, sections, closing } = letter;
  const width = Math.max(0, ...facts.map(([label]) => label.length));
  const text = [
    ...(greeting === null ? [] : [greeting]),
    ...paragraphs,
    facts.map(([label, value]) => `${`${label}:`.padEnd(width + 2)}${value}`).join('\n'),
    ...sections.map(({ title, text }) => `${title}\n${text}`),
    // The usual mark of a signature.
    `-- \n${closing}`,
  ];
  const paragraph = (content: string) => `<p>${content.replaceAll('\n', '<br>')}</p>`;
  const html = [
    '<!doctype html><meta charset="utf-8"><div style="font-family:sans-serif;max-width:40em">',
    ...(greeting === null ? [] : [paragraph(escapeHtml(greeting))]),
    ...paragraphs.map((each) => paragraph(escapeHtml(each))),
    '<table style="border-collapse:collapse">',
    ...facts.map(
      ([label, value]) =>
        `<tr><th style="text-align:left;vertical-align:top;padding:.1em 1em .1em 0">${escapeHtml(label)}</th><td style="overflow-wrap:anywhere">${escapeHtml(value)}</td></tr>`,
    ),
    '</table>',
    ...sections.map(({ title, text }) => paragraph(`<b>${escapeHtml(title)}</b>\n${escapeHtml(text)}`)),
    `<p style="color:#555">${escapeHtml(closing)}</p></div>`,
  ];
  return {
    subject: printable(subject).replaceAll('\n', ' '),
    text: `${printable(text.filter((each) => each !== '').join('\n\n'))}\n`,
    html: html.join('\n'),
  };
}

/** A mail where the act follows its announcement at once would say the same twice; what is asked for by name is sent all the same. */
export function mailWants({ events }: MailTarget, notice: NoticeBody, noticePeriodMs: number): boolean {
  if (events.length > 0) return events.includes(notice.type);
  const { suspension } = notice.data;
  if (notice.type === 'suspension.proposed') return false;
  if (notice.type !== 'suspension.notified' || suspension === undefined) return true;
  const announcedMs =
    suspension.noticePeriodSeconds === null ? noticePeriodMs : suspension.noticePeriodSeconds * 1_000;
  return announcedMs > 0;
}

export function escapeHtml(text: string): string {
  return printable(text)
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;')
    .replaceAll("'", '&#39;');
}

/** Line ends stay; other control characters, and those that turn the direction of writing, do not. */
function printable(text: string): string {
  return text.replace(/[^\P{C}\n]/gu, '\u{FFFD}');
}
