/**
 * The exchanges of the bench's traffic, message by message as Kamailio's siptrace captures them. Between braces stands what differs from
 * exchange to exchange, always of the same length, so that it can be written over in place:
 * `{R}` round, `{S}` exchange within the round, `{L}` line (six digits each), `{A}` public address of the line.
 */

export const PROXY = '203.0.113.10:5060';
export const CARRIER = '203.0.113.200:5060';

export type Party = 'phone' | 'proxy' | 'carrier';

export interface TemplateMessage {
  readonly from: Party;
  readonly to: Party;
  readonly text: string;
}

export interface Exchange {
  readonly name: string;
  readonly messages: readonly TemplateMessage[];
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
  'a=rtpmap:101 telephone-event/8000',
  'a=fmtp:101 0-15',
  'a=ptime:20',
  'a=sendrecv',
  '',
].join('\r\n');
const NONCE = 'Zz8qUGc/KSRkYt0QmH6dXy7mVtcB4a1p';
const digest = (header: string) =>
  `${header}: Digest username="+33199{L}", realm="voip.example.net", nonce="${NONCE}", uri="sip:voip.example.net", response="8a1f0d6a7c3be4920b5a7c1de09f3b62", algorithm=MD5, cnonce="0a4f113b", qop=auth, nc=00000001`;
const challenge = (header: string) =>
  `${header}: Digest realm="voip.example.net", nonce="${NONCE}", qop="auth"`;
const ALLOW =
  'Allow: INVITE, INFO, PRACK, ACK, BYE, CANCEL, OPTIONS, NOTIFY, REGISTER, SUBSCRIBE, REFER, UPDATE, MESSAGE';
const PHONE_AGENT = 'User-Agent: Yealink SIP-T46U 108.86.0.90';
const CARRIER_AGENT = 'Server: Carrier SBC 9.2';
const KAMAILIO = 'Server: kamailio (5.6.3 (x86_64/linux))';
const PHONE_CONTACT = 'Contact: <sip:+33199{L}@192.168.1.23:5060;ob>';
const CARRIER_CONTACT = 'Contact: <sip:+33199000456@203.0.113.200:5060>';
const RECORD_ROUTE = 'Record-Route: <sip:203.0.113.10;lr;ftag={S}{R}f;did=4a2.9f01>';
const ROUTE = 'Route: <sip:203.0.113.10;lr;ftag={S}{R}f;did=4a2.9f01>';

const viaPhone = (branch: string) => `Via: SIP/2.0/UDP 192.168.1.23:5060;rport;branch=z9hG4bK${branch}{S}{R}`;
const viaPhoneSeen = (branch: string) =>
  `Via: SIP/2.0/UDP 192.168.1.23:5060;received={A};rport=5060;branch=z9hG4bK${branch}{S}{R}`;
const viaProxy = (branch: string) => `Via: SIP/2.0/UDP 203.0.113.10;branch=z9hG4bKc2b1.${branch}{S}{R}.0`;
const viaCarrier = (branch: string) => `Via: SIP/2.0/UDP 203.0.113.200:5060;branch=z9hG4bKsbc${branch}{S}{R}`;

function text(lines: readonly string[], body = ''): string {
  return [...lines, `Content-Length: ${body.length}`, '', body].join('\r\n');
}

interface Dialog {
  readonly from: string;
  readonly to: string;
  readonly callId: string;
}

/** A request or response of a dialog; `tagged`: To has its tag. */
function message(
  start: string,
  vias: readonly string[],
  dialog: Dialog,
  cseq: string,
  extra: readonly string[],
  { tagged = true, body = '' } = {},
): string {
  return text(
    [
      start,
      ...vias,
      `From: ${dialog.from}`,
      `To: ${dialog.to}${tagged ? ';tag={S}{R}t' : ''}`,
      `Call-ID: ${dialog.callId}`,
      `CSeq: ${cseq}`,
      ...extra,
      ...(body === '' ? [] : ['Content-Type: application/sdp']),
    ],
    body,
  );
}

/** REGISTER without credentials, 401, REGISTER with them, 200. */
export const REGISTER: Exchange = (() => {
  const self = '"Desk" <sip:+33199{L}@voip.example.net>';
  const dialog = { from: `${self};tag={S}{R}g`, to: self, callId: '2930481756-{L}@192.168.1.23' };
  const contact =
    'Contact: <sip:+33199{L}@192.168.1.23:5060;ob>;+sip.instance="<urn:uuid:00000000-0000-1000-8000-805ec0{L}>";reg-id=1';
  const request = (branch: string, cseq: string, extra: readonly string[]) =>
    message(
      'REGISTER sip:voip.example.net SIP/2.0',
      [viaPhone(branch)],
      dialog,
      `${cseq}{R} REGISTER`,
      [
        contact,
        ...extra,
        ALLOW,
        'Max-Forwards: 70',
        PHONE_AGENT,
        'Expires: 3600',
        'Supported: path, outbound',
      ],
      { tagged: false },
    );
  const answer = (status: string, branch: string, cseq: string, extra: readonly string[]) =>
    message(`SIP/2.0 ${status}`, [viaPhoneSeen(branch)], dialog, `${cseq}{R} REGISTER`, [...extra, KAMAILIO]);
  const granted = `Contact: <sip:+33199{L}@192.168.1.23:5060;ob>;expires=3600;received="sip:{A}:5060";+sip.instance="<urn:uuid:00000000-0000-1000-8000-805ec0{L}>";reg-id=1`;
  return {
    name: 'REGISTER',
    messages: [
      { from: 'phone', to: 'proxy', text: request('r', '1', []) },
      {
        from: 'proxy',
        to: 'phone',
        text: answer('401 Unauthorized', 'r', '1', [challenge('WWW-Authenticate')]),
      },
      { from: 'phone', to: 'proxy', text: request('s', '2', [digest('Authorization')]) },
      { from: 'proxy', to: 'phone', text: answer('200 OK', 's', '2', [granted]) },
    ],
  };
})();

/** A phone or PBX that asks whether the proxy is there. */
export const PHONE_OPTIONS: Exchange = (() => {
  const self = '<sip:+33199{L}@voip.example.net>';
  const dialog = {
    from: `${self};tag={S}{R}o`,
    to: '<sip:voip.example.net>',
    callId: 'o{S}{R}@192.168.1.23',
  };
  const agent = ['Max-Forwards: 70', PHONE_CONTACT, PHONE_AGENT, ALLOW];
  return {
    name: 'OPTIONS',
    messages: [
      {
        from: 'phone',
        to: 'proxy',
        text: message(
          'OPTIONS sip:voip.example.net SIP/2.0',
          [viaPhone('o')],
          dialog,
          '1{R} OPTIONS',
          agent,
          {
            tagged: false,
          },
        ),
      },
      {
        from: 'proxy',
        to: 'phone',
        text: message('SIP/2.0 200 Keepalive', [viaPhoneSeen('o')], dialog, '1{R} OPTIONS', [KAMAILIO]),
      },
    ],
  };
})();

/** The proxy's ping that keeps a phone's NAT open. */
export const PROXY_OPTIONS: Exchange = (() => {
  const dialog = {
    from: '<sip:ping@voip.example.net>;tag=uloc-{S}{R}',
    to: '<sip:+33199{L}@{A}:5060>',
    callId: '5f3ac1d2-{S}{R}@203.0.113.10',
  };
  return {
    name: 'OPTIONS',
    messages: [
      {
        from: 'proxy',
        to: 'phone',
        text: message('OPTIONS sip:+33199{L}@{A}:5060 SIP/2.0', [viaProxy('p')], dialog, '1 OPTIONS', [], {
          tagged: false,
        }),
      },
      {
        from: 'phone',
        to: 'proxy',
        text: message('SIP/2.0 200 OK', [viaProxy('p')], dialog, '1 OPTIONS', [ALLOW, PHONE_AGENT]),
      },
    ],
  };
})();

const OUTGOING: Dialog = {
  from: '"Desk" <sip:+33199{L}@voip.example.net>;tag={S}{R}f',
  to: '<sip:0199000456@voip.example.net>',
  callId: '0_1203{S}{R}@192.168.1.23',
};
const CALLED = 'sip:0199000456@voip.example.net SIP/2.0';
const CALLED_THERE = 'sip:+33199000456@203.0.113.200:5060 SIP/2.0';
const INVITE_HEADERS = [
  PHONE_CONTACT,
  ALLOW,
  'Max-Forwards: 70',
  PHONE_AGENT,
  'Session-Expires: 1800',
  'Supported: replaces, timer',
];

/** INVITE, 407, ACK, INVITE with credentials, 100, and the INVITE and 100 of the other leg. */
const challenged: readonly TemplateMessage[] = [
  {
    from: 'phone',
    to: 'proxy',
    text: message(`INVITE ${CALLED}`, [viaPhone('i')], OUTGOING, '1 INVITE', INVITE_HEADERS, {
      tagged: false,
      body: SDP,
    }),
  },
  {
    from: 'proxy',
    to: 'phone',
    text: message('SIP/2.0 407 Proxy Authentication Required', [viaPhoneSeen('i')], OUTGOING, '1 INVITE', [
      challenge('Proxy-Authenticate'),
      KAMAILIO,
    ]),
  },
  {
    from: 'phone',
    to: 'proxy',
    text: message(`ACK ${CALLED}`, [viaPhone('i')], OUTGOING, '1 ACK', ['Max-Forwards: 70', PHONE_AGENT]),
  },
  {
    from: 'phone',
    to: 'proxy',
    text: message(
      `INVITE ${CALLED}`,
      [viaPhone('j')],
      OUTGOING,
      '2 INVITE',
      [digest('Proxy-Authorization'), ...INVITE_HEADERS],
      { tagged: false, body: SDP },
    ),
  },
  {
    from: 'proxy',
    to: 'phone',
    text: message(
      'SIP/2.0 100 trying -- your call is important to us',
      [viaPhoneSeen('j')],
      OUTGOING,
      '2 INVITE',
      [KAMAILIO],
      { tagged: false },
    ),
  },
  {
    from: 'proxy',
    to: 'carrier',
    text: message(
      `INVITE ${CALLED_THERE}`,
      [RECORD_ROUTE, viaProxy('j'), viaPhoneSeen('j')],
      OUTGOING,
      '2 INVITE',
      ['P-Asserted-Identity: <sip:+33199{L}@voip.example.net>', ...INVITE_HEADERS],
      { tagged: false, body: SDP },
    ),
  },
  {
    from: 'carrier',
    to: 'proxy',
    text: message('SIP/2.0 100 Trying', [viaProxy('j'), viaPhoneSeen('j')], OUTGOING, '2 INVITE', [], {
      tagged: false,
    }),
  },
];

/** The carrier's answer to the INVITE, and the proxy passing it on. */
function relayed(status: string, extra: readonly string[], body = ''): TemplateMessage[] {
  const of = (vias: readonly string[]) =>
    message(`SIP/2.0 ${status}`, vias, OUTGOING, '2 INVITE', [RECORD_ROUTE, ...extra, CARRIER_AGENT], {
      body,
    });
  return [
    { from: 'carrier', to: 'proxy', text: of([viaProxy('j'), viaPhoneSeen('j')]) },
    { from: 'proxy', to: 'phone', text: of([viaPhoneSeen('j')]) },
  ];
}

/** A request of the phone within the call, and the proxy passing it on. */
function sent(method: string, branch: string, cseq: string): TemplateMessage[] {
  const start = `${method} ${CALLED_THERE}`;
  const extra = ['Max-Forwards: 70', PHONE_CONTACT, PHONE_AGENT];
  return [
    {
      from: 'phone',
      to: 'proxy',
      text: message(start, [viaPhone(branch)], OUTGOING, cseq, [ROUTE, ...extra]),
    },
    {
      from: 'proxy',
      to: 'carrier',
      text: message(start, [viaProxy(branch), viaPhoneSeen(branch)], OUTGOING, cseq, extra),
    },
  ];
}

/** ACKs of both hops to a failure. */
const failureAcks: readonly TemplateMessage[] = [
  {
    from: 'proxy',
    to: 'carrier',
    text: message(`ACK ${CALLED_THERE}`, [viaProxy('j')], OUTGOING, '2 ACK', ['Max-Forwards: 70']),
  },
  {
    from: 'phone',
    to: 'proxy',
    text: message(`ACK ${CALLED}`, [viaPhone('j')], OUTGOING, '2 ACK', ['Max-Forwards: 70', PHONE_AGENT]),
  },
];

export const OUTGOING_ANSWERED: Exchange = {
  name: 'outgoing call, answered',
  messages: [
    ...challenged,
    ...relayed('180 Ringing', [CARRIER_CONTACT]),
    ...relayed('200 OK', [CARRIER_CONTACT, ALLOW, 'Session-Expires: 1800;refresher=uas'], SDP),
    ...sent('ACK', 'k', '2 ACK'),
  ],
};

export const OUTGOING_BUSY: Exchange = {
  name: 'outgoing call, busy',
  messages: [...challenged, ...relayed('486 Busy Here', []), ...failureAcks],
};

export const OUTGOING_CANCELLED: Exchange = {
  name: 'outgoing call, given up',
  messages: [
    ...challenged,
    ...relayed('180 Ringing', [CARRIER_CONTACT]),
    {
      from: 'phone',
      to: 'proxy',
      text: message(
        `CANCEL ${CALLED}`,
        [viaPhone('j')],
        OUTGOING,
        '2 CANCEL',
        ['Max-Forwards: 70', PHONE_AGENT],
        {
          tagged: false,
        },
      ),
    },
    {
      from: 'proxy',
      to: 'phone',
      text: message('SIP/2.0 200 canceling', [viaPhoneSeen('j')], OUTGOING, '2 CANCEL', [KAMAILIO]),
    },
    {
      from: 'proxy',
      to: 'carrier',
      text: message(`CANCEL ${CALLED_THERE}`, [viaProxy('j')], OUTGOING, '2 CANCEL', ['Max-Forwards: 70'], {
        tagged: false,
      }),
    },
    {
      from: 'carrier',
      to: 'proxy',
      text: message('SIP/2.0 200 OK', [viaProxy('j')], OUTGOING, '2 CANCEL', [CARRIER_AGENT]),
    },
    ...relayed('487 Request Terminated', []),
    ...failureAcks,
  ],
};

/** The end of an answered outgoing call: BYE of the phone and its 200, on both legs. */
export const OUTGOING_END: Exchange = {
  name: 'end of an outgoing call',
  messages: [
    ...sent('BYE', 'l', '3 BYE'),
    {
      from: 'carrier',
      to: 'proxy',
      text: message('SIP/2.0 200 OK', [viaProxy('l'), viaPhoneSeen('l')], OUTGOING, '3 BYE', [CARRIER_AGENT]),
    },
    {
      from: 'proxy',
      to: 'phone',
      text: message('SIP/2.0 200 OK', [viaPhoneSeen('l')], OUTGOING, '3 BYE', [CARRIER_AGENT]),
    },
  ],
};

const INCOMING: Dialog = {
  from: '<sip:+33199000456@carrier.example.net>;tag={S}{R}f',
  to: '<sip:+33199{L}@voip.example.net>',
  callId: 'sbc-77120{S}{R}@203.0.113.200',
};
const PHONE_URI = 'sip:+33199{L}@{A}:5060;ob SIP/2.0';

/** A request of the carrier, and the proxy passing it on to the phone. */
function received(
  method: string,
  branch: string,
  cseq: string,
  extra: readonly string[],
  options = {},
): TemplateMessage[] {
  const start = `${method} sip:+33199{L}@voip.example.net SIP/2.0`;
  return [
    {
      from: 'carrier',
      to: 'proxy',
      text: message(start, [viaCarrier(branch)], INCOMING, cseq, extra, options),
    },
    {
      from: 'proxy',
      to: 'phone',
      text: message(
        `${method} ${PHONE_URI}`,
        [viaProxy(branch), viaCarrier(branch)],
        INCOMING,
        cseq,
        extra,
        options,
      ),
    },
  ];
}

/** The phone's answer, and the proxy passing it on. */
function returned(
  status: string,
  branch: string,
  cseq: string,
  extra: readonly string[],
  body = '',
): TemplateMessage[] {
  const of = (vias: readonly string[]) =>
    message(`SIP/2.0 ${status}`, vias, INCOMING, cseq, [...extra, PHONE_AGENT], { body });
  return [
    { from: 'phone', to: 'proxy', text: of([viaProxy(branch), viaCarrier(branch)]) },
    { from: 'proxy', to: 'carrier', text: of([viaCarrier(branch)]) },
  ];
}

export const INCOMING_ANSWERED: Exchange = {
  name: 'incoming call, answered',
  messages: [
    ...received('INVITE', 'm', '1 INVITE', [RECORD_ROUTE, CARRIER_CONTACT, ALLOW, 'Max-Forwards: 69'], {
      tagged: false,
      body: SDP,
    }),
    {
      from: 'proxy',
      to: 'carrier',
      text: message('SIP/2.0 100 trying', [viaCarrier('m')], INCOMING, '1 INVITE', [KAMAILIO], {
        tagged: false,
      }),
    },
    ...returned('180 Ringing', 'm', '1 INVITE', [PHONE_CONTACT]),
    ...returned('200 OK', 'm', '1 INVITE', [PHONE_CONTACT, ALLOW], SDP),
    ...received('ACK', 'n', '1 ACK', ['Max-Forwards: 69']),
  ],
};

/** The end of an answered incoming call: BYE of the carrier. */
export const INCOMING_END: Exchange = {
  name: 'end of an incoming call',
  messages: [...received('BYE', 'q', '2 BYE', ['Max-Forwards: 69']), ...returned('200 OK', 'q', '2 BYE', [])],
};
