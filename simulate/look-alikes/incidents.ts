import type { Actor } from '../agenda.ts';
import { type Customer, DOMAIN, proxyFor, type Trunk } from '../operator.ts';
import type { Random } from '../random.ts';
import { exchange } from '../registration.ts';
import { request, response } from '../sip-text.ts';
import type { World } from '../world.ts';

const MINUTE_MS = 60_000;

/** Something that is nobody's fault, and that nobody may be suspended for. */
export interface Incident {
  readonly kind: 'power-cut' | 'carrier-failure';
  readonly from: number;
  readonly to: number;
}

/** Shares of calls whose BYE is lost, or minutes late, all the time. */
export const LOST_BYES = 0.002;
export const LATE_BYES = 0.003;
export const OUTAGE_MS = 8 * MINUTE_MS;
export const CARRIER_FAILURE_MS = 25 * MINUTE_MS;

/** The power of an office fails; when it is back, all telephones register within two seconds, and some ask twice. */
export function* losesPower(world: World, random: Random, { lines }: Customer): Actor {
  for (const { device } of lines) device.registered = false;
  yield OUTAGE_MS;
  for (const line of lines)
    world.start(registersAnew(world, random.fork(line.id), line), random.between(0, 2_000));
}

function* registersAnew(world: World, random: Random, line: Customer['lines'][number]): Actor {
  const id = world.identifier();
  for (let attempt = 1 + random.below(2); attempt > 0; attempt--) {
    yield* exchange(world, line, line.device, id, 10 - 2 * attempt, 'challenged');
    yield random.between(5, 400);
  }
  yield* exchange(world, line, line.device, id, 20, 'accepted');
  line.device.registered = true;
}

/** A PBX starts: every extension's state is asked for within a second. */
export function* pbxStarts(world: World, random: Random, { device, channels }: Trunk): Actor {
  const id = world.identifier();
  const proxy = proxyFor(device.host);
  for (let cseq = 1; cseq <= channels; cseq++) {
    const facts = {
      method: 'OPTIONS',
      uri: `sip:${DOMAIN}`,
      vias: [`SIP/2.0/UDP ${device.contactHost};rport;branch=z9hG4bKs${id}${cseq}`],
      from: `<sip:start@${device.contactHost}>;tag=s${id}`,
      to: `<sip:${DOMAIN}>`,
      callId: `${id}${cseq}@${device.contactHost}`,
      cseq,
    };
    world.send(device.host, proxy, request(facts), true);
    yield random.between(5, 40);
    world.send(proxy, device.host, response('200 OK', facts, `${facts.to};tag=p${cseq}`));
  }
}

/** No call goes out to the public network, and none comes in. */
export function* carrierFails(world: World): Actor {
  world.carrierFails = true;
  yield CARRIER_FAILURE_MS;
  world.carrierFails = false;
}
