import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { formatAddress, parseEndpoint } from '../ingest/address.ts';
import { Field, SipMessage } from '../sip/message.ts';
import type { OpenCall } from './open-calls.ts';

/** Retransmissions of a CANCEL, ms after the one before (RFC 3261 section 17.1.2.2, timer E); then it is given up. */
const PATIENCE_MS: readonly number[] = [500, 1_000, 2_000];
/** Sockets open at a time: the calls of a whole customer may be cancelled at once. */
const MOST_AT_ONCE = 32;

const message = new SipMessage();

/**
 * Cancels ringing calls that drachtio proxies. Its admin protocol has no way to do that, but it cancels what it proxies when a CANCEL
 * comes from the network, and finds it by Call-ID, CSeq number and branch (makeUniqueSipTransactionIdentifier in its
 * sip-proxy-controller.cpp): so one is sent to it as the caller would. It answers the caller 487 and cancels at the next hop.
 */
export class Canceller {
  #running = 0;
  readonly #waiting: (() => void)[] = [];

  /**
   * @param hostports where drachtio listens, `protocol/address:port`
   * @param isOver the call is answered, or has ended
   * @returns false where drachtio has no such call (any more). Rejects where it cannot be told
   */
  async cancel(call: OpenCall, hostports: readonly string[], isOver: () => boolean): Promise<boolean> {
    if (this.#running >= MOST_AT_ONCE) await new Promise<void>((resolve) => this.#waiting.push(resolve));
    this.#running++;
    try {
      return isOver() ? false : await exchange(call, hostports, isOver);
    } finally {
      this.#running--;
      this.#waiting.shift()?.();
    }
  }
}

async function exchange(
  call: OpenCall,
  hostports: readonly string[],
  isOver: () => boolean,
): Promise<boolean> {
  const address = hostports.find((hostport) => hostport.startsWith('udp/'))?.slice('udp/'.length);
  const drachtio = address === undefined ? null : parseEndpoint(address);
  if (drachtio === null || call.branch === '')
    throw new Error(`drachtio cannot be told over UDP (${hostports.join(', ')})`);
  const host = formatAddress(drachtio);
  const socket = createSocket(host.includes(':') ? 'udp6' : 'udp4');
  try {
    // Whom it is connected to is the only one heard.
    socket.connect(drachtio.port === 0 ? 5_060 : drachtio.port, host);
    await once(socket, 'connect');
    const answered = new Promise<number>((resolve, reject) => {
      socket.on('error', reject);
      socket.on('message', (bytes) => {
        const status = statusOf(bytes, call.callId);
        if (status >= 200) resolve(status);
      });
    });
    answered.catch(() => undefined);
    const local = socket.address();
    const from = local.family === 'IPv6' ? `[${local.address}]` : local.address;
    const text = Buffer.from(cancelOf(call, `${from}:${local.port}`), 'utf8');
    for (const patienceMs of PATIENCE_MS) {
      if (isOver()) return false;
      socket.send(text);
      const status = await within(answered, patienceMs);
      if (status !== null) return status < 300;
    }
    throw new Error(`drachtio did not answer at ${address}`);
  } finally {
    socket.close();
  }
}

/** RFC 3261 section 9.1; answers come back to where it was sent from (RFC 3581). */
function cancelOf(call: OpenCall, from: string): string {
  return [
    `CANCEL ${call.requestUri} SIP/2.0`,
    `Via: SIP/2.0/UDP ${from};branch=${call.branch};rport`,
    'Max-Forwards: 70',
    `From: ${call.from}`,
    `To: ${call.to}`,
    // Ids are kept with one unit a byte.
    `Call-ID: ${Buffer.from(call.callId, 'latin1').toString('utf8')}`,
    `CSeq: ${call.cseq} CANCEL`,
    'Reason: SIP;cause=403;text="vigie end-calls"',
    'Content-Length: 0',
    '',
    '',
  ].join('\r\n');
}

function statusOf(bytes: Buffer, callId: string): number {
  if (message.read(bytes, 0, bytes.length) !== 0 || message.isRequest) return 0;
  return message.text(Field.callId) === callId ? message.status : 0;
}

async function within<Value>(value: Promise<Value>, patienceMs: number): Promise<Value | null> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<null>((resolve) => {
    timer = setTimeout(() => resolve(null), patienceMs);
  });
  try {
    return await Promise.race([value, late]);
  } finally {
    clearTimeout(timer);
  }
}
