import { createReadStream, readFileSync } from 'node:fs';
import { Readable } from 'node:stream';
import { Command, InvalidArgumentError } from 'commander';
import { parseEndpoint } from '../daemon/ingest/address.ts';
import { type CaptureCounters, readCapture } from '../daemon/ingest/capture-file.ts';
import { encodeHep3 } from '../daemon/ingest/hep-encode.ts';
import { HepSender, type SenderOptions } from '../daemon/ingest/hep-sender.ts';
import type { Packet } from '../daemon/ingest/packet.ts';
import { requireSetup } from './config.ts';
import { CommandFailure, usageFailure } from './exit.ts';
import { printJson, talk } from './output.ts';

/** After a signal the input has so long to end by itself: what dumpcap still holds comes when it is stopped too. */
const GRACE_MS = 1_000;
/** Ids of proxies are mostly small: a capture has one of its own unless it is told. */
const DEFAULT_CAPTURE_ID = 9_000;

interface Options {
  readonly to?: string;
  readonly config?: string;
  readonly captureId: number;
  readonly authKeyFile?: string;
  readonly tls?: boolean;
  readonly tlsAuthority?: string;
  readonly tlsCertificate?: string;
  readonly tlsKey?: string;
  readonly json?: boolean;
}

export interface IngestReport extends CaptureCounters {
  /** SIP messages handed to the daemon's connection. */
  sent: number;
  /** Messages on their way when the connection was lost. */
  lost: number;
  /** Messages that no HEP frame has room for. */
  tooLarge: number;
  reconnects: number;
  /** Why the connection did not end as it should; null: it did. */
  connectionFault: string | null;
}

export function ingestCommand(): Command {
  return new Command('ingest')
    .argument('[file]', 'capture: pcap or pcapng, -: from standard input', '-')
    .description(
      "hand a running daemon the SIP of a capture, live from a mirror port: dumpcap -i eth1 -f 'port 5060' -w - | vigie ingest",
    )
    .option(
      '--to <host:port>',
      "where the daemon listens for HEP (default: the configuration's ingest.hep.tcp)",
    )
    .option('--config <file>', 'configuration with ingest.hep.tcp and authKey (default: as vigie run)')
    .option('--capture-id <number>', 'capture agent id', captureId, DEFAULT_CAPTURE_ID)
    .option('--auth-key-file <file>', "file with the daemon's ingest.hep.authKey")
    .option('--tls', 'over TLS')
    .option(
      '--tls-authority <file>',
      "authority of the daemon's certificate, PEM (default: those of the system)",
    )
    .option('--tls-certificate <file>', 'our certificate, PEM')
    .option('--tls-key <file>', 'its key, PEM')
    .option('--json', 'print counts as JSON at the end')
    .action(async (file: string, options: Options) => {
      const { report, stopped } = await ingest(file, options);
      if (options.json) printJson(report);
      else talk(summary(report));
      if (stopped) return;
      if (report.fault !== null) throw new CommandFailure(`The capture: ${report.fault}.`);
      if (report.connectionFault !== null)
        throw new CommandFailure(`The daemon may not have read all: ${report.connectionFault}.`);
      if (report.lost > 0) throw new CommandFailure(`${report.lost} messages were lost with the connection.`);
    });
}

async function ingest(file: string, options: Options): Promise<{ report: IngestReport; stopped: boolean }> {
  const { target, authKey } = targetOf(options);
  const input = file === '-' ? process.stdin : createReadStream(file);
  const sender = await open(target);
  const stop = new Stop(() => {
    sender.hurry();
    input.destroy();
  });
  let tooLarge = 0;
  const take = (packet: Packet): void => {
    try {
      sender.send(frameOf(packet, options.captureId, authKey));
    } catch (error) {
      // Only the length can be wrong: the packet was decoded.
      if (!(error instanceof RangeError)) throw error;
      tooLarge++;
    }
  };
  try {
    const counters = await readCapture(Readable.from(untilStopped(input, stop)), take, {
      // The daemon gets HEP by itself, and on the loopback ours would come round again.
      hep: false,
      ready: () => sender.ready(),
    });
    await sender.close();
    const { sent, lost, reconnects } = sender;
    const connectionFault = sender.fault === null ? null : reasonOf(sender.fault);
    return {
      report: { ...counters, sent, lost, tooLarge, reconnects, connectionFault },
      stopped: stop.signalled,
    };
  } catch (error) {
    await sender.close(0);
    if ((error as NodeJS.ErrnoException).code === undefined) throw error;
    throw new CommandFailure(`${file}: ${(error as Error).message}`);
  } finally {
    stop.done();
    input.destroy();
  }
}

function frameOf({ bytes, start, end, ...facts }: Packet, captureId: number, authKey: string | null): Buffer {
  return encodeHep3({ ...facts, captureId, authKey, payload: bytes.subarray(start, end) });
}

async function open(options: SenderOptions): Promise<HepSender> {
  try {
    return await HepSender.open({
      ...options,
      onConnection: (lost) =>
        talk(lost === null ? 'connected again' : `connection lost: ${reasonOf(lost)}; dialling again`),
    });
  } catch (error) {
    throw new CommandFailure(
      `${options.host}:${options.port}: ${reasonOf(error as Error)}; is the daemon running?`,
    );
  }
}

/** What OpenSSL means, without where in its source it was. */
const reasonOf = (error: Error & { reason?: string }): string => error.reason ?? error.message;

/** Stops some time after the first signal, at once with the second. */
class Stop {
  reached = false;
  #timer: NodeJS.Timeout | null = null;
  readonly #onSignal = (): void => {
    if (this.#timer === null) this.#timer = setTimeout(this.#stop, GRACE_MS);
    else this.#stop();
  };
  readonly #stop = (): void => {
    this.reached = true;
    this.#whenReached();
  };
  readonly #whenReached: () => void;

  constructor(whenReached: () => void) {
    this.#whenReached = whenReached;
    for (const name of ['SIGTERM', 'SIGINT'] as const) process.on(name, this.#onSignal);
  }

  get signalled(): boolean {
    return this.#timer !== null;
  }

  done(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    for (const name of ['SIGTERM', 'SIGINT'] as const) process.off(name, this.#onSignal);
  }
}

async function* untilStopped(input: Readable, stop: Stop): AsyncGenerator<Buffer> {
  try {
    for await (const piece of input) yield piece as Buffer;
  } catch (error) {
    // An input that was closed under way ends with an error.
    if (!stop.reached) throw error;
  }
}

function targetOf(options: Options): { target: SenderOptions; authKey: string | null } {
  let { to } = options;
  let authKey = options.authKeyFile === undefined ? null : textOf(options.authKeyFile).replace(/\r?\n$/, '');
  if (to === undefined) {
    const { hep } = requireSetup(options.config ?? null).config.ingest;
    to = (options.tls ? hep.tls.listen : hep.tcp) ?? undefined;
    if (to === undefined)
      throw usageFailure(
        `The configuration has no ingest.hep.${options.tls ? 'tls.listen' : 'tcp'}: set it, or name the daemon with --to.`,
      );
    authKey ??= hep.authKey;
  }
  const at = to.lastIndexOf(':');
  const port = Number(to.slice(at + 1));
  const host = to.slice(0, Math.max(0, at)).replace(/^\[(.*)\]$/, '$1');
  if (host === '' || !Number.isInteger(port) || port < 1 || port > 65_535)
    throw usageFailure(`--to ${to} is no host and port; write host:port or [v6]:port.`);
  return { target: { host: reachable(host), port, tls: tlsOf(options, host) }, authKey };
}

/** A daemon that listens on every address is reached on the loopback. */
function reachable(host: string): string {
  return host === '0.0.0.0' ? '127.0.0.1' : host === '::' ? '::1' : host;
}

function tlsOf(options: Options, host: string): SenderOptions['tls'] {
  const { tls, tlsAuthority, tlsCertificate, tlsKey } = options;
  if (!tls) {
    if (tlsAuthority ?? tlsCertificate ?? tlsKey) throw usageFailure('--tls-… needs --tls.');
    return null;
  }
  if ((tlsCertificate === undefined) !== (tlsKey === undefined))
    throw usageFailure('--tls-certificate and --tls-key belong together.');
  return {
    ...(parseEndpoint(`${host.includes(':') ? `[${host}]` : host}:1`) === null ? { servername: host } : {}),
    ...(tlsAuthority === undefined ? {} : { ca: textOf(tlsAuthority) }),
    ...(tlsCertificate === undefined ? {} : { cert: textOf(tlsCertificate) }),
    ...(tlsKey === undefined ? {} : { key: textOf(tlsKey) }),
  };
}

function textOf(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    throw new CommandFailure(`${file}: ${(error as NodeJS.ErrnoException).code}`);
  }
}

function captureId(text: string): number {
  const id = Number(text);
  if (!/^\d+$/.test(text) || id > 4_294_967_295) throw new InvalidArgumentError('0 to 4294967295.');
  return id;
}

function summary({ frames, sipPayloads, sent, lost, tooLarge, malformed, tcpGaps }: IngestReport): string {
  return `${frames} frames, ${sipPayloads} SIP messages, ${sent} sent, ${lost} lost, ${tooLarge} too large, ${malformed} malformed, ${tcpGaps} holes in TCP`;
}
