import { parseAddress } from '../ingest/address.ts';
import { Endpoint } from '../ingest/packet.ts';
import { Field, SipMessage } from '../sip/message.ts';
import type { GateCounters } from './counters.ts';
import type { Gate } from './gate.ts';
import { destinationsOf, type StayInPath, staysInPath } from './next-hop.ts';
import { isGateMethod, readQuestion } from './question.ts';
import type { GateVerdict } from './verdict.ts';

/** What drachtio asks by HTTP: parameters in the order in which they came, and the request's text. */
export interface DecideRequest {
  readonly parameters: URLSearchParams;
  readonly body: Buffer;
}

/** What drachtio understands (its documentation, "Configuration using HTTP"). */
export type DecideAnswer =
  | {
      readonly action: 'reject';
      readonly data: { readonly status: number; readonly reason: string };
    }
  | { readonly action: 'route'; readonly data: { readonly tag: string } }
  | {
      readonly action: 'proxy';
      readonly data: {
        readonly destination: readonly string[];
        readonly recordRoute: boolean;
        readonly followRedirects: boolean;
        readonly simultaneous: boolean;
        readonly provisionalTimeout: string;
      };
    };

export interface DecideOptions {
  readonly next: readonly string[];
  readonly stay: StayInPath;
  readonly nextAfterMs: number;
  readonly emergencyUser: string;
  /** Tag of the application that goes on with what passes; null: it is proxied. */
  readonly route: string | null;
}

const message = new SipMessage();

/**
 * drachtio appends the parameters of the Request-URI to those that it sets itself, unescaped and under their own names: whoever calls
 * `sip:112@x;source_address=192.0.2.1` adds a second source_address. So the first value of a name counts, and everything that the request
 * itself says is read from its text.
 */
export async function decide(
  { parameters, body }: DecideRequest,
  gate: Pick<Gate, 'decide'>,
  counters: GateCounters,
  options: DecideOptions,
): Promise<DecideAnswer> {
  const source = parseAddress(parameters.get('source_address') ?? '') ?? new Endpoint();
  const received = message.read(body, 0, body.length) === 0;
  if (received) source.port = portOfVia(message);
  const requestUri = (received ? message.text(Field.requestUri) : null) ?? parameters.get('uri') ?? '';
  const requestUser = (received ? message.text(Field.requestUser) : null) ?? parameters.get('uriUser') ?? '';
  const method = (received ? message.text(Field.methodToken) : null) ?? parameters.get('method') ?? '';
  const question = readQuestion(body, source);
  counters.count('requests', question?.method ?? 'OTHER');
  const verdict: GateVerdict =
    question === null
      ? {
          pass: true,
          grounds: isGateMethod(method) ? 'unreadable' : 'other-method',
          restrictCallerId: false,
        }
      : await gate.decide(question);
  counters.count('verdicts', verdict.grounds);
  if (!verdict.pass) {
    const { status, phrase } = verdict.refusal;
    // This way takes no headers: the rule stands in the reason phrase.
    const rule = /^[A-Za-z0-9._-]{1,128}$/.test(verdict.rule) ? ` (vigie ${verdict.rule})` : ' (vigie)';
    return { action: 'reject', data: { status, reason: `${phrase}${rule}` } };
  }
  if (options.route !== null) return { action: 'route', data: { tag: options.route } };
  return {
    action: 'proxy',
    data: {
      destination: destinationsOf(requestUri, requestUser, options.next, options.emergencyUser),
      recordRoute: staysInPath(method, options.stay),
      followRedirects: false,
      simultaneous: false,
      provisionalTimeout: `${options.nextAfterMs}ms`,
    },
  };
}

/** Port that the request came from, where drachtio has noted it in the top Via (RFC 3581); else the one it is sent by. */
function portOfVia(request: SipMessage): number {
  const via = request.headers('Via')[0] ?? '';
  const port = /;\s*rport=(\d{1,5})/i.exec(via)?.[1] ?? /^\S+\s+\[?[^\s;\]]+?\]?:(\d{1,5})/.exec(via)?.[1];
  return port === undefined ? 5_060 : Math.min(Number(port), 65_535);
}
