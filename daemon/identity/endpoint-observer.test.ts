/** Live traffic is looked into by sample; what was not looked into must not look like rewriting. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { UNGATED } from '../../detectors/sip-integrity/verdict.ts';
import { type Frame, PROXY, packetOf, render } from '../pipeline/dialog.fixture.ts';
import { SipMessage } from '../sip/message.ts';
import { EndpointObserver } from './endpoint-observer.ts';

const START_MS = Date.UTC(2026, 10, 2, 8);
const SOURCE = '198.51.100.77';

function observed({ looksPerSecond }: { looksPerSecond?: number } = {}) {
  const observer = new EndpointObserver({
    gates: UNGATED,
    sampleMs: 60_000,
    warmUpMs: 3_600_000,
    ...(looksPerSecond === undefined ? {} : { looksPerSecond }),
  });
  const message = new SipMessage();
  const show = (seconds: number, out: boolean, text: string, port = 40_000): void => {
    const peer = `${SOURCE}:${port}`;
    const frame: Frame = {
      timeMs: START_MS + seconds * 1000,
      source: out ? PROXY : peer,
      destination: out ? peer : PROXY,
      text,
    };
    const packet = packetOf(frame);
    message.read(packet.bytes, packet.start, packet.end);
    if (out) observer.proxyMessage(0, frame.timeMs, message, packet);
    else observer.customerMessage(0, frame.timeMs, message, packet);
  };
  const alg = () => observer.verdicts()[0].assessment.alg;
  return { show, alg };
}

let branches = 0;
function inDialog(start: string, cseq: string, contact: string, fromUs = false): string {
  const ends = ['<sip:a@example.net>;tag=a', '<sip:b@example.net>;tag=b'];
  return render({
    start,
    branch: `z9hG4bK${++branches}`,
    sentBy: fromUs ? PROXY : `${SOURCE}:40000`,
    callId: 'call-1',
    from: ends[Number(fromUs)],
    to: ends[Number(!fromUs)],
    cseq,
    extra: [`Contact: <${contact}>`],
  });
}

const OURS = 'sip:gw@203.0.113.20:5070';
const LATER = 'sip:gw@203.0.113.21:5070';
const PHONE = `sip:a@${SOURCE}:40000`;

/** An outgoing call; 10 s later the far end may change its Contact; at last the telephone hangs up. */
function call(refresh: 'INVITE' | 'UPDATE' | null, target: string) {
  const { show, alg } = observed();
  const invite = inDialog('INVITE sip:b@example.net SIP/2.0', '1 INVITE', PHONE);
  show(0, false, invite.replace(';tag=b', ''));
  show(1, true, inDialog('SIP/2.0 200 OK', '1 INVITE', OURS));
  if (refresh !== null) show(11, true, inDialog(`${refresh} ${PHONE} SIP/2.0`, `5 ${refresh}`, LATER, true));
  show(20, false, inDialog(`BYE ${target} SIP/2.0`, '2 BYE', PHONE));
  return alg().score;
}

test('a request for another target than ours is a sign, unless ours has changed since, within the minute too', () => {
  assert.equal(call(null, OURS), 0);
  assert.equal(call(null, LATER), 2.5);
  assert.equal(call('INVITE', LATER), 0);
  assert.equal(call('UPDATE', LATER), 0);
  assert.equal(call('UPDATE', OURS), 0);
  assert.equal(call('UPDATE', 'sip:gw@203.0.113.22:5070'), 2.5);
});

function registered(cseq: number, viaPort: number): string {
  return render({
    start: 'REGISTER sip:example.net SIP/2.0',
    branch: `z9hG4bK${++branches}`,
    sentBy: `${SOURCE}:${viaPort}`,
    callId: 'registration',
    from: '<sip:a@example.net>;tag=a',
    to: '<sip:a@example.net>',
    cseq: `${cseq} REGISTER`,
    extra: ['Contact: <sip:a@198.51.100.77>'],
  });
}

test('an INVITE that follows a REGISTER at once is looked into as well', () => {
  const { show, alg } = observed();
  for (const one of [1, 2, 3, 4, 5]) show(one * 5, false, registered(one, 40_000));
  assert.equal(alg().score, 0);
  const invite = (branch: string) =>
    inDialog('INVITE sip:b@example.net SIP/2.0', '1 INVITE', 'sip:a@192.168.1.20')
      .replace(';tag=b', '')
      .replace('Call-ID: call-1', `Call-ID: ${branch}`);
  show(100, false, registered(6, 40_000));
  show(100.1, false, invite('first'));
  // A2b: the Contact that was registered is public.
  assert.equal(alg().score, 3);
});

test('the new port at once, after REGISTERs that the sample left out; not after one that nobody heard', () => {
  const run = (heard: readonly number[], cseq: number): number => {
    const { show, alg } = observed();
    for (const one of heard) show(one * 5, false, registered(one, 40_000));
    show(100, false, registered(cseq, 41_000), 41_000);
    return alg().score;
  };
  // The first five are looked into, the last two not.
  assert.equal(run([1, 2, 3, 4, 5, 6, 7], 8), 4);
  assert.equal(run([1, 2, 3, 4, 5, 6, 7], 9), 0);
  assert.equal(run([1, 2, 3], 4), 4);
  assert.equal(run([1, 2, 3], 5), 0);
});

test('the new port at once, but not where the first request from it was passed over for want of time', () => {
  const { show, alg } = observed({ looksPerSecond: 1 });
  show(0, false, registered(1, 40_000));
  show(30, false, registered(1, 40_000));
  show(30.1, false, registered(2, 40_000), 41_000);
  show(32, false, registered(2, 41_000), 41_000);
  assert.equal(alg().score, 0);
  const another = observed({ looksPerSecond: 1 });
  another.show(0, false, registered(1, 40_000));
  another.show(30.1, false, registered(2, 41_000), 41_000);
  assert.equal(another.alg().score, 4);
});
