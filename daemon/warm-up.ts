import type { Setup } from './config/setup.ts';
import { createCore } from './core.ts';
import { Directory } from './identity/directory.ts';
import { FrameReceiver } from './ingest/frame-receiver.ts';
import { encodeHep3 } from './ingest/hep-encode.ts';
import { MemoryStore } from './windows/memory-store.ts';

const CALLS = 1_500;
const PROXY = '192.0.2.1:5060';
const PHONE = '198.51.100.1:5060';
/** Two calls a second: within every limit, so that the ordinary path is what gets compiled. */
const SPACING_MS = 500;

/**
 * Runs the hot path on made-up calls, so that it is compiled before the sockets open: a cold process loses packets in its first two
 * seconds. Everything it touches is thrown away afterwards.
 */
export function warmUp(setup: Setup): void {
  const { pipeline } = createCore({
    ...setup,
    config: { ...setup.config, network: { ...setup.config.network, proxies: ['192.0.2.1'] } },
    directory: Directory.empty(),
    store: new MemoryStore(),
    onFinding: () => {},
  });
  const receiver = new FrameReceiver({ sink: (packet) => pipeline.packet(packet) });
  for (let call = 0; call < CALLS; call++) {
    const startMs = 1_000_000 + call * SPACING_MS;
    for (const frame of framesOf(call, startMs)) receiver.receiveDatagram(frame, true, startMs);
  }
}

function framesOf(call: number, startMs: number): Buffer[] {
  const line = `warm-up-${call % 200}`;
  const callId = `warm-up-${call}`;
  const message = (start: string, branch: string, cseq: string, toTag: string, extra = '') =>
    `${start}\r\nVia: SIP/2.0/UDP ${PHONE};rport;branch=z9hG4bK${branch}${call}\r\nFrom: "Warm up" <sip:${line}@example.invalid>;tag=f${call}\r\n` +
    `To: <sip:callee@example.invalid>${toTag}\r\nCall-ID: ${callId}\r\nCSeq: ${cseq}\r\nMax-Forwards: 70\r\n${extra}User-Agent: none\r\nContent-Length: 0\r\n\r\n`;
  const contact = `Contact: <sip:${line}@${PHONE}>;expires=3600\r\n`;
  const credentials = `Authorization: Digest username="${line}",realm="example.invalid",nonce="0",uri="sip:example.invalid",response="0"\r\n`;
  const uri = 'sip:callee@example.invalid SIP/2.0';
  const exchange: readonly [boolean, string][] = [
    [true, message('REGISTER sip:example.invalid SIP/2.0', 'r', '1 REGISTER', '', contact)],
    [false, message('SIP/2.0 401 Unauthorized', 'r', '1 REGISTER', ';tag=p')],
    [true, message('REGISTER sip:example.invalid SIP/2.0', 's', '2 REGISTER', '', contact + credentials)],
    [false, message('SIP/2.0 200 OK', 's', '2 REGISTER', ';tag=p', contact)],
    [true, message('OPTIONS sip:example.invalid SIP/2.0', 'o', '3 OPTIONS', '')],
    [false, message('SIP/2.0 200 OK', 'o', '3 OPTIONS', ';tag=p')],
    [
      true,
      message(
        `INVITE ${uri}`,
        'i',
        '4 INVITE',
        '',
        credentials.replace('Authorization', 'Proxy-Authorization'),
      ),
    ],
    [false, message('SIP/2.0 100 Trying', 'i', '4 INVITE', '')],
    [false, message('SIP/2.0 180 Ringing', 'i', '4 INVITE', ';tag=c')],
    [false, message('SIP/2.0 200 OK', 'i', '4 INVITE', ';tag=c')],
    [true, message(`ACK ${uri}`, 'a', '4 ACK', ';tag=c')],
    [true, message(`BYE ${uri}`, 'b', '5 BYE', ';tag=c')],
    [false, message('SIP/2.0 200 OK', 'b', '5 BYE', ';tag=c')],
  ];
  return exchange.map(([fromPhone, payload], i) =>
    encodeHep3({
      timeMs: startMs + i * 10,
      source: fromPhone ? PHONE : PROXY,
      destination: fromPhone ? PROXY : PHONE,
      payload,
    }),
  );
}
