import { Levels, LoggerFactory, Parser, type URI } from 'sip.js/lib/core/index.js';
import { Field, type SipMessage } from '../../daemon/sip/message.ts';

const loggers = new LoggerFactory();
loggers.builtinEnabled = false;
loggers.level = Levels.error;
const logger = loggers.getLogger('test');

/** What both readers can say of a message. */
export interface CommonReading {
  readonly method: string;
  readonly status: number;
  readonly cseq: number;
  readonly callId: string;
  readonly branch: string | null;
  readonly viaHost: string;
  readonly fromUser: string | null;
  readonly fromTag: string | null;
  readonly toUser: string | null;
  readonly toTag: string | null;
  readonly requestUser: string | null;
  readonly contacts: readonly {
    readonly user: string | null;
    readonly host: string;
    readonly expires: number | null;
  }[];
  readonly expires: number;
  readonly contentLength: number;
  readonly userAgent: string | null;
  readonly body: string;
}

interface ParsedContact {
  readonly uri: URI;
  readonly parameters: Readonly<Record<string, string>>;
}

/** sip.js keeps user parameters as part of the user (RFC 3261 §19.1.1), and in a Request-URI the password too; Vigie's users have neither. */
function userOf(uri: URI | undefined): string | null {
  return uri?.user ? uri.user.replace(/[;:].*$/s, '') : null;
}

/** Null where sip.js refuses the message. */
export function sipJsReading(text: string): CommonReading | null {
  const parsed = Parser.parseMessage(text, logger);
  if (!parsed) return null;
  const isRequest = 'ruri' in parsed;
  const contacts = (parsed.headers['Contact'] ?? []).map((header) => header.parsed as ParsedContact);
  return {
    method: parsed.method,
    status: 'statusCode' in parsed ? Number(parsed.statusCode) : 0,
    cseq: parsed.cseq,
    callId: parsed.callId,
    branch: parsed.viaBranch ?? null,
    viaHost: parsed.via.host.toLowerCase(),
    fromUser: userOf(parsed.from.uri),
    fromTag: parsed.fromTag ?? null,
    toUser: userOf(parsed.to.uri),
    toTag: parsed.toTag ?? null,
    requestUser: isRequest ? userOf(parsed.ruri) : null,
    contacts: contacts.map((contact) => ({
      user: userOf(contact.uri),
      host: contact.uri.host.toLowerCase(),
      expires: contact.parameters['expires'] === undefined ? null : Number(contact.parameters['expires']),
    })),
    expires: Number(parsed.getHeader('Expires') ?? -1),
    contentLength: Number(parsed.getHeader('Content-Length') ?? -1),
    userAgent: parsed.getHeader('User-Agent') ?? null,
    body: parsed.body,
  };
}

/** The same of Vigie, for a message that has been read. sip.js writes host names in lower case. */
export function vigieReading(message: SipMessage): CommonReading {
  return {
    method: message.text(Field.methodToken) ?? '',
    status: message.status,
    cseq: message.cseq,
    callId: message.text(Field.callId) ?? '',
    branch: message.text(Field.viaBranch),
    viaHost: message.vias()[0].host.toLowerCase(),
    fromUser: message.text(Field.fromUser),
    fromTag: message.text(Field.fromTag),
    toUser: message.text(Field.toUser),
    toTag: message.text(Field.toTag),
    requestUser: message.text(Field.requestUser),
    contacts: message.contacts().map((contact) => ({
      user: contact.user,
      host: contact.host?.toLowerCase() ?? '',
      expires: contact.expires,
    })),
    expires: message.expires,
    contentLength: message.contentLength,
    userAgent: message.text(Field.userAgent),
    body: message.bytes.utf8Slice(message.bodyStart, message.bodyEnd),
  };
}
