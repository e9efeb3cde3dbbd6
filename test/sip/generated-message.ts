import fc from 'fast-check';

/** What a generated message says, known before it was written down. */
export interface Truth {
  readonly isRequest: boolean;
  readonly status: number;
  readonly method: string;
  readonly cseq: number;
  readonly callId: string;
  readonly requestUser: string | null;
  readonly fromUser: string | null;
  readonly fromTag: string | null;
  readonly toUser: string | null;
  readonly toTag: string | null;
  readonly vias: readonly {
    readonly transport: string;
    readonly host: string;
    readonly port: number | null;
    readonly branch: string;
    readonly received: string | null;
    readonly rport: number | null | 'flag';
  }[];
  readonly contacts: readonly {
    readonly user: string | null;
    readonly host: string | null;
    readonly port: number | null;
    readonly expires: number | null;
    readonly instance: string | null;
  }[];
  readonly expires: number;
  readonly contentLength: number;
  readonly userAgent: string | null;
  readonly authUser: string | null;
  readonly assertedUser: string | null;
}

export interface Generated {
  readonly text: string;
  readonly truth: Truth;
  /** Some URI is a tel: one. */
  readonly hasTel: boolean;
  /** Several Via values stand in one header. */
  readonly joinsVias: boolean;
}

const token = fc.string({ unit: fc.constantFrom(..."abcXYZ019-.!%*_+`'~"), minLength: 1, maxLength: 16 });
const alphanumeric = fc.string({
  unit: fc.constantFrom(...'abcdefXYZ0123456789'),
  minLength: 1,
  maxLength: 12,
});
const port = fc.option(fc.integer({ min: 1, max: 65_535 }));
const host = fc.oneof(
  fc.ipV4(),
  fc.constantFrom('[2001:db8::9:1]', '[::1]', '[::ffff:192.0.2.10]', '[2001:db8:0:1:2:3:4:5]'),
  fc.constantFrom('example.net', 'voip-1.example.com', 'localhost', 'a.b.c.example.org.'),
);

interface Written<T> {
  readonly text: string;
  readonly value: T;
}

/** A character of a user part, plain or escaped (RFC 3261 §25.1). Never a semicolon: user parameters come apart. */
const userCharacter: fc.Arbitrary<Written<string>> = fc.oneof(
  {
    weight: 12,
    arbitrary: fc.constantFrom(..."abcdxyzABC0123456789+-_.!~*'()&=$,?/").map((c) => ({ text: c, value: c })),
  },
  {
    weight: 1,
    arbitrary: fc.constantFrom('@', ' ', '#', '"', '<', '>', 'é', '%', 'a', 'Z').map((c) => ({
      text: [...Buffer.from(c)].map((b) => `%${b.toString(16).padStart(2, '0')}`).join(''),
      value: c,
    })),
  },
);
const user = fc
  .array(userCharacter, { minLength: 1, maxLength: 14 })
  .map((parts) => ({ text: parts.map((p) => p.text).join(''), value: parts.map((p) => p.value).join('') }));

interface Uri {
  readonly user: string | null;
  readonly host: string | null;
  readonly port: number | null;
  readonly tel: boolean;
}

const sipUri: fc.Arbitrary<Written<Uri>> = fc
  .record({
    scheme: fc.constantFrom('sip', 'SIP', 'sips', 'Sip'),
    user: fc.option(user, { freq: 6 }),
    userParameter: fc.option(fc.constantFrom(';phone-context=+33', ';x=y'), { freq: 2 }),
    host,
    port,
    parameters: fc.array(fc.constantFrom(';transport=tcp', ';user=phone', ';lr', ';ob', ';tag=uri'), {
      maxLength: 2,
    }),
  })
  .map(({ scheme, user, userParameter, host, port, parameters }) => ({
    text: `${scheme}:${user ? `${user.text}${userParameter ?? ''}@` : ''}${host}${port === null ? '' : `:${port}`}${[...new Set(parameters)].join('')}`,
    value: { user: user?.value ?? null, host, port, tel: false },
  }));

const telUri: fc.Arbitrary<Written<Uri>> = fc
  .record({
    number: fc.constantFrom('112', '+35227000000', '+33-1-99-00-01-23', '(01)9900'),
    parameters: fc.constantFrom('', ';phone-context=+33', ';phone-context=example.net;ext=12'),
  })
  .map(({ number, parameters }) => ({
    text: `tel:${number}${parameters}`,
    value: { user: number, host: null, port: null, tel: true },
  }));

const uri = fc.oneof({ weight: 9, arbitrary: sipUri }, { weight: 1, arbitrary: telUri });

/** Space that may stand around separators: none, blanks or a fold (RFC 3261 §25.1, SWS). */
const space = fc.oneof(
  { weight: 6, arbitrary: fc.constant('') },
  { weight: 1, arbitrary: fc.constantFrom(' ', '\t', '  ', '\r\n ', ' \r\n\t') },
);

const displayName = fc.oneof(
  fc.constant(''),
  fc.constantFrom('Alice ', 'Bob the Builder ', "tok.en-!%*_+`'~ "),
  fc
    .array(
      fc.constantFrom(
        'a',
        'B',
        ' ',
        ',',
        ';tag=no',
        '<',
        '>',
        '\\"',
        '\\\\',
        'é',
        ':',
        '@',
        '<sip:no@example.org>',
      ),
      { maxLength: 8 },
    )
    .map((parts) => `"${parts.join('')}" `),
);

/** name-addr with parameters, or addr-spec where the URI has none of its own (RFC 3261 §20.10). */
function address(parameters: fc.Arbitrary<readonly string[]>): fc.Arbitrary<Written<Uri>> {
  return fc
    .record({
      display: displayName,
      uri,
      bare: fc.boolean(),
      parameters,
      before: space,
      after: space,
      inner: space,
    })
    .map(({ display, uri, bare, parameters, before, after, inner }) => {
      const canBeBare = bare && !/[;,?]/.test(uri.text);
      const written = canBeBare ? uri.text : `${display}${inner}<${uri.text}>`;
      return { text: written + parameters.map((p) => `${before};${after}${p}`).join(''), value: uri.value };
    });
}

const mixedCase = (name: string): fc.Arbitrary<string> =>
  fc
    .array(fc.boolean(), { minLength: name.length, maxLength: name.length })
    .map((upper) => [...name].map((c, i) => (upper[i] ? c.toUpperCase() : c.toLowerCase())).join(''));

function header(full: string, compact: string | null, value: string): fc.Arbitrary<string> {
  const names = [fc.constant(full), mixedCase(full)];
  if (compact) names.push(mixedCase(compact));
  const separator = fc.oneof(
    { weight: 8, arbitrary: fc.constant(': ') },
    { weight: 1, arbitrary: fc.constantFrom(':', ' : ', '\t:', ':\r\n ', ':  \r\n\t') },
  );
  return fc
    .record({ name: fc.oneof(...names), separator })
    .map(({ name, separator }) => `${name}${separator}${value}`);
}

const tagged = fc
  .record({
    tag: fc.option(token, { freq: 4 }),
    before: fc.boolean(),
    eq: space,
    name: mixedCase('tag'),
    other: fc.constantFrom('', 'x', 'y=z', 'q=";tag=no, \\""'),
  })
  .map(({ tag, before, eq, name, other }) => {
    const own = tag === null ? [] : [`${name}${eq}=${eq}${tag}`];
    const others = other === '' ? [] : [other];
    return { value: tag, parameters: before ? [...own, ...others] : [...others, ...own] };
  });

const party = tagged.chain(({ value, parameters }) =>
  address(fc.constant(parameters)).map((written) => ({ ...written, tag: value })),
);

const via = fc
  .record({
    transport: fc.constantFrom('UDP', 'TCP', 'TLS', 'WSS'),
    host,
    port,
    branch: fc.oneof(
      token,
      alphanumeric.map((t) => `z9hG4bK${t}`),
    ),
    received: fc.option(fc.oneof(fc.ipV4(), fc.constant('2001:db8::1'))),
    rport: fc.option(fc.oneof(fc.constant('flag' as const), fc.integer({ min: 1, max: 65_535 }))),
    slash: space,
    semi: space,
    equal: space,
    branchFirst: fc.boolean(),
  })
  .map(({ transport, host, port, branch, received, rport, slash, semi, equal, branchFirst }) => {
    const parameters = [
      ...(received === null ? [] : [`received${equal}=${received}`]),
      ...(rport === null ? [] : [rport === 'flag' ? 'rport' : `rport=${rport}`]),
    ];
    const branchText = `branch${equal}=${equal}${branch}`;
    const all = branchFirst ? [branchText, ...parameters] : [...parameters, branchText];
    const text = `SIP${slash}/${slash}2.0/${transport} ${host}${port === null ? '' : `:${port}`}${all.map((p) => `${semi};${p}`).join('')}`;
    return { text, value: { transport, host, port, branch, received, rport } };
  });

const contact = fc
  .record({
    expires: fc.option(fc.integer({ min: 0, max: 0xffff_ffff })),
    instance: fc.option(fc.uuid()),
    q: fc.boolean(),
  })
  .chain(({ expires, instance, q }) =>
    address(
      fc.constant([
        ...(q ? ['q=0.5'] : []),
        ...(expires === null ? [] : [`expires=${expires}`]),
        ...(instance === null ? [] : [`+sip.instance="<urn:uuid:${instance}>"`]),
      ]),
    ).map((written) => ({
      ...written,
      contact: {
        user: written.value.user,
        host: written.value.host,
        port: written.value.port,
        expires,
        instance: instance === null ? null : `urn:uuid:${instance}`,
      },
    })),
  );

const quotedUser = fc
  .array(fc.constantFrom('a', 'b', '0', '@', '.', ',', ';', '\\"', '\\\\', ' ', '%41'), {
    minLength: 1,
    maxLength: 10,
  })
  .map((parts) => ({
    text: parts.join(''),
    value: parts.map((p) => (p.startsWith('\\') ? p.slice(1) : p)).join(''),
  }));

const METHODS = [
  'INVITE',
  'ACK',
  'BYE',
  'CANCEL',
  'REGISTER',
  'OPTIONS',
  'MESSAGE',
  'SUBSCRIBE',
  'NOTIFY',
  'PRACK',
  'UPDATE',
  'INFO',
  'REFER',
  'PUBLISH',
];

const parts = fc.record({
  status: fc.option(fc.integer({ min: 100, max: 699 })),
  method: fc.oneof(
    { weight: 8, arbitrary: fc.constantFrom(...METHODS) },
    { weight: 1, arbitrary: fc.constantFrom('FOO', 'INVITES', 'Bye', 'X-Y.z') },
  ),
  cseq: fc.integer({ min: 0, max: 0x7fff_ffff }),
  callId: fc.tuple(alphanumeric, fc.option(host)).map(([word, at]) => (at === null ? word : `${word}@${at}`)),
  requestUri: sipUri,
  from: party,
  to: party,
  vias: fc.array(via, { minLength: 1, maxLength: 4 }),
  joinVias: fc.boolean(),
  contacts: fc.array(contact, { maxLength: 3 }),
  joinContacts: fc.boolean(),
  comma: space,
  expires: fc.option(fc.integer({ min: 0, max: 0xffff_ffff })),
  userAgent: fc.option(
    fc.constantFrom('Yealink SIP-T46U 108.86.0.90', 'friendly-scanner', 'é/1.0 (a; b, c)'),
  ),
  auth: fc.option(quotedUser),
  asserted: fc.option(uri),
  body: fc.constantFrom('', 'v=0\r\n', 'é\r\n\r\nv=0', 'From: <sip:no@example.org>;tag=no\r\n'),
  order: fc.infiniteStream(fc.nat()),
});

/** A valid message in any of the ways that RFC 3261 lets one write it, with what it says. */
export const generatedMessage: fc.Arbitrary<Generated> = parts.chain((p) => {
  const viaValues = p.joinVias
    ? [p.vias.map((v) => v.text).join(`${p.comma},${p.comma}`)]
    : p.vias.map((v) => v.text);
  const contactValues =
    p.joinContacts && p.contacts.length > 0
      ? [p.contacts.map((c) => c.text).join(`${p.comma},${p.comma}`)]
      : p.contacts.map((c) => c.text);
  const bodyLength = Buffer.byteLength(p.body);
  const authName = p.method === 'REGISTER' ? 'Authorization' : 'Proxy-Authorization';
  const single: fc.Arbitrary<string[]>[] = [
    header('From', 'f', p.from.text).map((h) => [h]),
    header('To', 't', p.to.text).map((h) => [h]),
    header('Call-ID', 'i', p.callId).map((h) => [h]),
    header('CSeq', null, `${p.cseq} ${p.method}`).map((h) => [h]),
    header('Content-Length', 'l', String(bodyLength)).map((h) => [h]),
    fc.tuple(...viaValues.map((value) => header('Via', 'v', value))),
    fc.tuple(...contactValues.map((value) => header('Contact', 'm', value))),
    header('Subject', 's', 'From: nobody, To: nobody;tag=none\r\n From: nobody').map((h) => [h]),
  ];
  if (p.expires !== null) single.push(header('Expires', null, String(p.expires)).map((h) => [h]));
  if (p.userAgent !== null) single.push(header('User-Agent', null, p.userAgent).map((h) => [h]));
  if (p.auth)
    single.push(
      header(
        authName,
        null,
        `Digest realm="a, username=\\"b\\"", username="${p.auth.text}",\r\n uri="sip:a"`,
      ).map((h) => [h]),
    );
  if (p.asserted)
    single.push(header('P-Asserted-Identity', null, `"x, y" <${p.asserted.text}>`).map((h) => [h]));
  const start =
    p.status === null
      ? `${p.method} ${p.requestUri.text} SIP/2.0`
      : `SIP/2.0 ${p.status} Some reason, all fine`;
  return fc.tuple(fc.tuple(...single), fc.constant(p.order)).map(([groups, order]) => {
    const ranked = groups.map((group) => ({ group, rank: order.next().value as number }));
    const lines = ranked.toSorted((a, b) => a.rank - b.rank).flatMap(({ group }) => group);
    const uris = [p.from.value, p.to.value, ...p.contacts.map((c) => c.value)];
    return {
      text: [start, ...lines, '', p.body].join('\r\n'),
      hasTel: uris.some((u) => u.tel),
      joinsVias: p.joinVias && p.vias.length > 1,
      truth: {
        isRequest: p.status === null,
        status: p.status ?? 0,
        method: p.method,
        cseq: p.cseq,
        callId: p.callId,
        requestUser: p.status === null ? p.requestUri.value.user : null,
        fromUser: p.from.value.user,
        fromTag: p.from.tag,
        toUser: p.to.value.user,
        toTag: p.to.tag,
        vias: p.vias.map((v) => v.value),
        contacts: p.contacts.map((c) => c.contact),
        expires: p.expires ?? -1,
        contentLength: bodyLength,
        userAgent: p.userAgent,
        authUser: p.auth?.value ?? null,
        assertedUser: p.asserted?.value.user ?? null,
      },
    };
  });
});
