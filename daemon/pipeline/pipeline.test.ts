import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { callName } from '../../detectors/vocabulary.ts';
import { type CallOptions, call, type Frame, PROXY, register, render, unique } from './dialog.fixture.ts';
import { byTime, Recorder, type Totals } from './pipeline.fixture.ts';

const LINE = '0199000001';
const PHONE = '198.51.100.7:5062';
const START = Date.UTC(2026, 10, 2, 8);

function expected(over: Partial<Totals>): Totals {
  return { attempts: 1, answered: 0, outcomes: {}, ended: 0, expired: 0, durationMs: 0, ...over };
}

const answeredCall = expected({ answered: 1, outcomes: { answered: 1 }, ended: 1, durationMs: 10_000 });

for (const twoLegs of [false, true]) {
  const legs = twoLegs ? 'both legs captured' : 'access leg captured';
  const one = (options: Partial<CallOptions> = {}) =>
    call({ line: LINE, from: PHONE, atMs: START, twoLegs, ...options });

  test(`an authenticated, answered call is one attempt and one call of its length (${legs})`, () => {
    const recorder = new Recorder().play(byTime(one()));
    assert.deepEqual(recorder.totals(LINE), answeredCall);
    // INVITE without and with credentials, BYE: the first was never proven the line's, for no registration covers the phone.
    assert.deepEqual(
      recorder.transactions.map(({ customer }) => customer),
      [LINE],
    );
  });

  test(`a BYE of the callee ends the call as well (${legs})`, () => {
    assert.deepEqual(new Recorder().play(byTime(one({ bye: 'callee' }))).totals(LINE), answeredCall);
  });

  test(`a refused re-INVITE changes nothing (${legs})`, () => {
    assert.deepEqual(new Recorder().play(byTime(one({ reinvite: true }))).totals(LINE), answeredCall);
  });

  for (const [status, outcome] of [
    [486, 'busy'],
    [600, 'busy'],
    [408, 'no-answer'],
    [480, 'no-answer'],
    [404, 'rejected'],
    [603, 'rejected'],
    [500, 'failed'],
    [503, 'failed'],
    [302, 'rejected'],
  ] as const)
    test(`${status} to the INVITE makes the attempt ${outcome} (${legs})`, () => {
      assert.deepEqual(
        new Recorder().play(byTime(one({ status }))).totals(LINE),
        expected({ outcomes: { [outcome]: 1 } }),
      );
    });

  test(`487 is cancelled after a CANCEL, no-answer without one (${legs})`, () => {
    assert.deepEqual(
      new Recorder().play(byTime(one({ status: 487, cancel: true }))).totals(LINE),
      expected({ outcomes: { cancelled: 1 } }),
    );
    assert.deepEqual(
      new Recorder().play(byTime(one({ status: 487 }))).totals(LINE),
      expected({ outcomes: { 'no-answer': 1 } }),
    );
  });

  test(`a 200 that crosses the CANCEL is an answered call (${legs})`, () => {
    assert.deepEqual(new Recorder().play(byTime(one({ cancel: true }))).totals(LINE), answeredCall);
  });
}

test('a challenged INVITE that is never sent with credentials is no attempt, registered or not', () => {
  const nothing = expected({ attempts: 0 });
  const frames = call({ line: LINE, from: PHONE, atMs: START + 1000, giveUp: true });
  assert.deepEqual(new Recorder().play(frames).totals(LINE), nothing);
  assert.deepEqual(
    new Recorder().play([...register({ line: LINE, from: PHONE, atMs: START }), ...frames]).totals(LINE),
    nothing,
  );
});

test("credentials that the proxy refuses are nobody's attempt and nobody's transaction", () => {
  for (const status of [403, 407]) {
    const recorder = new Recorder().play(call({ line: LINE, from: PHONE, atMs: START, status, ringMs: 0 }));
    assert.deepEqual(recorder.totals(LINE), expected({ attempts: 0 }));
    assert.deepEqual(recorder.transactions, []);
  }
});

test('a forged From is charged to the line that the credentials prove, not to the one it names', () => {
  const recorder = new Recorder().play(
    call({ line: LINE, from: PHONE, atMs: START, fromUser: '0199000002' }),
  );
  assert.equal(recorder.totals('0199000002').attempts, 0);
  assert.equal(recorder.totals(LINE).attempts, 1);
});

test('a stranger who names a registered line from another address is not that line', () => {
  const stranger = '192.0.2.66:5060';
  const frames = [
    ...register({ line: LINE, from: PHONE, atMs: START }),
    ...call({ line: LINE, from: stranger, atMs: START + 1000, challenge: false }),
    ...register({ line: LINE, from: stranger, atMs: START + 20_000, status: 403 }),
  ];
  const recorder = new Recorder().play(frames);
  assert.equal(recorder.totals(LINE).attempts, 0);
  // The line's own REGISTER with credentials; its first one came before anything was proven.
  assert.equal(recorder.transactions.length, 1);
});

test('a registration does not vouch for a REGISTER: guessing on from a cracked line is charged to nobody', () => {
  const attacker = '192.0.2.66:5060';
  const recorder = new Recorder().play([
    ...register({ line: LINE, from: attacker, atMs: START }),
    ...register({ line: '0199000002', from: attacker, atMs: START + 1000, status: 403 }),
    ...register({ line: LINE, from: attacker, atMs: START + 2000, status: 403 }),
  ]);
  // The one REGISTER whose credentials were right.
  assert.equal(recorder.transactions.length, 1);
});

test('a live registration of address and port proves a request without credentials, until it expires', () => {
  const registered = register({ line: LINE, from: PHONE, atMs: START, expires: 60 });
  const inside = call({ line: LINE, from: PHONE, atMs: START + 59_000, challenge: false });
  const outside = call({ line: LINE, from: PHONE, atMs: START + 61_000, challenge: false });
  assert.equal(new Recorder().play([...registered, ...inside]).totals(LINE).attempts, 1);
  assert.equal(new Recorder().play([...registered, ...outside]).totals(LINE).attempts, 0);
});

/** As over TLS or WebSocket, or without rport: what the proxy sends goes to another port than the phone's own. */
const answersTo = (endpoint: string, frames: readonly Frame[]): Frame[] =>
  frames.map((frame) => (frame.source === PROXY ? { ...frame, destination: endpoint } : frame));

test("a binding holds the REGISTER's own address and port, wherever its answer goes", () => {
  const phone = '198.51.100.7:41000';
  const other = '198.51.100.7:41001';
  const played = (from: string) =>
    new Recorder()
      .play(answersTo('198.51.100.7:5999', register({ line: LINE, from: phone, atMs: START })))
      .play(answersTo('198.51.100.7:5999', call({ line: LINE, from, atMs: START + 1000, challenge: false })));
  assert.deepEqual(played(phone).totals(LINE), answeredCall);
  // Neither the port that answers go to nor any other speaks for the line.
  assert.equal(played('198.51.100.7:5999').totals(LINE).attempts, 0);
  assert.equal(played(other).totals(LINE).attempts, 0);
});

test('the same where the 200 was captured before its REGISTER', () => {
  const phone = '198.51.100.7:41000';
  const [first, challenge, second, ok] = answersTo(
    '198.51.100.7:5999',
    register({ line: LINE, from: phone, atMs: START }),
  );
  const recorder = new Recorder()
    .play([first, challenge, ok, second])
    .play(call({ line: LINE, from: phone, atMs: START + 1000, challenge: false }));
  assert.deepEqual(recorder.totals(LINE), answeredCall);
});

test('a call to the port of the Contact is the line that it names, if that is registered from the address', () => {
  const ringing = (to: string, user: string): Frame[] => {
    const parts = {
      branch: unique('z9hG4bK'),
      sentBy: PROXY,
      callId: unique('in'),
      from: '<sip:0123456789@example.net>;tag=x',
      to: `<sip:${user}@example.net>`,
      cseq: '1 INVITE',
    };
    const invite = render({ ...parts, start: `INVITE sip:${user}@${to} SIP/2.0` });
    const busy = render({ ...parts, start: 'SIP/2.0 486 Busy', to: `${parts.to};tag=y` });
    return [
      { timeMs: START + 1000, source: PROXY, destination: to, text: invite },
      { timeMs: START + 1100, source: to, destination: PROXY, text: busy },
    ];
  };
  const registered = () =>
    new Recorder()
      .play(register({ line: LINE, from: '198.51.100.7:41000', atMs: START }))
      .play(register({ line: '0199000002', from: '198.51.100.7:41001', atMs: START }));
  const incoming = (frames: Frame[]) => registered().play(frames).totals(LINE, 'incoming').attempts;
  assert.equal(incoming(ringing('198.51.100.7:41000', LINE)), 1);
  assert.equal(incoming(ringing('198.51.100.7:5999', LINE)), 1);
  assert.equal(incoming(ringing('198.51.100.8:5999', LINE)), 0);
  assert.equal(incoming(ringing('198.51.100.7:5999', '0199000009')), 0);
});

for (const [status, charged] of [
  [200, true],
  [486, true],
  [404, true],
  [401, false],
  [403, false],
  [407, false],
] as const)
  test(`claims believed, an INVITE without credentials answered ${status} is ${charged ? "the From user's" : "nobody's"}`, () => {
    const frames = call({
      line: LINE,
      from: PHONE,
      atMs: START,
      challenge: false,
      status,
      ringMs: 0,
      bye: 'none',
    });
    const recorder = new Recorder({ believeClaims: true }).play(frames);
    assert.deepEqual(recorder.transactions, charged ? [{ customer: LINE, atMs: START }] : []);
    assert.deepEqual(new Recorder().play(frames).transactions, []);
  });

test('claims believed, a request that nobody answers is charged to nobody', () => {
  const [invite] = call({ line: LINE, from: PHONE, atMs: START, challenge: false });
  assert.deepEqual(new Recorder({ believeClaims: true }).play([invite]).transactions, []);
});

test('a call without proof that the proxy puts through is told once; one refused is not', () => {
  const told = (status: number, ringMs: number): string[] => {
    const recorder = new Recorder();
    recorder.pipeline.watchStrangers = true;
    recorder.play(
      call({ line: LINE, from: PHONE, atMs: START, challenge: false, status, ringMs, bye: 'none' }),
    );
    return recorder.events
      .map(({ type }) => type)
      .filter((type) => type === 'put-through' || type === 'refused');
  };
  for (const status of [200, 480, 486, 487, 600, 603]) {
    assert.deepEqual(told(status, 0), ['put-through'], String(status));
    assert.deepEqual(told(status, 500), ['put-through'], String(status));
  }
  for (const status of [403, 404, 484, 488, 500, 604])
    assert.deepEqual(told(status, 0), ['refused'], String(status));
  // It rang, and then the number is none after all.
  assert.deepEqual(told(404, 500), ['put-through', 'refused']);
  for (const status of [401, 407]) assert.deepEqual(told(status, 0), [], String(status));
});

test('REGISTER with expires 0 and a Contact of * end the binding', () => {
  for (const contact of [`sip:${LINE}@${PHONE}`, '*']) {
    const recorder = new Recorder().play([
      ...register({ line: LINE, from: PHONE, atMs: START }),
      ...register({ line: LINE, from: PHONE, atMs: START + 1000, expires: 0, contact }).map((frame) => ({
        ...frame,
        text: frame.text.replace('Contact: <*>;expires=0', 'Contact: *\r\nExpires: 0'),
      })),
    ]);
    assert.equal(recorder.pipeline.registrations.size, 0);
    assert.deepEqual(
      recorder.events.map((event) => event.type),
      ['credentials', 'registered', 'credentials', 'unregistered'],
    );
  }
});

test('credentials are told as accepted with the line that has them, as refused with the source alone', () => {
  const stranger = '192.0.2.66:5060';
  const recorder = new Recorder().play([
    ...register({ line: LINE, from: PHONE, atMs: START }),
    ...register({ line: LINE, from: stranger, atMs: START + 1000, status: 403 }),
    ...call({ line: LINE, from: stranger, atMs: START + 2000, status: 407, ringMs: 0 }),
    ...call({ line: LINE, from: stranger, atMs: START + 3000, status: 486 }),
  ]);
  const told = recorder.events.flatMap((event) =>
    event.type === 'credentials'
      ? [[event.method, event.accepted, event.claimed, event.charged.line, event.charged.source]]
      : [],
  );
  assert.deepEqual(told, [
    ['REGISTER', true, LINE, LINE, '198.51.100.7'],
    ['REGISTER', false, LINE, null, '192.0.2.66'],
    ['INVITE', false, LINE, null, '192.0.2.66'],
    ['INVITE', true, LINE, LINE, '192.0.2.66'],
  ]);
});

test('strangers are told of only where a rule asks, their refusals with what they were after', () => {
  const frames = [
    {
      timeMs: START,
      source: '192.0.2.66:5060',
      destination: PROXY,
      start: 'OPTIONS sip:100@example.net SIP/2.0',
      from: '<sip:x@y>;tag=a',
    },
    {
      timeMs: START + 10,
      source: PROXY,
      destination: '192.0.2.66:5060',
      start: 'SIP/2.0 404 Not Found',
      from: '<sip:x@y>;tag=a',
    },
  ].map(({ start, from, ...frame }) => ({
    ...frame,
    text: render({
      start,
      branch: 'z9hG4bKs',
      sentBy: '192.0.2.66:5060',
      callId: 's1',
      from,
      to: '<sip:100@example.net>',
      cseq: '1 OPTIONS',
      extra: ['User-Agent: friendly-scanner'],
    }),
  }));
  assert.deepEqual(new Recorder().play(frames).events, []);
  const watching = new Recorder();
  watching.pipeline.watchStrangers = true;
  watching.play(frames);
  const nobody = { line: null, trunk: null, customer: null, source: '192.0.2.66' };
  assert.deepEqual(watching.events, [
    {
      type: 'unproven',
      atMs: START,
      charged: nobody,
      method: 'OPTIONS',
      target: '100',
      userAgent: 'friendly-scanner',
      callId: 's1',
    },
    {
      type: 'refused',
      atMs: START + 10,
      charged: nobody,
      method: 'OPTIONS',
      status: 404,
      target: '100',
      callId: 's1',
    },
  ]);
});

test('the challenged REGISTER of a phone that is registered there is no stranger, its first one is, another line is', () => {
  const recorder = new Recorder();
  recorder.pipeline.watchStrangers = true;
  recorder.play([
    ...register({ line: LINE, from: PHONE, atMs: START }),
    ...register({ line: LINE, from: PHONE, atMs: START + 60_000 }),
    ...register({ line: '0199000002', from: PHONE, atMs: START + 120_000, status: 403 }),
  ]);
  const strangers = recorder.events.flatMap((event) => (event.type === 'unproven' ? [event.target] : []));
  assert.deepEqual(strangers, [LINE, '0199000002']);
});

test('an incoming call belongs to the line registered where it goes, and is no attempt of it', () => {
  const callId = unique('in');
  const invite = render({
    start: `INVITE sip:${LINE}@${PHONE} SIP/2.0`,
    branch: 'z9hG4bKin',
    sentBy: PROXY,
    callId,
    from: '<sip:0611@x>;tag=a',
    to: `<sip:${LINE}@example.net>`,
    cseq: '7 INVITE',
  });
  const answer = (status: string) =>
    render({
      start: `SIP/2.0 ${status}`,
      branch: 'z9hG4bKin',
      sentBy: PROXY,
      callId,
      from: '<sip:0611@x>;tag=a',
      to: `<sip:${LINE}@example.net>;tag=b`,
      cseq: '7 INVITE',
    });
  const bye = render({
    start: `BYE sip:0611@x SIP/2.0`,
    branch: 'z9hG4bKbye',
    sentBy: PHONE,
    callId,
    from: `<sip:${LINE}@example.net>;tag=b`,
    to: '<sip:0611@x>;tag=a',
    cseq: '1 BYE',
  });
  const at = START + 1000;
  const recorder = new Recorder().play([
    ...register({ line: LINE, from: PHONE, atMs: START }),
    { timeMs: at, source: PROXY, destination: PHONE, text: invite },
    { timeMs: at + 100, source: PHONE, destination: PROXY, text: answer('180 Ringing') },
    { timeMs: at + 200, source: PHONE, destination: PROXY, text: answer('200 OK') },
    { timeMs: at + 5200, source: PHONE, destination: PROXY, text: bye },
  ]);
  assert.deepEqual(recorder.totals(LINE), expected({ attempts: 0 }));
  assert.deepEqual(recorder.totals(LINE, 'incoming'), { ...answeredCall, durationMs: 5000 });
});

test('a lost BYE closes the call by the session timer, by its age, or when the dialog turns out to be gone', () => {
  const lost = (extra: Partial<CallOptions>) =>
    call({ line: LINE, from: PHONE, atMs: START, bye: 'none', ...extra });
  const closedAt = (recorder: Recorder) => recorder.events.find((event) => event.type === 'ended')?.atMs;
  const answeredAt = START + 20 + 50 + 500;

  const timed = new Recorder().play(lost({ sessionExpires: 1800 }));
  timed.pipeline.tick(answeredAt + 1_832_000 + 49);
  assert.equal(closedAt(timed), undefined);
  timed.pipeline.tick(answeredAt + 1_832_000 + 50);
  assert.equal(closedAt(timed), answeredAt + 1_832_000);

  const aged = new Recorder().play(lost({}));
  aged.pipeline.tick(answeredAt + 4 * 3_600_000 + 50);
  assert.equal(closedAt(aged), answeredAt + 4 * 3_600_000);
  assert.deepEqual(aged.totals(LINE), expected({ answered: 1, outcomes: { answered: 1 }, expired: 1 }));
});

test('a BYE that the capture lost shows by its answer; one that is challenged has ended nothing', () => {
  for (const bye of ['caller', 'callee'] as const) {
    const frames = call({ line: LINE, from: PHONE, atMs: START, durationMs: 5000, bye });
    const answer = frames[frames.length - 1];
    const lost = frames.slice(0, -2);
    const seen = new Recorder().play([...lost, answer]).totals(LINE);
    assert.deepEqual([seen.ended, seen.expired, seen.durationMs], [1, 0, 5010], bye);
    const challenged = {
      ...answer,
      text: answer.text.replace('200 OK', '407 Proxy Authentication Required'),
    };
    const open = new Recorder().play([...lost, challenged]).totals(LINE);
    assert.deepEqual([open.ended, open.expired, open.durationMs], [0, 0, 0], bye);
    // The BYE, captured late, is the end, and not its answer.
    const late = new Recorder().play([...lost, answer, frames[frames.length - 2]]).totals(LINE);
    assert.deepEqual([late.ended, late.durationMs], [1, 5000], bye);
  }
});

test('a BYE captured late is told at its time: before what came after it', () => {
  const longer = call({ line: LINE, from: PHONE, atMs: START, durationMs: 5001 });
  const frames = call({ line: LINE, from: PHONE, atMs: START, durationMs: 5000, twoLegs: true });
  const byes = frames.filter(({ text }) => text.startsWith('BYE '));
  const [own, carriers] = byes.toSorted((a, b) => a.timeMs - b.timeMs);
  assert.equal(carriers.timeMs - own.timeMs, 1);
  const begun = byTime([...longer, ...frames.filter((frame) => frame !== own && frame !== carriers)]);
  const rest = begun.filter(({ timeMs }) => timeMs < own.timeMs);
  const recorder = new Recorder().play([...rest, ...longer.slice(-2), carriers, own]);
  recorder.pipeline.finish();
  assert.deepEqual(
    recorder.events.flatMap((event) => (event.type === 'ended' ? [event.durationMs] : [])),
    [5000, 5001],
  );
});

test('a device that registers anew with another Call-ID has lost its answered calls', () => {
  const recorder = new Recorder().play([
    ...register({ line: LINE, from: PHONE, atMs: START }),
    ...call({ line: LINE, from: PHONE, atMs: START + 1000, bye: 'none' }),
    ...register({ line: LINE, from: PHONE, atMs: START + 60_000 }),
  ]);
  assert.deepEqual(recorder.totals(LINE), expected({ answered: 1, outcomes: { answered: 1 }, expired: 1 }));
});

test('a device that registers anew before each call keeps its calls: the first such REGISTER closed one, the others none', () => {
  const frames = [0, 1, 2, 3].flatMap((n) => [
    ...register({ line: LINE, from: PHONE, atMs: START + n * 60_000 }),
    ...call({ line: LINE, from: PHONE, atMs: START + n * 60_000 + 1000, durationMs: 600_000 }),
  ]);
  const recorder = new Recorder().play(byTime(frames));
  recorder.pipeline.finish();
  const ended = recorder.events.filter((event) => event.type === 'ended');
  assert.deepEqual(
    ended.map((event) => [event.expired, event.durationMs]),
    [
      [true, null],
      [false, 600_000],
      [false, 600_000],
      [false, 600_000],
    ],
  );
});

/** Of calls that last two hours it hears while they go on. */
const markedAtTwoHours = () =>
  new Recorder({
    calls: {
      maximumAgeMs: 4 * 3_600_000,
      silentAgeMs: 3_600_000,
      unansweredAgeMs: 240_000,
      reorderMs: 50,
      marksMs: [7_200_000],
    },
  });

test('a mark is told once, while the call goes on, and not for a call that ended before it', () => {
  const marked = (durationMs: number) => {
    const recorder = markedAtTwoHours();
    const frames = call({ line: LINE, from: PHONE, atMs: START, durationMs });
    recorder.play(frames.slice(0, -2));
    recorder.pipeline.tick(START + 570 + 7_200_000 + 50);
    const during = recorder.events.filter((event) => event.type === 'lasting').map((event) => event.atMs);
    recorder.play(frames.slice(-2)).pipeline.finish();
    return [during, recorder.events.filter((event) => event.type === 'lasting').length];
  };
  assert.deepEqual(marked(7_300_000), [[START + 570 + 7_200_000], 1]);
});

test('a call of exactly the mark has not passed it, one a millisecond longer has', () => {
  const told = (durationMs: number, clockFirst: boolean) => {
    const recorder = markedAtTwoHours();
    const frames = call({ line: LINE, from: PHONE, atMs: START, durationMs });
    recorder.play(frames.slice(0, -2));
    // Another packet may move the clock past the mark before the BYE is seen.
    if (clockFirst) recorder.pipeline.tick(START + 570 + 7_200_000 + 20);
    recorder.play(frames.slice(-2)).pipeline.finish();
    return recorder.events
      .filter(({ type }) => type === 'lasting' || type === 'ended')
      .map((event) => `${event.type}@${event.atMs - START - 570}`);
  };
  for (const clockFirst of [false, true]) {
    assert.deepEqual(told(7_199_999, clockFirst), ['ended@7199999']);
    assert.deepEqual(told(7_200_000, clockFirst), ['ended@7200000']);
    assert.deepEqual(told(7_200_001, clockFirst), ['lasting@7200000', 'ended@7200001']);
  }
});

test('a BYE that names another dialog of the Call-ID, or comes from a stranger without the tags, ends nothing', () => {
  const frames = call({ line: LINE, from: PHONE, atMs: START, bye: 'none' });
  const [callId] = /(?<=Call-ID: )\S+/.exec(frames[0].text) as RegExpExecArray;
  const forged = render({
    start: 'BYE sip:x SIP/2.0',
    branch: 'z9hG4bKforged',
    sentBy: PHONE,
    callId,
    from: '<sip:x@y>;tag=guess',
    to: '<sip:z@y>;tag=guess2',
    cseq: '9 BYE',
  });
  const recorder = new Recorder().play([
    ...frames,
    { timeMs: START + 5000, source: '192.0.2.66:5060', destination: PROXY, text: forged },
  ]);
  assert.equal(recorder.totals(LINE).ended, 0);
});

/** The messages of a call that a fork of its INVITE has made in `to`'s place: same Call-ID and From-tag, another To-tag. */
function fork(frames: readonly Frame[], pattern: RegExp, shiftMs: number): Frame[] {
  return frames
    .filter(({ text }) => pattern.test(text))
    .map(({ text, timeMs, ...ends }) => ({
      ...ends,
      timeMs: timeMs + shiftMs,
      text: text
        .replace(/(\nTo: .*;tag=)\w+/, '$1other')
        .replace(/branch=(?=z9hG4bK)/, /^SIP/.test(text) ? '$&' : '$&z9hG4bKx'),
    }));
}

for (const kept of ['first', 'second'] as const)
  test(`two forks answer, the caller keeps the ${kept}: one call as long as that`, () => {
    const frames = call({ line: LINE, from: PHONE, atMs: START, durationMs: 30_000 });
    const answer = fork(frames, /^SIP\/2\.0 200[\s\S]*INVITE/, 100);
    const long = (pattern: RegExp) => frames.filter(({ text }) => pattern.test(text));
    const dropped =
      kept === 'first'
        ? fork(frames, /^BYE/, -29_700)
        : long(/^BYE/).map((frame) => ({ ...frame, timeMs: frame.timeMs - 29_700 }));
    const last = kept === 'first' ? long(/^BYE/) : fork(frames, /^BYE/, 0);
    const before = frames.filter(({ text }) => !/BYE/.test(text));
    // The dropped fork has not heard the ACK: it answers again after its BYE.
    const again = (kept === 'first' ? answer : long(/^SIP\/2\.0 200[\s\S]*INVITE/)).map((frame) => ({
      ...frame,
      timeMs: frame.timeMs + 1000,
    }));
    const recorder = new Recorder().play(byTime([...before, ...answer, ...dropped, ...again, ...last]));
    assert.deepEqual(
      recorder.totals(LINE),
      expected({ answered: 1, outcomes: { answered: 1 }, ended: 1, durationMs: 30_000 }),
    );
  });

test('a fork that is never dropped does not keep the call open', () => {
  const frames = call({ line: LINE, from: PHONE, atMs: START, durationMs: 30_000 });
  const answer = fork(frames, /^SIP\/2\.0 200[\s\S]*INVITE/, 100);
  assert.equal(new Recorder().play(byTime([...frames, ...answer])).totals(LINE).durationMs, 30_000);
});

for (const overlap of [false, true])
  for (const sameTag of [false, true])
    test(`calls that share a Call-ID ${sameTag ? 'and a From-tag' : 'alone'} are calls of their own, ${overlap ? 'at once' : 'one after the other'}`, () => {
      const shared = (index: number): Frame[] =>
        call({ line: LINE, from: PHONE, atMs: START + index * (overlap ? 1000 : 15_000) }).map((frame) => ({
          ...frame,
          text: frame.text
            .replace(/(?<=Call-ID: )\S+/, 'same')
            .replace(/(\nFrom: .*;tag=)\w+/, sameTag ? '$1same' : '$&')
            .replace(/(?<=CSeq: )\d+/, (cseq) => `${Number(cseq) + 10 * index}`),
        }));
      const recorder = new Recorder().play(byTime([0, 1, 2].flatMap(shared)));
      assert.deepEqual(
        recorder.totals(LINE),
        expected({ attempts: 3, answered: 3, outcomes: { answered: 3 }, ended: 3, durationMs: 30_000 }),
      );
      const names = recorder.events.flatMap((event) =>
        'leg' in event && event.type === 'answered' ? [callName(event.leg)] : [],
      );
      assert.equal(new Set(names).size, 3);
      assert.ok(names.every((name) => name.split('\t')[0] === 'same'));
    });

test('datagrams doubled within a millisecond count once, retransmissions after T1 as messages but not as transactions', () => {
  const frames = byTime(call({ line: LINE, from: PHONE, atMs: START }));
  const plain = new Recorder().play(frames);
  const doubled = new Recorder().play(
    frames.flatMap((frame) => [frame, { ...frame, timeMs: frame.timeMs + 0.4 }]),
  );
  assert.deepEqual(doubled.totals(LINE), plain.totals(LINE));
  assert.equal(doubled.messages.length, plain.messages.length);
  assert.equal(doubled.pipeline.counters.duplicates, frames.length);

  const resent = new Recorder().play(
    byTime(frames.flatMap((frame) => [frame, { ...frame, timeMs: frame.timeMs + 500 }])),
  );
  assert.deepEqual(resent.totals(LINE), plain.totals(LINE));
  assert.equal(resent.messages.length, 2 * plain.messages.length);
  assert.equal(resent.pipeline.counters.transactions, plain.pipeline.counters.transactions);
});

const variants: fc.Arbitrary<Partial<CallOptions>> = fc.record({
  challenge: fc.boolean(),
  giveUp: fc.boolean(),
  status: fc.constantFrom(200, 200, 200, 404, 486, 487, 503),
  ringMs: fc.constantFrom(0, 400, 3000),
  durationMs: fc.integer({ min: 100, max: 40_000 }),
  bye: fc.constantFrom('caller' as const, 'callee' as const),
  reinvite: fc.boolean(),
  cancel: fc.boolean(),
  twoLegs: fc.boolean(),
});

/** What the options alone say of the call. */
function truth(options: Partial<CallOptions>): Totals {
  if (options.challenge && options.giveUp) return expected({ attempts: 0 });
  if (options.status === 200) return { ...answeredCall, durationMs: options.durationMs as number };
  const outcomes = {
    404: 'rejected',
    486: 'busy',
    487: options.cancel ? 'cancelled' : 'no-answer',
    503: 'failed',
  } as Record<number, string>;
  return expected({ outcomes: { [outcomes[options.status as number]]: 1 } });
}

const registered = (): Frame[] => register({ line: LINE, from: PHONE, atMs: START - 10_000 });
const framesOf = (options: Partial<CallOptions>): Frame[] => {
  const { challenge = true, giveUp = false } = options;
  return call({ line: LINE, from: PHONE, atMs: START, ...options, giveUp: challenge && giveUp });
};

test('sixty-one copies of one message at one instant are sixty-one messages and one transaction', () => {
  const [invite] = call({ line: LINE, from: PHONE, atMs: START, challenge: false });
  const recorder = new Recorder().play(Array.from({ length: 61 }, () => invite));
  assert.equal(recorder.messages.length, 61);
  const { messages, duplicates, transactions } = recorder.pipeline.counters;
  assert.deepEqual({ messages, duplicates, transactions }, { messages: 61, duplicates: 0, transactions: 1 });
});

test('the messages of one call in any order, some of them repeated, give what the call was', () => {
  fc.assert(
    fc.property(
      variants.chain((options) => {
        const frames = framesOf(options);
        const indexes = frames.map((_, i) => i);
        return fc.record({
          options: fc.constant(options),
          frames: fc.constant(frames),
          order: fc.shuffledSubarray(indexes, { minLength: indexes.length }),
          again: fc.array(fc.constantFrom(...indexes), { maxLength: 6 }),
        });
      }),
      ({ options, frames, order, again }) => {
        // The whole call lies within the tolerance: events wait until all of it is in.
        const calls = {
          maximumAgeMs: 14_400_000,
          silentAgeMs: 3_600_000,
          unansweredAgeMs: 240_000,
          reorderMs: 60_000,
          marksMs: [],
        };
        const recorder = new Recorder({ calls })
          .play(registered())
          .play([...order, ...again].map((i) => frames[i]));
        assert.deepEqual(recorder.totals(LINE), truth(options));
      },
    ),
    { numRuns: 400 },
  );
});

test('many calls at once, captured up to 50 ms out of order, give the sum of what they were', () => {
  fc.assert(
    fc.property(
      fc.array(fc.tuple(variants, fc.nat(30_000)), { minLength: 1, maxLength: 12 }),
      fc.infiniteStream(fc.integer({ min: 0, max: 49 })),
      (calls, delays) => {
        const frames = calls.flatMap(([options, offset]) => framesOf({ ...options, atMs: START + offset }));
        const order = frames
          .map((frame) => ({ frame, at: frame.timeMs + (delays.next().value as number) }))
          .sort((a, b) => a.at - b.at);
        const recorder = new Recorder().play(registered()).play(order.map(({ frame }) => frame));
        const sum = expected({ attempts: 0 });
        for (const [options] of calls) {
          const one = truth(options);
          for (const name of ['attempts', 'answered', 'ended', 'durationMs'] as const) sum[name] += one[name];
          for (const [name, count] of Object.entries(one.outcomes))
            sum.outcomes[name] = (sum.outcomes[name] ?? 0) + count;
        }
        assert.deepEqual(recorder.totals(LINE), sum);
        const times = recorder.events
          .filter((event) => 'leg' in event && event.type !== 'attempt')
          .map((event) => event.atMs);
        assert.deepEqual(
          times,
          times.toSorted((a, b) => a - b),
        );
      },
    ),
    { numRuns: 200 },
  );
});

test('lost messages never invent a call, never count one twice, and leave nothing behind', () => {
  fc.assert(
    fc.property(
      fc.array(fc.tuple(variants, fc.nat(30_000), fc.array(fc.nat(40), { maxLength: 6 })), {
        minLength: 1,
        maxLength: 8,
      }),
      (calls) => {
        const frames = calls.flatMap(([options, offset, lost]) =>
          framesOf({ ...options, atMs: START + offset }).filter((_, i) => !lost.includes(i)),
        );
        const recorder = new Recorder().play(registered()).play(byTime(frames));
        recorder.pipeline.tick(START + 6 * 3_600_000);
        const totals = recorder.totals(LINE);
        const outcomes = Object.values(totals.outcomes).reduce((a, b) => a + b, 0);
        assert.ok(totals.attempts <= calls.length);
        assert.ok(outcomes <= totals.attempts);
        assert.ok(totals.answered <= totals.attempts);
        assert.ok(totals.ended + totals.expired <= totals.attempts);
        // A lost BYE may still be seen on the carrier's leg, 1 ms later, or by its answer, 10 ms later.
        assert.ok(
          totals.durationMs <= calls.reduce((sum, [options]) => sum + (options.durationMs as number) + 10, 0),
        );
        // Opened as many as were closed: nothing counts as simultaneous for ever.
        const open = new Set<string>();
        for (const event of recorder.events) {
          if (!('leg' in event)) continue;
          if (event.type === 'ringing' || event.type === 'answered') open.add(event.leg.callId);
          else if (event.type === 'ended' || (event.type === 'outcome' && event.outcome !== 'answered'))
            open.delete(event.leg.callId);
        }
        assert.equal(open.size, 0);
        assert.equal(recorder.pipeline.calls.size, 0);
      },
    ),
    { numRuns: 300 },
  );
});
