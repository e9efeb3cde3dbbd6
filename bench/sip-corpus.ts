/** A registration and a call as a proxy's capture shows them; addresses and numbers are reserved for documentation or invented. */

const CRLF = '\r\n';

function message(lines: readonly string[], body = ''): Buffer {
  return Buffer.from([...lines, `Content-Length: ${Buffer.byteLength(body)}`, '', body].join(CRLF));
}

const SDP = [
  'v=0',
  'o=- 3868571023 3868571023 IN IP4 192.168.1.23',
  's=Desk phone',
  'c=IN IP4 192.168.1.23',
  't=0 0',
  'm=audio 11784 RTP/AVP 8 0 9 18 101',
  'a=rtpmap:8 PCMA/8000',
  'a=rtpmap:0 PCMU/8000',
  'a=rtpmap:9 G722/8000',
  'a=rtpmap:18 G729/8000',
  'a=fmtp:18 annexb=no',
  'a=rtpmap:101 telephone-event/8000',
  'a=fmtp:101 0-15',
  'a=ptime:20',
  'a=sendrecv',
  'a=rtcp:11785',
  '',
].join(CRLF);

const PHONE = 'Yealink SIP-T46U 108.86.0.90';
const ALLOW =
  'Allow: INVITE, INFO, PRACK, ACK, BYE, CANCEL, OPTIONS, NOTIFY, REGISTER, SUBSCRIBE, REFER, PUBLISH, UPDATE, MESSAGE';
const FROM = 'From: "Accueil" <sip:+33199000123@voip.example.net>;tag=2871963544';
const TO = 'To: <sip:0199000456@voip.example.net>';
const TO_TAGGED = `${TO};tag=as58f4201b`;
const CALL_ID = 'Call-ID: 0_1203948571@192.168.1.23';
const RECORD_ROUTE = 'Record-Route: <sip:203.0.113.10;lr;ftag=2871963544;did=4a2.9f01>';
const digest = (header: string, method: string) =>
  `${header}: Digest username="+33199000123", realm="voip.example.net", nonce="Zz8qUGc/KSRkYt0QmH6dXy7mVtcB4a1p", uri="sip:voip.example.net", response="8a1f0d6a7c3be4920b5a7c1de09f3b62", algorithm=MD5, cnonce="0a4f113b", qop=auth, nc=00000001${method}`;
const via = (branch: string) => `Via: SIP/2.0/UDP 192.168.1.23:5060;rport;branch=z9hG4bK${branch}`;
const viaAnswered = (branch: string) =>
  `Via: SIP/2.0/UDP 192.168.1.23:5060;rport=40112;received=198.51.100.77;branch=z9hG4bK${branch}`;

function register(cseq: number, authorization: readonly string[]): Buffer {
  return message([
    'REGISTER sip:voip.example.net SIP/2.0',
    via(`20319485${cseq}`),
    'From: "Accueil" <sip:+33199000123@voip.example.net>;tag=1530227733',
    'To: "Accueil" <sip:+33199000123@voip.example.net>',
    'Call-ID: 0_2930481756@192.168.1.23',
    `CSeq: ${cseq} REGISTER`,
    'Contact: <sip:+33199000123@192.168.1.23:5060;ob>;+sip.instance="<urn:uuid:00000000-0000-1000-8000-805ec0a1b2c3>";reg-id=1',
    ...authorization,
    ALLOW,
    'Max-Forwards: 70',
    `User-Agent: ${PHONE}`,
    'Expires: 3600',
    'Allow-Events: talk,hold,conference,refer,check-sync',
    'Supported: path, outbound',
  ]);
}

function registered(cseq: number, status: string, extra: readonly string[]): Buffer {
  return message([
    `SIP/2.0 ${status}`,
    viaAnswered(`20319485${cseq}`),
    'From: "Accueil" <sip:+33199000123@voip.example.net>;tag=1530227733',
    'To: "Accueil" <sip:+33199000123@voip.example.net>;tag=d3f1c2a0b6',
    'Call-ID: 0_2930481756@192.168.1.23',
    `CSeq: ${cseq} REGISTER`,
    ...extra,
    'Server: kamailio (5.6.3 (x86_64/linux))',
  ]);
}

function inDialog(start: string, cseq: string, branch: string, extra: readonly string[] = []): Buffer {
  return message([
    start,
    via(branch),
    'Route: <sip:203.0.113.10;lr;ftag=2871963544;did=4a2.9f01>',
    FROM,
    TO_TAGGED,
    CALL_ID,
    `CSeq: ${cseq}`,
    'Contact: <sip:+33199000123@192.168.1.23:5060;ob>',
    'Max-Forwards: 70',
    `User-Agent: ${PHONE}`,
    ...extra,
  ]);
}

function invite(cseq: number, authorization: readonly string[]): Buffer {
  return message(
    [
      'INVITE sip:0199000456@voip.example.net SIP/2.0',
      via(`118273645${cseq}`),
      FROM,
      TO,
      CALL_ID,
      `CSeq: ${cseq} INVITE`,
      'Contact: <sip:+33199000123@192.168.1.23:5060;ob>',
      'Content-Type: application/sdp',
      ...authorization,
      ALLOW,
      'Max-Forwards: 70',
      `User-Agent: ${PHONE}`,
      'Session-Expires: 1800',
      'Min-SE: 90',
      'Supported: replaces, timer, 100rel',
      'Allow-Events: talk,hold,conference,refer,check-sync',
    ],
    SDP,
  );
}

function answered(status: string, cseq: string, branch: string, extra: readonly string[], body = ''): Buffer {
  return message(
    [
      `SIP/2.0 ${status}`,
      viaAnswered(branch),
      ...extra,
      FROM,
      TO_TAGGED,
      CALL_ID,
      `CSeq: ${cseq}`,
      'Server: Asterisk PBX 20.5.0',
    ],
    body,
  );
}

/** The messages in the order of a call, each with a name. */
export const SIP_CORPUS: readonly { readonly name: string; readonly bytes: Buffer }[] = [
  { name: 'REGISTER', bytes: register(1, []) },
  {
    name: '401',
    bytes: registered(1, '401 Unauthorized', [
      'WWW-Authenticate: Digest realm="voip.example.net", nonce="Zz8qUGc/KSRkYt0QmH6dXy7mVtcB4a1p", qop="auth"',
    ]),
  },
  { name: 'REGISTER with credentials', bytes: register(2, [digest('Authorization', '')]) },
  {
    name: '200 to REGISTER',
    bytes: registered(2, '200 OK', [
      'Contact: <sip:+33199000123@192.168.1.23:5060;ob>;expires=3600;received="sip:198.51.100.77:40112"',
    ]),
  },
  { name: 'INVITE with SDP', bytes: invite(1, []) },
  {
    name: '407',
    bytes: answered('407 Proxy Authentication Required', '1 INVITE', '1182736451', [
      'Proxy-Authenticate: Digest realm="voip.example.net", nonce="Zz8qUGc/KSRkYt0QmH6dXy7mVtcB4a1p", qop="auth"',
    ]),
  },
  { name: 'INVITE with SDP and credentials', bytes: invite(2, [digest('Proxy-Authorization', '')]) },
  {
    name: '100',
    bytes: answered('100 trying -- your call is important to us', '2 INVITE', '1182736452', []),
  },
  {
    name: '180',
    bytes: answered('180 Ringing', '2 INVITE', '1182736452', [
      RECORD_ROUTE,
      'Contact: <sip:0199000456@203.0.113.80:5080>',
    ]),
  },
  {
    name: '200 with SDP',
    bytes: answered(
      '200 OK',
      '2 INVITE',
      '1182736452',
      [
        RECORD_ROUTE,
        'Contact: <sip:0199000456@203.0.113.80:5080>',
        'Allow: INVITE, ACK, CANCEL, OPTIONS, BYE, REFER, SUBSCRIBE, NOTIFY, INFO, PUBLISH, MESSAGE',
        'Supported: replaces, timer',
        'Require: timer',
        'Session-Expires: 1800;refresher=uas',
        'Content-Type: application/sdp',
      ],
      SDP,
    ),
  },
  { name: 'ACK', bytes: inDialog('ACK sip:0199000456@203.0.113.80:5080 SIP/2.0', '2 ACK', '998172635') },
  {
    name: 'BYE',
    bytes: inDialog('BYE sip:0199000456@203.0.113.80:5080 SIP/2.0', '3 BYE', '771625344', [
      digest('Proxy-Authorization', ''),
      'Reason: Q.850;cause=16;text="Normal call clearing"',
    ]),
  },
  {
    name: 'OPTIONS',
    bytes: message([
      'OPTIONS sip:+33199000123@198.51.100.77:40112 SIP/2.0',
      'Via: SIP/2.0/UDP 203.0.113.10;branch=z9hG4bKc2b1.5a7f0d31.0',
      'From: <sip:ping@voip.example.net>;tag=uloc-5f3a-1',
      'To: <sip:+33199000123@198.51.100.77:40112>',
      'Call-ID: 5f3ac1d2-1a2b3c4d-77e1@203.0.113.10',
      'CSeq: 1 OPTIONS',
      'Max-Forwards: 70',
    ]),
  },
];
