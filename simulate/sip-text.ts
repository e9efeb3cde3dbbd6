import { DOMAIN } from './operator.ts';

export interface RequestFacts {
  readonly method: string;
  readonly uri: string;
  /** Via values, topmost first. */
  readonly vias: readonly string[];
  /** From, To with their tags. */
  readonly from: string;
  readonly to: string;
  readonly callId: string;
  readonly cseq: number;
  /** Further header lines. */
  readonly headers?: readonly string[];
  readonly body?: string;
}

export function request(facts: RequestFacts): string {
  const { method, uri, vias, cseq } = facts;
  return assemble(`${method} ${uri} SIP/2.0`, vias, facts, `${cseq} ${method}`);
}

/** A response to the request: its Via, From, Call-ID and CSeq, and a To with the tag of the one who answers. */
export function response(
  status: string,
  facts: RequestFacts,
  to: string,
  headers: readonly string[] = [],
  body?: string,
): string {
  const { vias, from, callId, cseq, method } = facts;
  const answer = { from, to, callId, headers, ...(body === undefined ? {} : { body }) };
  return assemble(`SIP/2.0 ${status}`, vias, answer, `${cseq} ${method}`);
}

function assemble(
  first: string,
  vias: readonly string[],
  facts: Pick<RequestFacts, 'from' | 'to' | 'callId' | 'headers' | 'body'>,
  cseq: string,
): string {
  const { from, to, callId, headers = [], body = '' } = facts;
  let text = `${first}\r\n`;
  for (const via of vias) text += `Via: ${via}\r\n`;
  if (!first.startsWith('SIP/2.0')) text += 'Max-Forwards: 70\r\n';
  text += `From: ${from}\r\nTo: ${to}\r\nCall-ID: ${callId}\r\nCSeq: ${cseq}\r\n`;
  for (const header of headers) text += `${header}\r\n`;
  if (body !== '') text += `Content-Type: ${body.startsWith('v=0') ? 'application/sdp' : 'text/plain'}\r\n`;
  return `${text}Content-Length: ${body.length}\r\n\r\n${body}`;
}

export function digest(
  header: 'Authorization' | 'Proxy-Authorization',
  user: string,
  uri: string,
  nonce: string,
  answer: string,
): string {
  return `${header}: Digest username="${user}", realm="${DOMAIN}", nonce="${nonce}", uri="${uri}", response="${answer}", algorithm=MD5`;
}

/** An audio offer or answer (RFC 4566, RFC 3551). */
export function sdp(address: string, port: number): string {
  const family = address.includes(':') ? 'IP6' : 'IP4';
  return `v=0\r\no=- ${port} 1 IN ${family} ${address}\r\ns=-\r\nc=IN ${family} ${address}\r\nt=0 0\r\nm=audio ${port} RTP/AVP 8 0 101\r\na=rtpmap:8 PCMA/8000\r\na=rtpmap:0 PCMU/8000\r\na=rtpmap:101 telephone-event/8000\r\na=sendrecv\r\n`;
}

/** A fax offer or answer (ITU-T T.38, annex D). */
export function faxSdp(address: string, port: number): string {
  const family = address.includes(':') ? 'IP6' : 'IP4';
  return `v=0\r\no=- ${port} 2 IN ${family} ${address}\r\ns=-\r\nc=IN ${family} ${address}\r\nt=0 0\r\nm=image ${port} udptl t38\r\na=T38FaxVersion:0\r\na=T38MaxBitRate:14400\r\n`;
}
