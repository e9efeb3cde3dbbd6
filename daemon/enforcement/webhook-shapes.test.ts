import assert from 'node:assert/strict';
import { test } from 'node:test';
import Type, { type TSchema } from 'typebox';
import Value from 'typebox/value';
import { type Letter, letterOf, type NoticeBody } from './notice-letter.ts';
import { shapedBody } from './webhook-shapes.ts';

const closed = { additionalProperties: false };
const text = (maxLength: number, type: string) =>
  Type.Object(
    {
      type: Type.Literal(type),
      text: Type.String({ minLength: 1, maxLength }),
      emoji: Type.Optional(Type.Boolean()),
    },
    closed,
  );

/** Slack's reference of Block Kit: header, section, context, with its limits. */
const Slack = Type.Object(
  {
    text: Type.String({ minLength: 1 }),
    blocks: Type.Array(
      Type.Union([
        Type.Object({ type: Type.Literal('header'), text: text(150, 'plain_text') }, closed),
        Type.Object({ type: Type.Literal('section'), text: text(3_000, 'mrkdwn') }, closed),
        Type.Object(
          {
            type: Type.Literal('section'),
            fields: Type.Array(text(2_000, 'mrkdwn'), { minItems: 1, maxItems: 10 }),
          },
          closed,
        ),
        Type.Object(
          { type: Type.Literal('context'), elements: Type.Array(text(3_000, 'mrkdwn'), { maxItems: 10 }) },
          closed,
        ),
      ]),
      { maxItems: 50 },
    ),
  },
  closed,
);

const Run = Type.Object(
  {
    type: Type.Literal('TextRun'),
    text: Type.String({ minLength: 1 }),
    size: Type.Optional(Type.Enum(['Default', 'Small', 'Medium', 'Large', 'ExtraLarge'])),
    weight: Type.Optional(Type.Enum(['Default', 'Lighter', 'Bolder'])),
    isSubtle: Type.Optional(Type.Boolean()),
  },
  closed,
);

/** A message of Teams with an Adaptive Card 1.4. */
const Teams = Type.Object(
  {
    type: Type.Literal('message'),
    attachments: Type.Array(
      Type.Object(
        {
          contentType: Type.Literal('application/vnd.microsoft.card.adaptive'),
          contentUrl: Type.Null(),
          content: Type.Object(
            {
              $schema: Type.Literal('http://adaptivecards.io/schemas/adaptive-card.json'),
              type: Type.Literal('AdaptiveCard'),
              version: Type.Literal('1.4'),
              body: Type.Array(
                Type.Object(
                  {
                    type: Type.Literal('RichTextBlock'),
                    inlines: Type.Array(Run, { minItems: 1 }),
                    spacing: Type.Optional(Type.String()),
                    separator: Type.Optional(Type.Boolean()),
                  },
                  closed,
                ),
              ),
            },
            closed,
          ),
        },
        closed,
      ),
      { minItems: 1, maxItems: 1 },
    ),
  },
  closed,
);

const nasty = '<!channel> <https://x.example|click> *bold* [a](https://x.example)\r\n\u202Eend';

const suspension = {
  id: '01a204d2-16de-7c52-a49d-dbb7cc18df53',
  subject: { kind: 'line', id: '0199000001' },
  customer: 'acme',
  rule: 'cmi.transaction-rate',
  policy: 'cmi',
  clause: nasty,
  effect: 'block',
  value: 31,
  limit: 30,
  unit: 'transactions/s',
  windowSeconds: 1,
  reason: 'x',
  proposedAt: '2026-11-22T10:00:00.000Z',
  activeAt: '2026-11-22T10:00:01.000Z',
  until: null,
  liftedAt: null,
  expiredAt: null,
  liftReason: null,
  noticePeriodSeconds: null,
  reinstatement: { fee: '60 EUR', guarantee: true },
  evidence: { callIds: [nasty.repeat(100)] },
} as const;

const notice = (type: NoticeBody['type'], change: object = {}): NoticeBody => ({
  type,
  timestamp: '2026-11-22T10:00:02.000Z',
  data: { audience: 'operator', suspension: { ...suspension, ...change } },
});
const brake = (type: 'brake.engaged' | 'brake.released'): NoticeBody => ({
  type,
  timestamp: '2026-11-22T10:00:02.000Z',
  data: { audience: 'operator', reason: nasty },
});
const letter = (body: NoticeBody): Letter =>
  letterOf(body, {
    language: 'fr',
    timezone: 'Europe/Paris',
    noticePeriodMs: 0,
    operator: 'Télécom Exemple',
    contact: null,
  });
const all = [
  notice('suspension.notified', { activeAt: null }),
  notice('suspension.active'),
  notice('suspension.lifted', { liftedAt: '2026-11-22T11:00:00.000Z', liftReason: nasty, liftedBy: 'Ana' }),
  brake('brake.engaged'),
  brake('brake.released'),
];

function assertForm(schema: TSchema, value: unknown): void {
  assert.deepEqual(
    Value.Errors(schema, value).map(({ instancePath, message }) => `${instancePath} ${message}`),
    [],
  );
}

test('Slack: the documented blocks; nothing mentions a channel or makes a link', () => {
  for (const body of all) {
    const message = shapedBody('slack', body, letter(body));
    assertForm(Slack, message);
    assert.doesNotMatch(JSON.stringify(message).replaceAll('\\n', ''), /<!channel|<https/);
  }
});

test('Teams: an Adaptive Card whose texts know no Markdown, below 28 kB', () => {
  for (const body of all) {
    const message = shapedBody('teams', body, letter(body));
    assertForm(Teams, message);
    assert.ok(JSON.stringify(message).length < 28_000);
  }
});

test('Alertmanager: one identity from the beginning to the end; none before the act', () => {
  const [announced, begun, ended] = all.map(
    (body) => shapedBody('alertmanager', body, letter(body)) as never,
  );
  assert.equal(announced, null);
  type Alert = { labels: Record<string, string>; startsAt: string; endsAt: string };
  const [first, last] = [(begun as unknown as Alert[])[0]!, (ended as unknown as Alert[])[0]!];
  assert.deepEqual(first.labels, {
    alertname: 'VigieSuspension',
    severity: 'warning',
    rule: 'cmi.transaction-rate',
    effect: 'block',
    subject_kind: 'line',
    suspension: suspension.id,
  });
  assert.deepEqual(last.labels, first.labels);
  assert.equal(first.startsAt, last.startsAt);
  assert.equal(last.endsAt, '2026-11-22T11:00:00.000Z');
  assert.ok(first.endsAt > '2036');
});

test('a letter in French says the fee, the guarantee and the period', () => {
  const { paragraphs, facts, sections } = letter(notice('suspension.active', { clause: '12.1' }));
  assert.equal(
    paragraphs[0],
    'Les appels sortants de la ligne 0199000001 sont suspendus depuis le 22 novembre 2026 à 11:00:01 UTC+1.',
  );
  assert.deepEqual(facts.slice(0, 5), [
    ['Clause', '12.1'],
    ['Règle', 'cmi.transaction-rate'],
    ['Mesuré', '31 transactions/s'],
    ['Limite', '30 transactions/s'],
    ['Période', '1 s'],
  ]);
  assert.match(sections[1]!.text, /^Des frais de 60 EUR, une nouvelle garantie\. Répondez/);
});

test('a letter names rule and clause as the policy says them in its language', () => {
  const { facts } = letterOf(notice('suspension.active', { clause: 'general terms 12.1' }), {
    language: 'fr',
    timezone: 'Europe/Paris',
    noticePeriodMs: 0,
    operator: null,
    contact: null,
    policyWords: {
      title: (policy, rule) =>
        `${policy} ${rule}` === 'cmi cmi.transaction-rate' ? 'Plus de 30 transactions' : null,
      clause: (_, clause) => clause.replace('general terms', 'conditions générales'),
    },
  });
  assert.deepEqual(facts.slice(0, 2), [
    ['Clause', 'conditions générales 12.1'],
    ['Règle', 'Plus de 30 transactions (cmi.transaction-rate)'],
  ]);
});
