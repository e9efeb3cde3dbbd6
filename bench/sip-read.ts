import { createRequire } from 'node:module';
import { Levels, LoggerFactory, Parser } from 'sip.js/lib/core/index.js';
import { Hash64, hashBytes, hashFinish, hashInt, hashStart } from '../daemon/sip/hash.ts';
import { Field, SipMessage } from '../daemon/sip/message.ts';
import { SIP_CORPUS } from './sip-corpus.ts';

export interface SipReadFigure {
  readonly name: string;
  /** Median over the rounds. */
  readonly nanosecondsPerMessage: number;
}

/** What reads the message at `start`…`end`; returns a number that depends on what was read, so that nothing is optimised away. */
type Reader = (bytes: Buffer, start: number, end: number) => number;

const ROUNDS = 15;
/** Rough time of one reader in one round. */
const ROUND_MS = 40;

/** The messages one behind the other in one buffer, as a capture stream delivers them, with a frame header's room between them. */
function stream(): {
  readonly bytes: Buffer;
  readonly starts: readonly number[];
  readonly ends: readonly number[];
} {
  const gap = Buffer.alloc(86, 0xff);
  const bytes = Buffer.concat(SIP_CORPUS.flatMap((message) => [gap, message.bytes]));
  const starts: number[] = [];
  const ends: number[] = [];
  let at = 0;
  for (const message of SIP_CORPUS) {
    starts.push(at + gap.length);
    at += gap.length + message.bytes.length;
    ends.push(at);
  }
  return { bytes, starts, ends };
}

const hash = new Hash64();

function readOnly(message: SipMessage): Reader {
  return (bytes, start, end) => message.read(bytes, start, end) + message.cseq;
}

/** What the pipeline does with every message: transaction key and dialog key, no string. */
function readAndHash(message: SipMessage): Reader {
  return (bytes, start, end) => {
    if (message.read(bytes, start, end) !== 0) return 0;
    hashStart(hash);
    if (message.find(Field.viaBranch)) hashBytes(bytes, message.from, message.to, hash);
    if (message.find(Field.viaSentBy)) hashBytes(bytes, message.from, message.to, hash);
    hashInt(message.cseqMethod, hash);
    hashFinish(hash);
    const transaction = hash.hi;
    hashStart(hash);
    if (message.find(Field.callId)) hashBytes(bytes, message.from, message.to, hash);
    if (message.find(Field.fromTag)) hashBytes(bytes, message.from, message.to, hash);
    if (message.find(Field.toTag)) hashBytes(bytes, message.from, message.to, hash);
    hashFinish(hash);
    return transaction ^ hash.lo ^ message.cseq ^ message.status;
  };
}

const TEXTS = [
  Field.viaBranch,
  Field.viaSentBy,
  Field.callId,
  Field.fromTag,
  Field.toTag,
  Field.fromUser,
  Field.toUser,
  Field.requestUser,
  Field.authUser,
  Field.userAgent,
  Field.contactUri,
];

/** The same as strings, with the numbers: what the other parsers deliver. */
function readTexts(message: SipMessage): Reader {
  return (bytes, start, end) => {
    if (message.read(bytes, start, end) !== 0) return 0;
    let length = message.cseq + message.status + message.contentLength + message.expires;
    for (const field of TEXTS) length += message.text(field)?.length ?? 0;
    return length;
  };
}

interface ParsedBySip {
  readonly headers: Readonly<Record<string, unknown>>;
}

function readers(): { readonly name: string; readonly reader: Reader; readonly slow: boolean }[] {
  const require = createRequire(import.meta.url);
  const sip = require('sip') as { parse: (bytes: Buffer) => ParsedBySip | undefined };
  const jssip = require('jssip/lib/Parser.js') as {
    parseMessage: (text: string, ua: unknown) => { cseq: number } | undefined;
  };
  const drachtio = require('drachtio-srf/lib/sip-parser/parser') as {
    getParser: (header: string) => (value: string) => unknown;
    parseSipMessage: (text: string, keepOriginal: boolean) => { headers: Record<string, string> } | undefined;
  };
  const loggers = new LoggerFactory();
  loggers.level = Levels.error;
  loggers.builtinEnabled = false;
  const logger = loggers.getLogger('bench');
  const message = new SipMessage();
  return [
    { name: 'Vigie, read', reader: readOnly(message), slow: false },
    { name: 'Vigie, read and keys hashed', reader: readAndHash(message), slow: false },
    { name: 'Vigie, read and 11 fields as strings', reader: readTexts(message), slow: false },
    {
      name: 'sip',
      reader: (b, from, to) => Object.keys(sip.parse(b.subarray(from, to))?.headers ?? {}).length,
      slow: true,
    },
    {
      name: 'drachtio-srf, message without addresses',
      reader: (b, from, to) =>
        Object.keys(drachtio.parseSipMessage(b.toString('utf8', from, to), true)?.headers ?? {}).length,
      slow: true,
    },
    {
      name: 'jssip',
      reader: (b, from, to) => jssip.parseMessage(b.toString('utf8', from, to), {})?.cseq ?? 0,
      slow: true,
    },
    {
      name: 'sip.js',
      reader: (b, from, to) => Parser.parseMessage(b.toString('utf8', from, to), logger)?.cseq ?? 0,
      slow: true,
    },
  ];
}

function median(values: number[]): number {
  return values.toSorted((a, b) => a - b)[values.length >> 1];
}

/**
 * Time of one message of `SIP_CORPUS` with Vigie's reader and with the parsers of npm, in turns in one process: the machine's
 * noise falls on all of them.
 */
export async function benchSipRead(): Promise<SipReadFigure[]> {
  const { bytes, starts, ends } = stream();
  let sink = 0;
  const run = (reader: Reader, passes: number): number => {
    const before = process.hrtime.bigint();
    for (let pass = 0; pass < passes; pass++) {
      for (let i = 0; i < starts.length; i++) sink ^= reader(bytes, starts[i], ends[i]);
    }
    return Number(process.hrtime.bigint() - before) / (passes * starts.length);
  };
  const contestants = readers().map(({ name, reader, slow }) => {
    const warm = run(reader, slow ? 40 : 20_000);
    return {
      name,
      reader,
      passes: Math.max(1, Math.round((ROUND_MS * 1e6) / (warm * starts.length))),
      times: [] as number[],
    };
  });
  for (let round = 0; round < ROUNDS; round++) {
    for (const contestant of contestants) contestant.times.push(run(contestant.reader, contestant.passes));
    await new Promise((resolve) => setImmediate(resolve));
  }
  if (!Number.isFinite(sink)) throw new Error('nothing was read');
  return contestants.map(({ name, times }) => ({ name, nanosecondsPerMessage: Math.round(median(times)) }));
}

if (import.meta.main) {
  const sizes = SIP_CORPUS.map((message) => message.bytes.length);
  console.log(`${sizes.length} messages of ${Math.min(...sizes)} to ${Math.max(...sizes)} bytes`);
  for (const { name, nanosecondsPerMessage } of await benchSipRead())
    console.log(`${nanosecondsPerMessage} ns\t${name}`);
}
