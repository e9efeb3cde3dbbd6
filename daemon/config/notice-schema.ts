/** Who is told what Vigie does, and how: webhooks and mail. */
import Type from 'typebox';
import { Choice, Count } from '../../detectors/parameters.ts';
import { Nullable, Secret, Text } from './values.ts';

const closed = { additionalProperties: false };

/** What a notice can be about. An empty list of events means all of them. */
export const NOTICE_EVENTS = [
  'alert',
  'suspension.proposed',
  'suspension.notified',
  'suspension.active',
  'suspension.lifted',
  'suspension.expired',
  'suspension.escalated',
  'suspension.review-due',
  'plan.per-minute-billing',
  'brake.engaged',
  'brake.released',
] as const;

export const LANGUAGES: ['en', 'fr'] = ['en', 'fr'];

const events = Type.Array(Type.Enum([...NOTICE_EVENTS]), {
  description: 'Which events; empty: all that the receiver can be told.',
  default: [],
  maxItems: 32,
});

const audience = Choice(['operator', 'client'], {
  description: 'For whom the receiver is: a client is told nothing of alerts and brakes.',
  default: 'operator',
});

const Webhook = Type.Object(
  {
    url: Type.String({
      'x-kind': 'url',
      'x-secret': true,
      minLength: 1,
      maxLength: 4_096,
      description:
        'http:// or https://. May be given by urlFile: the URLs of chats are secrets. Of Alertmanager: http://…/api/v2/alerts.',
    }),
    secret: Nullable(Secret({ signing: true }), {
      description:
        'Standard Webhooks signing secret: whsec_ and Base64, at least 24 bytes. Needed for the format standard; null: not signed.',
    }),
    format: Choice(['standard', 'alertmanager', 'slack', 'teams'], {
      description:
        'Form of the body: Standard Webhooks, alerts of Alertmanager (API v2), a message for Slack, an Adaptive Card for Teams.',
      default: 'standard',
    }),
    language: Choice(LANGUAGES, { description: 'Of the texts, but for the format standard.', default: 'en' }),
    events,
    audience,
  },
  closed,
);

const Mail = Type.Object(
  {
    name: Text('word', { description: 'Unique: jobs and the delivery log name the receiver by it.' }),
    host: Text('host', { description: 'The mail server, by name or address.' }),
    port: Count({
      description: 'Its port.',
      unit: '1',
      default: 587,
      minimum: 1,
      maximum: 65_535,
    }),
    security: Choice(['starttls', 'tls', 'none'], {
      description:
        'starttls: nothing is sent before STARTTLS; tls: TLS from the start (port 465); none: in clear, for a relay on the same host.',
      default: 'starttls',
    }),
    authority: Nullable(Text('path'), {
      description:
        "Authorities as PEM that may have signed the server's certificate; null: those of the system.",
    }),
    user: Nullable(Text('line'), { description: 'User name there; null: no authentication.' }),
    password: Nullable(Secret(), { description: 'Its password; better by passwordFile.' }),
    from: Text('mailbox', { description: 'Sender: address@example.net, or Name <address@example.net>.' }),
    to: Text('recipient', {
      description:
        "An address, or `customer`: each customer's own, from its `email` in the directory. Customers are told what the audience client is told, whatever `audience` says.",
    }),
    language: Choice(LANGUAGES, {
      description: "Of the texts; a customer's `language` in the directory comes first.",
      default: 'en',
    }),
    events: Type.Array(Type.Enum([...NOTICE_EVENTS]), {
      description:
        'Which events; empty: all that the receiver can be told, without suspension.proposed and without suspension.notified where the act follows at once.',
      default: [],
      maxItems: 32,
    }),
    audience,
  },
  closed,
);

export const NoticesSchema = Type.Object(
  {
    webhooks: Type.Array(Webhook, {
      description: 'Who is told, by POST (docs/notices.md).',
      default: [],
      maxItems: 32,
    }),
    mail: Type.Array(Mail, {
      description: 'Who is told by mail (docs/notices.md).',
      default: [],
      maxItems: 32,
    }),
  },
  closed,
);

const contact = (language: string) =>
  Nullable(Text('text'), {
    description: `Whom a client calls or writes to, and when, in ${language}: stands in notices by mail.`,
  });

/** Who runs this: stands in notices and dossiers. */
export const OperatorSchema = Type.Object(
  {
    name: Nullable(Text('line'), { description: 'Name of the operator, as in its contracts.' }),
    address: Nullable(Text('text'), { description: 'Its address and registration: stands in dossiers.' }),
    contact: Type.Object({ en: contact('English'), fr: contact('French') }, closed),
  },
  closed,
);
