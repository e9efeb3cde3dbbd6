import { canonicalJson, type Dossier, type Entry } from './chain.ts';

/** The dossier as a page that prints on A4. Made of the dossier alone: the same dossier gives the same page. */
export function dossierPage(dossier: Dossier): string {
  const of = (kind: string) => dossier.entries.filter((entry) => entry.kind === kind);
  const [cover] = of('dossier');
  const { about, operator, exportedAt, exportedBy, complete } = (cover?.data ?? {}) as Cover;
  const title = `Dossier: ${text(about?.['kind'])} ${text(about?.['id'])}`;
  return `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>${escaped(title)}</title><style>${STYLE}</style></head><body>
<header><p>${escaped(text(operator?.['name']) || 'Vigie')}</p><p class="address">${escaped(text(operator?.['address']))}</p></header>
<h1>${escaped(title)}</h1>
${fields([
  ...Object.entries(about ?? {}).filter(([name]) => !['kind', 'id'].includes(name)),
  ['exported', exportedAt],
  ['exported by', exportedBy],
  ['complete', complete === false ? 'no: some entries were too many to be included' : 'yes'],
  ['entries', dossier.entries.length],
  ['head of the chain', dossier.head],
])}
<p class="note">Times are UTC. Each entry carries a SHA-256 hash over itself and the hash before; the head is the last of them and was
recorded in the audit of the daemon when this dossier was made. <code>vigie dossier verify</code> checks this file.</p>
${section('Subject', of('subject').map(card))}
${section('Contract, clause and rule', of('rule').map(card))}
${section('Suspensions', of('suspension').map(suspension))}
${section('Findings', [findings(of('finding'))])}
${section('Acts', [acts(of('act'))])}
${section('Calls', [calls(of('call')), ...of('call').map(messages)])}
${section('Notices', [notices(of('notice'))])}
${section('Chain', [chain(dossier.entries)])}
<script type="application/json" id="dossier">${JSON.stringify(dossier).replaceAll('<', '\\u003c')}</script>
</body></html>
`;
}

/** The dossier inside a page, undefined where there is none that JSON could be. */
export function dossierInPage(page: string): unknown {
  const begin = '<script type="application/json" id="dossier">';
  const from = page.lastIndexOf(begin);
  const to = page.indexOf('</script>', from);
  if (from < 0 || to < 0) return undefined;
  try {
    return JSON.parse(page.slice(from + begin.length, to));
  } catch {
    return undefined;
  }
}

type Data = Readonly<Record<string, unknown>>;

interface Cover {
  readonly about?: Data;
  readonly operator?: Data;
  readonly exportedAt?: unknown;
  readonly exportedBy?: unknown;
  readonly complete?: unknown;
}

const STYLE = `
@page { size: A4; margin: 18mm 16mm 20mm; @bottom-right { content: "Page " counter(page) " of " counter(pages); font: 8pt sans-serif }
  @bottom-left { content: "Vigie dossier"; font: 8pt sans-serif } }
body { font: 9.5pt/1.4 system-ui, sans-serif; color: #111; max-width: 178mm; margin: 0 auto; overflow-wrap: anywhere }
header { border-bottom: 1.5pt solid #111; display: flex; justify-content: space-between; gap: 2em } header p { margin: 0 0 4pt; font-weight: 600 }
header .address { font-weight: 400; white-space: pre-line; text-align: right }
h1 { font-size: 13pt; margin: 12pt 0 6pt } h2 { font-size: 11.5pt; margin: 14pt 0 4pt; border-bottom: .5pt solid #888; break-after: avoid }
h3 { font-size: 9.5pt; margin: 8pt 0 2pt; break-after: avoid }
table { border-collapse: collapse; width: 100%; margin: 0 0 6pt; table-layout: fixed; font-size: 8.2pt } thead { display: table-header-group }
tr { break-inside: avoid } th, td { text-align: left; vertical-align: top; padding: 1.5pt 4pt 1.5pt 0; border-bottom: .3pt solid #ccc }
thead th { border-bottom: .8pt solid #555; overflow-wrap: normal } table.fields { font-size: 9pt; break-inside: avoid } table.fields th { width: 38mm; font-weight: 600 }
code, .mono { font-family: ui-monospace, monospace; font-size: 7.6pt } .note { color: #333; font-size: 8.5pt }
@media screen { body { padding: 12mm } }`;

function section(title: string, parts: readonly string[]): string {
  const all = parts.filter((part) => part !== '');
  return all.length === 0 ? '' : `<section><h2>${title}</h2>\n${all.join('\n')}</section>`;
}

function fields(rows: readonly (readonly [string, unknown])[]): string {
  const shown = rows.filter(([, value]) => value !== null && value !== undefined && value !== '');
  return `<table class="fields"><tbody>${shown
    .map(([name, value]) => `<tr><th>${escaped(spaced(name))}</th><td>${escaped(text(value))}</td></tr>`)
    .join('')}</tbody></table>`;
}

function card({ n, data }: Entry): string {
  const { current, sites, ...rest } = data as Data;
  const parameters = (current as Data | undefined)?.['parameters'];
  return fields([
    ...Object.entries(rest).filter(([, value]) => !(Array.isArray(value) && value.length === 0)),
    ...(parameters === undefined ? [] : [['parameters now', plainParameters(parameters)] as const]),
    ...(Array.isArray(sites) && sites.length > 0 ? [['sites', sites] as const] : []),
    ['entry', n],
  ]);
}

function plainParameters(parameters: unknown): Data {
  return Object.fromEntries(
    Object.entries(parameters as Readonly<Record<string, { value?: unknown }>>).map(([name, { value }]) => [
      name,
      value,
    ]),
  );
}

function suspension({ n, data }: Entry): string {
  const s = data as Data;
  const measured =
    s['value'] === null
      ? null
      : `${text(s['value'])} ${text(s['unit'])}, limit ${text(s['limit'])}${s['windowSeconds'] ? `, in ${text(s['windowSeconds'])} s` : ''}`;
  const subject = s['subject'] as Data;
  return `<h3>${escaped(text(s['id']))}</h3>${fields([
    ['subject', `${text(subject['kind'])} ${text(subject['id'])}`],
    ['state', s['state']],
    ['effect', s['effect']],
    ['clause', s['clause']],
    ['rule', s['rule']],
    ['policy', `${text(s['policy'])} ${text(s['policyVersion'])}`],
    ['measured', measured],
    ['reason', s['reason']],
    ['by', s['by']],
    ['mode', s['mode']],
    ...['proposedAt', 'notifiedAt', 'activeAt', 'until', 'escalatedAt', 'expiredAt'].map(
      (name) => [name, s[name]] as const,
    ),
    [
      'lifted',
      s['liftedAt'] ? `${text(s['liftedAt'])} by ${text(s['liftedBy'])}: ${text(s['liftReason'])}` : null,
    ],
    ['repeats', s['repeats']],
    ['entry', n],
  ])}`;
}

function findings(entries: readonly Entry[]): string {
  return table(
    [
      ['At', 24],
      ['Rule, clause', 30],
      ['Subject', 18],
      ['Measured', 20],
      ['Limit', 12],
      ['What became of it', 18],
      ['Entry', 10],
    ],
    entries.map(({ n, data }) => {
      const alert = data as Data;
      const f = alert['finding'] as Data;
      const subject = f['subject'] as Data;
      const measured = `${text(f['value'])} ${text(f['unit'])}${f['windowSeconds'] ? ` in ${text(f['windowSeconds'])} s` : ''}`;
      const what = [text(alert['kind']), text(alert['note'])].filter(Boolean).join(': ');
      return [
        f['at'],
        `${text(f['rule'])}, ${text(f['clause'])}`,
        subject['id'],
        measured,
        f['limit'],
        what,
        n,
      ];
    }),
  );
}

function acts(entries: readonly Entry[]): string {
  return table(
    [
      ['At', 24],
      ['Who', 18],
      ['What', 40],
      ['Why', 40],
      ['Entry', 10],
    ],
    entries.map(({ n, data }) => {
      const act = data as Data;
      const what =
        act['kind'] === 'request'
          ? `${text(act['method'])} ${text(act['path'])}: ${text(act['status'])}`
          : `${text(act['callId'] ? `call ${text(act['callId'])}: ` : '')}${text(act['from'])} → ${text(act['to'])}`;
      return [act['at'], act['by'], what, act['kind'] === 'request' ? act['body'] : act['reason'], n];
    }),
  );
}

function calls(entries: readonly Entry[]): string {
  return table(
    [
      ['Call-ID', 44],
      ['Started', 24],
      ['Answered', 24],
      ['Number', 22],
      ['Seconds', 15],
      ['Known from', 16],
      ['Entry', 10],
    ],
    entries.map(({ n, data }) => {
      const call = data as Data;
      return [
        call['callId'],
        call['startedAt'],
        call['answeredAt'],
        call['called'],
        call['durationSeconds'],
        call['from'],
        n,
      ];
    }),
  );
}

function messages({ data }: Entry): string {
  const { callId, messages, messagesOmitted } = data as Data;
  const kept = (messages ?? []) as readonly Data[];
  if (kept.length === 0) return '';
  const rows = kept.map(({ at, line, source }) => [at, source, line]);
  const more =
    Number(messagesOmitted) > 0
      ? `<p class="note">${text(messagesOmitted)} further messages were not kept.</p>`
      : '';
  return `<h3>Messages of ${escaped(text(callId))}</h3>${table(
    [
      ['At', 26],
      ['From', 30],
      ['Start line', 90],
    ],
    rows,
  )}${more}`;
}

function notices(entries: readonly Entry[]): string {
  return table(
    [
      ['At', 24],
      ['Event', 28],
      ['Receiver', 24],
      ['Outcome', 20],
      ['Notice', 44],
      ['Entry', 10],
    ],
    entries.map(({ n, data }) => {
      const notice = data as Data;
      const status = text(notice['status']);
      const outcome = `${text(notice['outcome'])}${status === '' ? '' : ` (${status})`}`;
      return [notice['at'], notice['event'], notice['target'], outcome, notice['id'], n];
    }),
  );
}

function chain(entries: readonly Entry[]): string {
  return table(
    [
      ['Entry', 10],
      ['Kind', 22],
      ['SHA-256', 140],
    ],
    entries.map(({ n, kind, hash }) => [n, kind, hash]),
    'mono',
  );
}

/** Widths are shares of the page's. */
function table(
  columns: readonly (readonly [title: string, width: number])[],
  rows: readonly (readonly unknown[])[],
  style = '',
): string {
  if (rows.length === 0) return '';
  const total = columns.reduce((sum, [, width]) => sum + width, 0);
  const heads = columns.map(
    ([title, width]) => `<th style="width:${((width / total) * 100).toFixed(1)}%">${title}</th>`,
  );
  const body = rows.map((row) => `<tr>${row.map((cell) => `<td>${escaped(text(cell))}</td>`).join('')}</tr>`);
  return `<table class="${style}"><thead><tr>${heads.join('')}</tr></thead><tbody>${body.join('')}</tbody></table>`;
}

function spaced(name: string): string {
  return name.replace(
    /([a-z])([A-Z])/g,
    (_, before: string, after: string) => `${before} ${after.toLowerCase()}`,
  );
}

function text(value: unknown): string {
  if (value === null || value === undefined) return '';
  if (typeof value === 'string')
    return /^\d{4}-\d\d-\d\dT[\d:.]+Z$/.test(value) ? value.replace('T', ' ').replace(/\.000Z$/, 'Z') : value;
  if (typeof value !== 'object') return String(value);
  if (Array.isArray(value) && value.every((each) => typeof each !== 'object')) return value.join(', ');
  return canonicalJson(value);
}

function escaped(content: string): string {
  return content
    .replace(/[^\P{C}\n]/gu, '\u{FFFD}')
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;');
}
