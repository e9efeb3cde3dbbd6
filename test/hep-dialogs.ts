/** SIP dialogs as a capture agent sends them in HEP, and the connection that carries them to a daemon. */
import { connect, type Socket } from 'node:net';
import { encodeHep3 } from '../daemon/ingest/hep-encode.ts';

export const PROXY = '192.0.2.1:5060';

export interface MessageFacts {
  /** `INVITE` or `200`. */
  readonly start: string;
  /** Method of the CSeq. */
  readonly method: string;
  readonly line: string;
  readonly called: string;
  readonly callId: string;
  readonly cseq: number;
  readonly branch: string;
  readonly phone: string;
  readonly toTag?: string;
  /** User of (Proxy-)Authorization. */
  readonly user?: string;
  readonly extra?: string;
}

export function sip(facts: MessageFacts): string {
  const { start, method, line, called, callId, cseq, branch, phone, toTag, user, extra } = facts;
  const isResponse = /^\d/.test(start);
  const header = method === 'REGISTER' ? 'Authorization' : 'Proxy-Authorization';
  return [
    isResponse ? `SIP/2.0 ${start} Status` : `${start} sip:${called}@vigie.example SIP/2.0`,
    `Via: SIP/2.0/UDP ${phone};branch=z9hG4bK${branch};rport`,
    `From: <sip:${line}@vigie.example>;tag=f${callId}`,
    `To: <sip:${called}@vigie.example>${toTag ? `;tag=${toTag}` : ''}`,
    `Call-ID: ${callId}`,
    `CSeq: ${cseq} ${method}`,
    ...(user
      ? [`${header}: Digest username="${user}",realm="vigie.example",nonce="n",uri="sip:x",response="0"`]
      : []),
    ...(extra ? [extra] : []),
    'Content-Length: 0',
    '',
    '',
  ].join('\r\n');
}

export interface Dialog {
  readonly line: string;
  readonly phone: string;
  readonly callId: string;
  readonly called?: string;
  readonly user?: string;
}

type Frames = Buffer[];
const frame = (timeMs: number, source: string, destination: string, payload: string) =>
  encodeHep3({ timeMs, source, destination, payload });

/** A request of the phone's and the proxy's answer, 2 ms later. */
function exchange(
  { line, phone, callId, called = '33612345678', user }: Dialog,
  method: string,
  cseq: number,
  status: number,
  atMs: number,
  options: { toTag?: string; answerTag?: string; extra?: string } = {},
): Frames {
  const { toTag, answerTag = toTag, extra } = options;
  const common = { method, line, called, callId, cseq, branch: `${callId}-${cseq}-${method}`, phone };
  const request = sip({
    ...common,
    start: method,
    ...(toTag ? { toTag } : {}),
    ...(user ? { user } : {}),
    ...(extra ? { extra } : {}),
  });
  const answer = sip({
    ...common,
    start: String(status),
    ...(answerTag ? { toTag: answerTag } : {}),
    ...(extra ? { extra } : {}),
  });
  return [frame(atMs, phone, PROXY, request), frame(atMs + 2, PROXY, phone, answer)];
}

export function registration(dialog: Dialog, atMs: number, seconds = 3600): Frames {
  const extra = `Contact: <sip:${dialog.line}@${dialog.phone}>;expires=${seconds}`;
  return exchange({ ...dialog, called: dialog.line }, 'REGISTER', 1, 200, atMs, { answerTag: 'r', extra });
}

export const answered = (dialog: Dialog, atMs: number): Frames =>
  exchange(dialog, 'INVITE', 1, 200, atMs, { answerTag: 'callee' });

export const refused = (dialog: Dialog, status: number, atMs: number): Frames =>
  exchange(dialog, 'INVITE', 1, status, atMs, { answerTag: 'refused' });

export const ended = (dialog: Dialog, atMs: number): Frames =>
  exchange(dialog, 'BYE', 2, 200, atMs, { toTag: 'callee' });

/** A HEP connection over TCP; `send` waits for the kernel to take everything. */
export interface HepConnection {
  readonly socket: Socket;
  send(frames: readonly Buffer[]): Promise<void>;
  close(): void;
}

export async function connectHep(hep: string): Promise<HepConnection> {
  const [host, port] = hep.split(':');
  const socket = connect(Number(port), host);
  await new Promise<void>((resolve, reject) => {
    socket.once('connect', resolve);
    socket.once('error', reject);
  });
  socket.on('error', () => {});
  return {
    socket,
    send: (frames) =>
      new Promise((resolve, reject) =>
        socket.write(Buffer.concat(frames), (error) => (error ? reject(error) : resolve())),
      ),
    close: () => socket.destroy(),
  };
}
