/** SIP messages of whole dialogs between a customer, the proxy and a carrier, as they appear on the wire; written for tests only. */
import { parseEndpoint } from '../ingest/address.ts';
import { Packet } from '../ingest/packet.ts';

export const PROXY = '203.0.113.10:5060';
export const CARRIER = '203.0.113.200:5060';

export interface Frame {
  readonly timeMs: number;
  readonly source: string;
  readonly destination: string;
  readonly text: string;
}

let counter = 0;
/** A token that no other message has. */
export const unique = (prefix: string): string => `${prefix}${++counter}`;

interface Parts {
  readonly start: string;
  readonly branch: string;
  readonly sentBy: string;
  readonly callId: string;
  readonly from: string;
  readonly to: string;
  readonly cseq: string;
  readonly extra?: readonly string[];
}

export function render({ start, branch, sentBy, callId, from, to, cseq, extra = [] }: Parts): string {
  return [
    start,
    `Via: SIP/2.0/UDP ${sentBy};branch=${branch};rport`,
    'Max-Forwards: 70',
    `From: ${from}`,
    `To: ${to}`,
    `Call-ID: ${callId}`,
    `CSeq: ${cseq}`,
    ...extra,
    'Content-Length: 0',
    '',
    '',
  ].join('\r\n');
}

export function packetOf(frame: Frame): Packet {
  const packet = new Packet();
  packet.timeMs = frame.timeMs;
  packet.source.copy(parseEndpoint(frame.source)!);
  packet.destination.copy(parseEndpoint(frame.destination)!);
  packet.bytes = Buffer.from(frame.text, 'latin1');
  packet.end = packet.bytes.length;
  return packet;
}

const digest = (user: string): string =>
  `Digest username="${user}",realm="example.net",nonce="n",uri="sip:example.net",response="0"`;

export interface RegisterOptions {
  readonly line: string;
  readonly from: string;
  readonly atMs: number;
  readonly expires?: number;
  readonly contact?: string;
  readonly callId?: string;
  /** Status of the answer to the REGISTER with credentials. */
  readonly status?: number;
}

/** REGISTER, 401, REGISTER with credentials, final answer: 20 ms apart. */
export function register({
  line,
  from,
  atMs,
  expires = 3600,
  contact = `sip:${line}@${from}`,
  callId = unique('reg'),
  status = 200,
}: RegisterOptions): Frame[] {
  const tag = unique('t');
  const common = { sentBy: from, callId, from: `<sip:${line}@example.net>;tag=${tag}` };
  const to = `<sip:${line}@example.net>`;
  const first = unique('z9hG4bK');
  const second = unique('z9hG4bK');
  const contactLine = `Contact: <${contact}>;expires=${expires}`;
  const request = (branch: string, cseq: number, extra: string[]) =>
    render({
      ...common,
      start: 'REGISTER sip:example.net SIP/2.0',
      branch,
      to,
      cseq: `${cseq} REGISTER`,
      extra: [contactLine, ...extra],
    });
  const answer = (start: string, branch: string, cseq: number, extra: string[]) =>
    render({
      ...common,
      start: `SIP/2.0 ${start}`,
      branch,
      to: `${to};tag=p`,
      cseq: `${cseq} REGISTER`,
      extra,
    });
  return [
    { timeMs: atMs, source: from, destination: PROXY, text: request(first, 1, []) },
    { timeMs: atMs + 20, source: PROXY, destination: from, text: answer('401 Unauthorized', first, 1, []) },
    {
      timeMs: atMs + 40,
      source: from,
      destination: PROXY,
      text: request(second, 2, [`Authorization: ${digest(line)}`]),
    },
    {
      timeMs: atMs + 60,
      source: PROXY,
      destination: from,
      text: answer(`${status} X`, second, 2, status === 200 ? [contactLine] : []),
    },
  ];
}

export interface CallOptions {
  readonly line: string;
  readonly from: string;
  readonly atMs: number;
  readonly called?: string;
  /** Challenge the first INVITE with 407. */
  readonly challenge?: boolean;
  /** The INVITE is not re-sent after the challenge. */
  readonly giveUp?: boolean;
  /** Final answer to the INVITE. */
  readonly status?: number;
  readonly ringMs?: number;
  readonly durationMs?: number;
  readonly bye?: 'caller' | 'callee' | 'none';
  readonly reinvite?: boolean;
  readonly cancel?: boolean;
  /** The leg between proxy and carrier is captured as well. */
  readonly twoLegs?: boolean;
  readonly fromUser?: string;
  readonly sessionExpires?: number;
}

/** All messages of one outgoing call, in the order of the wire. */
export function call(options: CallOptions): Frame[] {
  const {
    line,
    from,
    atMs,
    called = '0123456789',
    challenge = true,
    status = 200,
    ringMs = 500,
    durationMs = 10_000,
    bye = 'caller',
    twoLegs = false,
  } = options;
  const frames: Frame[] = [];
  const callId = unique('call');
  const fromTag = unique('f');
  const toTag = unique('c');
  const caller = `<sip:${options.fromUser ?? line}@example.net>;tag=${fromTag}`;
  const callee = `<sip:${called}@example.net>`;
  const dialog = `${callee};tag=${toTag}`;
  const up = (timeMs: number, parts: Omit<Parts, 'sentBy' | 'callId'>) => {
    frames.push({
      timeMs,
      source: from,
      destination: PROXY,
      text: render({ ...parts, sentBy: from, callId }),
    });
    if (twoLegs && !/^ACK/.test(parts.start))
      frames.push({
        timeMs: timeMs + 1,
        source: PROXY,
        destination: CARRIER,
        text: render({ ...parts, sentBy: PROXY, branch: `${parts.branch}.1`, callId }),
      });
  };
  const down = (timeMs: number, parts: Omit<Parts, 'sentBy' | 'callId'>, hop = false) => {
    if (twoLegs && !hop)
      frames.push({
        timeMs: timeMs - 1,
        source: CARRIER,
        destination: PROXY,
        text: render({ ...parts, sentBy: PROXY, branch: `${parts.branch}.1`, callId }),
      });
    frames.push({
      timeMs,
      source: PROXY,
      destination: from,
      text: render({ ...parts, sentBy: from, callId }),
    });
  };
  const uri = `sip:${called}@example.net`;
  let cseq = 1;
  let now = atMs;
  let branch = unique('z9hG4bK');
  const invite = (extra: string[]) => ({
    start: `INVITE ${uri} SIP/2.0`,
    branch,
    from: caller,
    to: callee,
    cseq: `${cseq} INVITE`,
    extra,
  });
  const answer = (start: string, extra: string[] = []) => ({
    start: `SIP/2.0 ${start}`,
    branch,
    from: caller,
    to: dialog,
    cseq: `${cseq} INVITE`,
    extra,
  });
  const ack = () => ({ start: `ACK ${uri} SIP/2.0`, branch, from: caller, to: dialog, cseq: `${cseq} ACK` });

  if (challenge) {
    frames.push({
      timeMs: now,
      source: from,
      destination: PROXY,
      text: render({ ...invite([]), sentBy: from, callId }),
    });
    down(now + 5, answer('407 Proxy Authentication Required'), true);
    frames.push({
      timeMs: now + 10,
      source: from,
      destination: PROXY,
      text: render({ ...ack(), sentBy: from, callId }),
    });
    if (options.giveUp) return frames;
    cseq++;
    branch = unique('z9hG4bK');
    now += 20;
  }
  up(now, invite(challenge ? [`Proxy-Authorization: ${digest(line)}`] : []));
  down(now + 5, answer('100 Trying'), true);
  if (ringMs > 0) down(now + 50, answer('180 Ringing'));
  now += 50 + ringMs;
  if (options.cancel) {
    up(now - 10, {
      start: `CANCEL ${uri} SIP/2.0`,
      branch,
      from: caller,
      to: callee,
      cseq: `${cseq} CANCEL`,
    });
    down(
      now - 8,
      { start: 'SIP/2.0 200 canceling', branch, from: caller, to: dialog, cseq: `${cseq} CANCEL` },
      true,
    );
  }
  if (status >= 300) {
    down(now, answer(`${status} X`));
    up(now + 5, ack());
    return frames;
  }
  down(
    now,
    answer(
      '200 OK',
      options.sessionExpires ? [`Session-Expires: ${options.sessionExpires};refresher=uac`] : [],
    ),
  );
  const answeredAt = now;
  up(now + 5, { ...ack(), branch: unique('z9hG4bK') });
  if (options.reinvite) {
    cseq++;
    branch = unique('z9hG4bK');
    const at = answeredAt + durationMs / 2;
    up(at, { start: `INVITE ${uri} SIP/2.0`, branch, from: caller, to: dialog, cseq: `${cseq} INVITE` });
    down(at + 10, answer('488 Not Acceptable Here'));
    up(at + 15, ack());
  }
  const end = answeredAt + durationMs;
  if (bye === 'caller') {
    cseq++;
    branch = unique('z9hG4bK');
    up(end, { start: `BYE ${uri} SIP/2.0`, branch, from: caller, to: dialog, cseq: `${cseq} BYE` });
    down(end + 10, { start: 'SIP/2.0 200 OK', branch, from: caller, to: dialog, cseq: `${cseq} BYE` });
  } else if (bye === 'callee') {
    branch = unique('z9hG4bK');
    const request = {
      start: `BYE sip:${line}@${from} SIP/2.0`,
      branch,
      from: dialog,
      to: caller,
      cseq: '1 BYE',
    };
    frames.push({
      timeMs: end,
      source: PROXY,
      destination: from,
      text: render({ ...request, sentBy: PROXY, callId }),
    });
    frames.push({
      timeMs: end + 10,
      source: from,
      destination: PROXY,
      text: render({ ...request, start: 'SIP/2.0 200 OK', sentBy: PROXY, callId }),
    });
  }
  return frames;
}
