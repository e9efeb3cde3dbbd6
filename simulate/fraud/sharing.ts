import type { Actor } from '../agenda.ts';
import { intensity } from '../calendar.ts';
import { outcomeOf, partyOf, ringMs, talkMs } from '../honest.ts';
import { fixedNumber, mobileNumber } from '../numbers.ts';
import { type Device, makeDevice } from '../operator.ts';
import { keepRegistered } from '../registration.ts';
import { callActor, type Episode, type FraudScript, isOver } from './episode.ts';

const AGENTS = ['Zoiper rv2.10.18', 'Linphone/5.2', 'MicroSIP/3.21.3', 'Bria 6', 'Yealink SIP-T31P 124.86'];

/** One subscription, five people in four places. */
export const sharedSubscription: FraudScript = {
  hour: 8,
  hours: 24 * 6,
  byOwner: true,
  commit(episode) {
    const { world, random, line, label } = episode;
    for (let i = 0; i < 5; i++) {
      const site = i < 2 ? line.customer.site : `198.19.${200 + random.below(50)}.${1 + random.below(250)}`;
      const made = makeDevice(random, site, 150 + i, AGENTS);
      if (!label.sources.includes(site)) label.sources.push(site);
      world.start(keepRegistered(world, line, made, label.to), i * 700_000 * random.next());
      world.start(calls(episode, made), 900_000);
    }
  },
};

function* calls(episode: Episode, device: Device): Actor {
  const { world, random, line } = episode;
  while (!isOver(episode)) {
    yield random.exponential(900_000);
    if (!device.registered || isOver(episode) || random.next() > intensity('office', world.clockMs)) continue;
    const outcome = outcomeOf(random, 0.68);
    yield* callActor(episode, {
      caller: partyOf(line, device),
      destination: random.chance(0.5) ? mobileNumber(random) : fixedNumber(random),
      outcome,
      ringMs: ringMs(random, outcome),
      talkMs: talkMs(random, 110),
    });
  }
}
