import type { Endpoint } from '../ingest/packet.ts';
import { claimOf } from '../pipeline/message-facts.ts';
import { Field, Method, SipMessage } from '../sip/message.ts';

/** What the gate is asked about: the others go on unasked. */
export type GateMethod = 'INVITE' | 'REGISTER' | 'MESSAGE';

const GATE_METHODS: readonly GateMethod[] = ['INVITE', 'REGISTER', 'MESSAGE'];

/** A request that waits for its decision, as it came from the network. */
export interface GateQuestion {
  readonly method: GateMethod;
  readonly callId: string;
  readonly fromTag: string;
  /** Tag of To; not empty: the request claims to belong to a dialog. */
  readonly toTag: string;
  readonly cseq: number;
  /** Of the top Via, empty where there is none. */
  readonly branch: string;
  readonly source: Endpoint;
  readonly requestUri: string;
  /** Users as they stand, escapes resolved; empty where there is none. */
  readonly requestUser: string;
  readonly fromUser: string;
  readonly assertedUser: string;
  /** Digest user name without realm; empty without credentials. */
  readonly authUser: string;
}

export function isGateMethod(method: string): method is GateMethod {
  return (GATE_METHODS as readonly string[]).includes(method);
}

const METHODS: Readonly<Partial<Record<Method, GateMethod>>> = {
  [Method.INVITE]: 'INVITE',
  [Method.REGISTER]: 'REGISTER',
  [Method.MESSAGE]: 'MESSAGE',
};

/** Longest message that is looked into; a longer one goes on unjudged. */
const MAXIMUM_BYTES = 65_535;
const message = new SipMessage({ maximumBytes: MAXIMUM_BYTES });

/** Null where the text is no request that the gate decides, or none that can be read: such a request goes on. */
export function readQuestion(text: string | Buffer, source: Endpoint): GateQuestion | null {
  const bytes = typeof text === 'string' ? Buffer.from(text, 'utf8') : text;
  if (message.read(bytes, 0, bytes.length) !== 0 || !message.isRequest) return null;
  const method = METHODS[message.method];
  const callId = message.text(Field.callId);
  if (method === undefined || callId === null || callId === '') return null;
  const of = (field: Field): string => message.text(field) ?? '';
  return {
    method,
    callId,
    fromTag: of(Field.fromTag),
    toTag: of(Field.toTag),
    cseq: message.cseq,
    branch: of(Field.viaBranch),
    source,
    requestUri: of(Field.requestUri),
    requestUser: of(Field.requestUser),
    fromUser: of(Field.fromUser),
    assertedUser: of(Field.assertedUser),
    authUser: claimOf(message.text(Field.authUser)),
  };
}
