import type { Actor } from '../agenda.ts';
import type { Attack } from '../labels.ts';
import { DOMAIN, hostAt, proxyFor } from '../operator.ts';
import type { Random } from '../random.ts';
import { type RequestFacts, request, response } from '../sip-text.ts';
import type { World } from '../world.ts';
import { ask } from './flooding.ts';

/** A scanner that asks for names in turn, real ones among them. */
export function* scan(world: World, attack: Attack, random: Random): Actor {
  const host = hostAt('customer', `${attack.source}:${5060 + random.below(40)}`);
  for (let extension = 100; world.nowMs < attack.to && !world.isOver; extension++) {
    yield random.between(40, 120);
    const name = random.chance(0.02) ? random.pick(attack.namedLines) : String(extension);
    const method = random.pick(['REGISTER', 'OPTIONS', 'INVITE']);
    world.start(
      ask(world, host, method, name, name, method === 'OPTIONS' ? '404 Not Found' : '401 Unauthorized'),
    );
  }
}

/** Calls in the name of lines whose passwords the caller does not have: each is challenged and goes no further. */
export function* forgedInvites(world: World, attack: Attack, random: Random): Actor {
  const host = hostAt('customer', `${attack.source}:5060`);
  const proxy = proxyFor(host);
  while (world.nowMs < attack.to && !world.isOver) {
    yield random.between(300, 1_500);
    const line = random.pick(attack.namedLines);
    const id = world.identifier();
    const to = `<sip:00${random.digits(11)}@${DOMAIN}>`;
    const facts: RequestFacts = {
      method: 'INVITE',
      uri: to.slice(1, -1),
      vias: [`SIP/2.0/UDP ${host.hostPort};rport;branch=z9hG4bKf${id}`],
      from: `<sip:${line}@${DOMAIN}>;tag=f${id}`,
      to,
      callId: `${id}@${host.address}`,
      cseq: 1,
      headers: [`Contact: <sip:${line}@${host.hostPort}>`, 'User-Agent: friendly-scanner'],
    };
    world.send(host, proxy, request(facts), true);
    yield random.between(2, 25);
    world.send(proxy, host, response('407 Proxy Authentication Required', facts, `${to};tag=p${id}`));
    yield 5;
    world.send(host, proxy, request({ ...facts, method: 'ACK', to: `${to};tag=p${id}`, headers: [] }));
  }
}
