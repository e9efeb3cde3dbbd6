import { readFile } from 'node:fs/promises';
import MailComposer from 'nodemailer/lib/mail-composer';
import SMTPConnection from 'nodemailer/lib/smtp-connection';
import type { MailTarget } from './config.ts';
import type { Delivery } from './webhooks.ts';

export interface Mail {
  /** The same over all attempts: the Message-ID is made of it. `[A-Za-z0-9._-]{1,256}`. */
  readonly id: string;
  readonly to: string;
  readonly subject: string;
  readonly text: string;
  readonly html: string;
  readonly language: string;
  /** When what it tells of happened. */
  readonly atMs: number;
}

/** Authentication that is refused is a matter of the configuration: mails wait for it to be put right. */
const AUTHENTICATION = new Set([530, 534, 535, 538]);

/** Hands mails to a mail server (RFC 5321), each in a conversation of its own. */
export class MailSender {
  readonly #timeoutMs: number;
  readonly #open = new Set<SMTPConnection>();

  /** `timeoutMs`: for the whole conversation. */
  constructor(options: { readonly timeoutMs: number }) {
    this.#timeoutMs = options.timeoutMs;
  }

  /** `gone`: the server will never take this mail (5xx to sender, receiver or content). `status`: its last reply code. */
  async send(target: MailTarget, mail: Mail): Promise<Delivery> {
    const begun = performance.now();
    try {
      await this.#converse(target, mail);
      return { delivered: true, gone: false, status: 250, latencyMs: performance.now() - begun, error: '' };
    } catch (error) {
      const { responseCode = null, command = '', message } = error as Refusal;
      const final = /^(MAIL FROM|RCPT TO|DATA)/.test(command) && !AUTHENTICATION.has(responseCode ?? 0);
      return {
        delivered: false,
        gone: final && responseCode !== null && responseCode >= 500,
        status: responseCode,
        latencyMs: performance.now() - begun,
        error: withoutAddresses(message),
      };
    }
  }

  /** Cuts conversations short; their mails are not delivered. */
  close(): void {
    for (const connection of this.#open) connection.close();
  }

  async #converse(target: MailTarget, mail: Mail): Promise<void> {
    const { host, port, security, authority, user, password, from } = target;
    const message = await compose(target, mail);
    const connection = new SMTPConnection({
      host,
      port,
      secure: security === 'tls',
      requireTLS: security === 'starttls',
      ignoreTLS: security === 'none',
      name: domainOf(from.address),
      tls: { minVersion: 'TLSv1.2', ...(authority === null ? {} : { ca: await readFile(authority) }) },
      connectionTimeout: this.#timeoutMs,
      greetingTimeout: this.#timeoutMs,
      dnsTimeout: this.#timeoutMs,
      socketTimeout: this.#timeoutMs,
      socketCloseTimeout: 0,
      maxResponseSize: 65_536,
    });
    this.#open.add(connection);
    let timer: NodeJS.Timeout | undefined;
    try {
      await new Promise<void>((resolve, reject) => {
        timer = setTimeout(
          () => reject(new Error(`the server took longer than ${this.#timeoutMs} ms`)),
          this.#timeoutMs,
        );
        connection.once('error', reject);
        connection.once('end', () => reject(new Error('the connection was closed')));
        const send = () =>
          connection.send({ from: from.address, to: [mail.to] }, message, (error) =>
            error ? reject(error) : resolve(),
          );
        connection.connect((error) => {
          if (error) return reject(error);
          if (user === null) return send();
          return connection.login({ user, pass: password ?? '' }, (refused) =>
            refused ? reject(refused) : send(),
          );
        });
      });
      connection.quit();
    } finally {
      clearTimeout(timer);
      // What comes after is of no interest, and must not be thrown.
      connection.on('error', () => undefined);
      setImmediate(() => {
        connection.close();
        this.#open.delete(connection);
      });
    }
  }
}

interface Refusal extends Error {
  readonly responseCode?: number;
  readonly command?: string;
}

/** The message with its headers; what people wrote is encoded (RFC 2047), so that no line end in it begins a header. */
async function compose({ from }: MailTarget, mail: Mail): Promise<Buffer> {
  const composer = new MailComposer({
    from: { name: from.name, address: from.address },
    to: { name: '', address: mail.to },
    subject: oneLine(mail.subject),
    text: mail.text,
    html: mail.html,
    date: new Date(mail.atMs),
    messageId: messageIdOf(mail.id, from.address),
    headers: {
      // RFC 3834: no vacation message answers it.
      'Auto-Submitted': 'auto-generated',
      'Content-Language': mail.language,
    },
    disableFileAccess: true,
    disableUrlAccess: true,
    xMailer: false,
  });
  return composer.compile().build();
}

/** Stable: a mail that comes twice carries the same (RFC 5322, 3.6.4). */
export function messageIdOf(id: string, from: string): string {
  return `<${id}@${domainOf(from)}>`;
}

function domainOf(address: string): string {
  return address.slice(address.lastIndexOf('@') + 1);
}

function oneLine(text: string): string {
  return text.replace(/\p{C}+/gu, ' ').slice(0, 250);
}

/** Servers repeat the address in what they answer; the log is no place for it. */
function withoutAddresses(text: string): string {
  return text.replace(/[^\s<>@]+@([^\s<>]+)/g, '…@$1');
}
