import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SipMessage } from '../sip/message.ts';
import { isOurRefusal } from './message-facts.ts';

function refused(statusLine: string, headers = ''): boolean {
  const text = `SIP/2.0 ${statusLine}\r\nVia: SIP/2.0/UDP 192.0.2.1;branch=z9hG4bK1\r\nFrom: <sip:a@x>;tag=1\r\nTo: <sip:b@x>;tag=2\r\nCall-ID: c\r\nCSeq: 1 INVITE\r\n${headers}\r\n`;
  const message = new SipMessage();
  assert.equal(message.read(Buffer.from(text), 0, text.length), 0);
  return isOurRefusal(message);
}

test('a refusal of ours is known by its Reason header, or by its phrase where there is none', () => {
  assert.equal(refused('403 Forbidden', 'Reason: SIP;cause=403;text="vigie cmi.credit-limit"\r\n'), true);
  assert.equal(refused('608 Rejected', 'Reason: SIP;cause=608;text="vigie x"\r\n'), true);
  assert.equal(refused('403 Forbidden (vigie cmi.credit-limit)'), true);
  assert.equal(refused('403 Forbidden'), false);
  assert.equal(refused('403 Forbidden', 'Reason: Q.850;cause=21\r\n'), false);
  assert.equal(refused('486 Busy (vigie)'), false);
});
