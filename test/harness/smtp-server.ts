/** A mail server of the test's own (RFC 5321, STARTTLS, AUTH PLAIN and LOGIN) that keeps what it is given. */
import { readFileSync } from 'node:fs';
import { createServer, type Socket } from 'node:net';
import { createSecureContext, TLSSocket } from 'node:tls';

export interface ReceivedMail {
  readonly from: string;
  readonly to: readonly string[];
  /** Lines end in CRLF; dots are unstuffed. */
  readonly content: string;
  readonly encrypted: boolean;
  /** `user:password`, null without authentication. */
  readonly credentials: string | null;
}

/** What the server answers next to a command; `hang`: nothing. */
export interface Answer {
  readonly command: 'connect' | 'EHLO' | 'AUTH' | 'MAIL' | 'RCPT' | 'DATA' | 'end of data';
  readonly reply: string | 'hang';
}

export interface SmtpServer {
  readonly port: number;
  readonly received: ReceivedMail[];
  /** Each is used once, by the first command that it is for. */
  readonly answers: Answer[];
  /** Commands in the order of arrival, over all connections. */
  readonly commands: string[];
  close(): Promise<void>;
}

export interface SmtpServerOptions {
  readonly certificate: string;
  readonly key: string;
  /** False: STARTTLS is not offered. */
  readonly startTls?: boolean;
  /** What it asks for, `user:password`. */
  readonly credentials?: string;
}

export async function startSmtpServer(options: SmtpServerOptions): Promise<SmtpServer> {
  const received: ReceivedMail[] = [];
  const answers: Answer[] = [];
  const commands: string[] = [];
  const sockets = new Set<Socket>();
  const context = createSecureContext({
    cert: readFileSync(options.certificate),
    key: readFileSync(options.key),
  });
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
    socket.on('error', () => undefined);
    new Conversation(socket, options, { received, answers, commands }, (plain) => {
      const secure = new TLSSocket(plain, { isServer: true, secureContext: context });
      secure.on('error', () => undefined);
      return secure;
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    port: (server.address() as { port: number }).port,
    received,
    answers,
    commands,
    close: async () => {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

type State = Pick<SmtpServer, 'received' | 'answers' | 'commands'>;

class Conversation {
  #socket: Socket;
  readonly #options: SmtpServerOptions;
  readonly #state: State;
  readonly #encrypt: (socket: Socket) => Socket;
  #text = '';
  #from = '';
  #to: string[] = [];
  #inData = false;
  #encrypted = false;
  #credentials: string | null = null;
  /** Of AUTH LOGIN: what is awaited. */
  #login: string[] | null = null;

  constructor(socket: Socket, options: SmtpServerOptions, state: State, encrypt: (socket: Socket) => Socket) {
    this.#socket = socket;
    this.#options = options;
    this.#state = state;
    this.#encrypt = encrypt;
    this.#listen();
    this.#answer('connect', '220 test ESMTP');
  }

  readonly #onData = (chunk: Buffer): void => {
    this.#text += chunk.toString('latin1');
    for (;;) {
      const end = this.#inData ? this.#text.indexOf('\r\n.\r\n') : this.#text.indexOf('\r\n');
      if (end < 0) return;
      const piece = this.#text.slice(0, end);
      this.#text = this.#text.slice(end + (this.#inData ? 5 : 2));
      if (this.#inData) this.#message(piece);
      else this.#command(piece);
    }
  };

  #listen(): void {
    this.#socket.on('data', this.#onData);
  }

  #answer(command: Answer['command'], usual: string): boolean {
    const index = this.#state.answers.findIndex((answer) => answer.command === command);
    const reply = index < 0 ? usual : this.#state.answers.splice(index, 1)[0]!.reply;
    if (reply !== 'hang') this.#socket.write(`${reply}\r\n`);
    return reply === usual;
  }

  #command(line: string): void {
    this.#state.commands.push(line);
    if (this.#login !== null) {
      this.#continueLogin(line);
      return;
    }
    const verb = line.split(/[ :]/)[0]!.toUpperCase();
    switch (verb) {
      case 'EHLO': {
        const { startTls = true, credentials } = this.#options;
        const offered = ['test', '8BITMIME', 'SIZE 10000000'];
        if (startTls && !this.#encrypted) offered.push('STARTTLS');
        if (credentials !== undefined) offered.push('AUTH PLAIN LOGIN');
        const lines = offered.map((word, at) => `250${at === offered.length - 1 ? ' ' : '-'}${word}`);
        this.#answer('EHLO', lines.join('\r\n'));
        return;
      }
      case 'STARTTLS':
        if (this.#options.startTls === false) {
          this.#socket.write('502 5.5.1 not here\r\n');
          return;
        }
        this.#socket.write('220 go ahead\r\n');
        this.#socket.removeListener('data', this.#onData);
        this.#socket = this.#encrypt(this.#socket);
        this.#encrypted = true;
        this.#listen();
        return;
      case 'AUTH': {
        const [, method, initial = ''] = line.split(' ');
        if (method?.toUpperCase() === 'LOGIN') {
          this.#login = [];
          this.#socket.write('334 VXNlcm5hbWU6\r\n');
          return;
        }
        const [, user = '', password = ''] = Buffer.from(initial, 'base64').toString().split('\0');
        this.#authenticate(`${user}:${password}`);
        return;
      }
      case 'MAIL':
        if (this.#options.credentials !== undefined && this.#credentials === null) {
          this.#socket.write('530 5.7.0 authentication required\r\n');
          return;
        }
        this.#from = addressOf(line);
        this.#to = [];
        this.#answer('MAIL', '250 ok');
        return;
      case 'RCPT':
        if (this.#answer('RCPT', '250 ok')) this.#to.push(addressOf(line));
        return;
      case 'DATA':
        this.#inData = this.#answer('DATA', '354 go on');
        return;
      case 'QUIT':
        this.#socket.end('221 bye\r\n');
        return;
      default:
        this.#socket.write('250 ok\r\n');
    }
  }

  #continueLogin(line: string): void {
    this.#login!.push(Buffer.from(line, 'base64').toString());
    if (this.#login!.length === 1) {
      this.#socket.write('334 UGFzc3dvcmQ6\r\n');
      return;
    }
    const [user, password] = this.#login!;
    this.#login = null;
    this.#authenticate(`${user}:${password}`);
  }

  #authenticate(credentials: string): void {
    if (credentials !== this.#options.credentials) {
      this.#socket.write('535 5.7.8 wrong\r\n');
      return;
    }
    if (this.#answer('AUTH', '235 welcome')) this.#credentials = credentials;
  }

  #message(content: string): void {
    this.#inData = false;
    if (!this.#answer('end of data', '250 queued')) return;
    this.#state.received.push({
      from: this.#from,
      to: this.#to,
      content: `${content.replace(/^\.\./gm, '.')}\r\n`,
      encrypted: this.#encrypted,
      credentials: this.#credentials,
    });
  }
}

function addressOf(line: string): string {
  return /<([^>]*)>/.exec(line)?.[1] ?? '';
}
