/** Notices by mail, from a finding to a mail server: a real conversation, by STARTTLS and with a password. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, afterEach, before, describe, test } from 'node:test';
import { Redis } from 'ioredis';
import type { MailTarget } from '../../daemon/enforcement/config.ts';
import type { CustomerContact } from '../../daemon/enforcement/notices.ts';
import { type Authority, authority, type Signed } from '../harness/certificates.ts';
import { freePort } from '../harness/ports.ts';
import { startRedis, type TestRedis } from '../harness/redis.ts';
import {
  type ReceivedMail,
  type SmtpServer,
  type SmtpServerOptions,
  startSmtpServer,
} from '../harness/smtp-server.ts';
import { delivery, finding, type Running, startEnforcement, until } from './setting.ts';

interface ParsedMail {
  readonly headers: Readonly<Record<string, string>>;
  readonly names: readonly string[];
  readonly text: string;
  readonly html: string;
}

describe('mail', () => {
  let server: TestRedis;
  let redis: Redis;
  let directory = '';
  let ours: Authority;
  let signed: Signed;
  let smtp: SmtpServer | null = null;
  let running: Running | null = null;

  before(async () => {
    directory = mkdtempSync(join(tmpdir(), 'vigie-mail-'));
    ours = authority(directory, 'authority');
    signed = ours.sign('mail.test');
    server = await startRedis();
    redis = new Redis(server.url);
  });
  afterEach(async () => {
    await running?.stop();
    running = null;
    await smtp?.close();
    smtp = null;
    await redis.flushall();
  });
  after(async () => {
    redis.disconnect();
    await server.remove();
    rmSync(directory, { recursive: true });
  });

  const start = async (options: Partial<SmtpServerOptions> = {}): Promise<SmtpServer> => {
    smtp = await startSmtpServer({ ...signed, credentials: 'vigie:secret', ...options });
    return smtp;
  };
  const receiver = (port: number, more: Partial<MailTarget> = {}): MailTarget => ({
    name: 'noc',
    host: '127.0.0.1',
    port,
    security: 'starttls',
    authority: ours.certificate,
    user: 'vigie',
    password: 'secret',
    from: { name: 'Vigie, Opérateur', address: 'vigie@operator.example' },
    to: 'noc@operator.example',
    language: 'en',
    audience: 'operator',
    events: ['suspension.active'],
    ...more,
  });
  const begin = async (
    mails: readonly MailTarget[],
    customers?: (id: string) => CustomerContact | null,
    timeoutMs = delivery.timeoutMs,
  ) => {
    running = await startEnforcement(
      server.url,
      {
        mails,
        delivery: { ...delivery, timeoutMs },
        operator: {
          name: 'Télécom Exemple',
          contact: { en: 'Call 3900, 9 to 18.', fr: 'Appelez le 3900,\nde 9 h à 18 h.' },
          timezone: 'Europe/Paris',
        },
      },
      customers === undefined ? {} : { customers },
    );
    return running;
  };
  const log = async () => {
    const entries = await redis.xrange('vigie:deliveries', '-', '+');
    return entries.map(([, fields]) => {
      const value = (name: string) => fields[fields.indexOf(name) + 1]!;
      return [value('status'), value('outcome')] as const;
    });
  };
  /** Read by Python's library, not by ours. */
  const parsed = ({ content }: ReceivedMail): ParsedMail => {
    const script = `import sys,json,email,email.policy
m=email.message_from_bytes(sys.stdin.buffer.read(),policy=email.policy.default)
print(json.dumps({'headers':{k:str(v).strip() for k,v in m.items()},'names':m.keys(),'text':m.get_body(('plain',)).get_content(),'html':m.get_body(('html',)).get_content()}))`;
    return JSON.parse(
      execFileSync('python3', ['-c', script], {
        input: Buffer.from(content, 'latin1'),
        encoding: 'utf8',
      }).replaceAll('\\r\\n', '\\n'),
    );
  };

  test('by STARTTLS and with a password, in French, with all that the letter owes', async () => {
    const mailbox = await start();
    const { enforcement } = await begin([receiver(mailbox.port, { to: null, audience: 'client' })], (id) =>
      id === 'acme' ? { email: 'direction@acme.example', language: 'fr', timezone: null } : null,
    );
    enforcement.onFinding(finding('0199000001', { atMs: Date.UTC(2026, 10, 22, 10) }));
    await until('a mail', () => mailbox.received.length === 1);
    const [mail] = mailbox.received;
    assert.deepEqual(
      [mail!.from, mail!.to, mail!.encrypted, mail!.credentials],
      ['vigie@operator.example', ['direction@acme.example'], true, 'vigie:secret'],
    );
    assert.equal(
      mailbox.commands.indexOf('STARTTLS') < mailbox.commands.findIndex((line) => /^AUTH/.test(line)),
      true,
    );
    // Nothing but ASCII is in the headers (RFC 5322, 2.2).
    assert.doesNotMatch(mail!.content.split('\r\n\r\n')[0]!, /[^\x20-\x7e\r\n]/);
    const { headers, text, html } = parsed(mail!);
    assert.equal(headers['Subject'], 'Suspension: line 0199000001');
    assert.match(headers['From']!, /Vigie, Opérateur.*<vigie@operator\.example>/);
    assert.equal(headers['Auto-Submitted'], 'auto-generated');
    const [suspension] = (await enforcement.list()).items;
    assert.equal(headers['Message-ID'], `<suspension.active-${suspension!.id}-noc@operator.example>`);
    assert.match(
      text,
      /^Bonjour,\n\nLes appels sortants de la ligne 0199000001 sont suspendus depuis le \d+ \p{L}+ \d{4} à [\d:]+ UTC\+[12]\.\n/u,
    );
    for (const part of [
      /Clause: +CMI general terms 12\.1/,
      /Mesuré: +31 transactions\/s/,
      /Limite: +30 transactions\/s/,
      /Période: +1 s/,
      /Les numéros d’urgence restent joignables et les appels entrants continuent d’arriver\./,
      /Comment obtenir le rétablissement/,
      /Contact\nAppelez le 3900,\nde 9 h à 18 h\./,
      /Télécom Exemple/,
    ]) {
      assert.match(text, part);
    }
    assert.match(html, /Appelez le 3900,<br>de 9 h à 18 h\./);
    // A client is told no Call-ID.
    assert.doesNotMatch(text, /a@host/);
    await until('logged', async () => (await log()).length === 1);
    assert.deepEqual(await log(), [['250', 'delivered']]);
  });

  test('refused for now twice, then taken: one Message-ID', async () => {
    const mailbox = await start();
    mailbox.answers.push(
      { command: 'RCPT', reply: '451 4.7.1 greylisted' },
      { command: 'end of data', reply: '452 4.3.1 full' },
    );
    const { enforcement } = await begin([receiver(mailbox.port)]);
    enforcement.onFinding(finding('0199000001'));
    await until('logged', async () => (await log()).length === 3);
    assert.deepEqual(await log(), [
      ['451', 'retried'],
      ['452', 'retried'],
      ['250', 'delivered'],
    ]);
    assert.equal(mailbox.received.length, 1);
    const { items } = await enforcement.deliveries();
    await until('sent again', async () => (await enforcement.replayDelivery(items[0]!.id)) === 'queued');
    await until('twice', () => mailbox.received.length === 2);
    const [first, second] = mailbox.received.map((mail) => parsed(mail));
    assert.equal(second!.headers['Message-ID'], first!.headers['Message-ID']);
    assert.equal(second!.headers['Date'], first!.headers['Date']);
    assert.equal(second!.text, first!.text);
  });

  test('refused for good: asked once; the address is not in the log', async () => {
    const mailbox = await start();
    mailbox.answers.push({ command: 'RCPT', reply: '550 5.1.1 <noc@operator.example> unknown' });
    const { enforcement, logged } = await begin([receiver(mailbox.port)]);
    enforcement.onFinding(finding('0199000001'));
    await until('logged', () => logged.includes('notice.failed'));
    assert.deepEqual(await log(), [['550', 'failed']]);
    const { items } = await enforcement.deliveries();
    assert.match(items[0]!.error, /550 5\.1\.1 <…@operator\.example> unknown/);
    assert.equal(mailbox.commands.filter((line) => line.startsWith('RCPT')).length, 1);
  });

  test('a wrong password is a matter of the configuration: asked again to the last attempt', async () => {
    const mailbox = await start();
    const { enforcement, logged } = await begin([receiver(mailbox.port, { password: 'wrong' })]);
    enforcement.onFinding(finding('0199000001'));
    await until('given up', () => logged.includes('notice.failed'));
    assert.deepEqual(
      (await log()).map(([status, outcome]) => `${status} ${outcome}`),
      ['535 retried', '535 retried', '535 retried', '535 failed'],
    );
    assert.equal(mailbox.received.length, 0);
  });

  test('no STARTTLS, or a certificate of others: no password and no mail goes out', async () => {
    const mailbox = await start({ startTls: false });
    const stranger = authority(directory, 'stranger');
    const other = await startSmtpServer({ ...stranger.sign('strange.test'), credentials: 'vigie:secret' });
    const { enforcement, logged } = await begin([
      receiver(mailbox.port, { name: 'clear' }),
      receiver(other.port, { name: 'strange' }),
    ]);
    enforcement.onFinding(finding('0199000001'));
    await until('given up', () => logged.filter((event) => event === 'notice.failed').length === 2);
    const said = [...mailbox.commands, ...other.commands];
    assert.ok(said.length > 0);
    assert.deepEqual(
      said.filter((line) => /^(AUTH|MAIL|RCPT|DATA)/.test(line)),
      [],
    );
    await other.close();
  });

  test('a closed port and a server that says nothing: asked again, and logged with the reason', async () => {
    const silent = await start();
    for (let i = 0; i < 4; i++) silent.answers.push({ command: 'connect', reply: 'hang' });
    const { enforcement, logged } = await begin(
      [receiver(await freePort(), { name: 'closed' }), receiver(silent.port, { name: 'silent' })],
      undefined,
      500,
    );
    enforcement.onFinding(finding('0199000001'));
    await until('given up', () => logged.filter((event) => event === 'notice.failed').length === 2);
    const { items } = await enforcement.deliveries();
    const errors = (name: string) => items.filter(({ target }) => target === name).map(({ error }) => error);
    assert.equal(errors('closed').length, 4);
    for (const error of errors('closed')) assert.match(error, /ECONNREFUSED/);
    assert.equal(errors('silent').length, 4);
    for (const error of errors('silent')) assert.match(error, /Greeting never received|longer than/);
  });

  test('a customer without an address, or unknown, costs a line in the log and no mail', async () => {
    const mailbox = await start();
    const { enforcement, logged, settled } = await begin([receiver(mailbox.port, { to: null })], () => null);
    enforcement.onFinding(finding('0199000001'));
    await settled();
    assert.ok(logged.includes('notice.no-address'));
    assert.equal(await redis.xlen('vigie:deliveries'), 0);
    assert.equal(mailbox.commands.length, 0);
  });

  test('what others wrote begins no header, no line of SMTP and no tag', async () => {
    const mailbox = await start();
    const { enforcement } = await begin([receiver(mailbox.port)]);
    const nasty =
      "Bob\r\nBcc: all@example.org\r\n\r\n.\r\nMAIL FROM:<x@example.org>\r\n<script>alert('1')</script>";
    enforcement.onFinding(
      finding('0199000001', { clause: nasty, rule: 'x.y', customer: nasty, evidence: { callIds: [nasty] } }),
    );
    await until('a mail', () => mailbox.received.length === 1);
    assert.equal(mailbox.commands.filter((line) => line.startsWith('MAIL')).length, 1);
    const { names, text, html } = parsed(mailbox.received[0]!);
    assert.deepEqual(
      names.filter((name) => /bcc/i.test(name)),
      [],
    );
    assert.match(text, /Bcc: all@example\.org/);
    assert.doesNotMatch(html, /<script/);
    assert.deepEqual(mailbox.received[0]!.to, ['noc@operator.example']);
  });

  test('all events: who is told at once is not told that he will be told', async () => {
    const mailbox = await start();
    const { enforcement } = await begin([receiver(mailbox.port, { events: [] })]);
    enforcement.onFinding(finding('0199000001'));
    enforcement.onBrake({ engaged: true, reason: 'a wave', atMs: Date.now() });
    enforcement.onFinding(finding('0199000002', { action: 'alert' }));
    await until('three mails', () => mailbox.received.length === 3);
    const subjects = mailbox.received.map((mail) => parsed(mail).headers['Subject']).toSorted();
    assert.deepEqual(subjects, [
      'Alert cmi.transaction-rate: line 0199000002',
      'Enforcement stopped',
      'Suspension: line 0199000001',
    ]);
  });
});
