import type { Actor } from './agenda.ts';
import { type Device, DOMAIN, type Line, proxyFor } from './operator.ts';
import { digest, type RequestFacts, request, response } from './sip-text.ts';
import type { World } from './world.ts';

const EXPIRES_SECONDS = 3_600;

/**
 * A device that registers and stays so until `untilMs`: challenged the first time, then with the nonce it knows, each time at half
 * to nine tenths of what was granted.
 */
export function* keepRegistered(world: World, line: Line, device: Device, untilMs: number): Actor {
  const { random } = world;
  const id = world.identifier();
  const account = world.ledger.account(line.id);
  let cseq = 0;
  while (world.nowMs < untilMs) {
    if (cseq === 0) {
      yield* exchange(world, line, device, id, ++cseq, 'challenged');
      yield random.between(5, 40);
    }
    yield* exchange(world, line, device, id, ++cseq, 'accepted');
    if (!device.registered) {
      device.registered = true;
      account.devices++;
      account.mostDevices = Math.max(account.mostDevices, account.devices);
    }
    yield EXPIRES_SECONDS * 1000 * random.between(0.5, 0.9);
  }
  if (untilMs >= world.toMs) return;
  yield* exchange(world, line, device, id, ++cseq, 'removed');
  device.registered = false;
  account.devices--;
}

/** One REGISTER and its answer. `refused`: wrong password. */
export function* exchange(
  world: World,
  line: Line,
  device: Device,
  callId: string,
  cseq: number,
  result: 'challenged' | 'accepted' | 'removed' | 'refused',
): Actor {
  const { random } = world;
  const proxy = proxyFor(device.host);
  const seconds = result === 'removed' ? 0 : EXPIRES_SECONDS;
  const contact = `Contact: <sip:${line.id}@${device.contactHost}>;expires=${seconds}`;
  const headers = [contact, `User-Agent: ${device.userAgent}`];
  if (result !== 'challenged')
    headers.push(digest('Authorization', line.id, `sip:${DOMAIN}`, random.hex(24), random.hex(32)));
  const address = `<sip:${line.id}@${DOMAIN}>`;
  const facts: RequestFacts = {
    method: 'REGISTER',
    uri: `sip:${DOMAIN}`,
    vias: [`SIP/2.0/UDP ${device.contactHost};rport;branch=z9hG4bKr${callId}${cseq}`],
    from: `${address};tag=r${callId}`,
    to: address,
    callId: `${callId}@${device.contactHost.replace(/:\d+$/, '')}`,
    cseq,
    headers,
  };
  world.send(device.host, proxy, request(facts), true);
  yield random.between(3, 40);
  const to = `${address};tag=p${callId}${cseq}`;
  const answer =
    result === 'challenged' || result === 'refused'
      ? response('401 Unauthorized', facts, to, [
          `WWW-Authenticate: Digest realm="${DOMAIN}", nonce="${random.hex(24)}", algorithm=MD5`,
        ])
      : response('200 OK', facts, to, result === 'removed' ? [] : [contact]);
  world.send(proxy, device.host, answer);
}
