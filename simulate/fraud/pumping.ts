import type { Actor } from '../agenda.ts';
import { partyOf } from '../honest.ts';
import { revenueShareNumber, specialNumber } from '../numbers.ts';
import { callActor, type Episode, type FraudScript, isOver } from './episode.ts';

/** Calls to one special number over and over, whose owner is paid for them. */
export const trafficPumping: FraudScript = {
  hour: 9,
  hours: 10,
  byOwner: true,
  commit: (episode) => episode.world.start(pumps(episode)),
};

function* pumps(episode: Episode): Actor {
  const { random, line } = episode;
  const destination = specialNumber(random);
  while (!isOver(episode)) {
    yield random.between(5_000, 240_000);
    yield* callActor(episode, {
      caller: partyOf(line),
      destination,
      outcome: random.chance(0.97) ? 'answered' : 'busy',
      ringMs: random.between(500, 1_500),
      talkMs: random.chance(0.06) ? random.between(1_850_000, 2_400_000) : random.between(45_000, 240_000),
    });
  }
}

/** A handful of dear calls a day among the ordinary ones, never two at once, nothing that stands out by itself. */
export const lowAndSlow: FraudScript = {
  hour: 9,
  hours: 24 * 20,
  byOwner: true,
  commit: (episode) => episode.world.start(trickles(episode)),
};

function* trickles(episode: Episode): Actor {
  const { random, line } = episode;
  const numbers = Array.from({ length: 4 }, () => revenueShareNumber(random));
  while (!isOver(episode)) {
    yield random.between(2.5, 8) * 3_600_000;
    if (isOver(episode)) return;
    yield* callActor(episode, {
      caller: partyOf(line),
      destination: random.pick(numbers),
      outcome: random.chance(0.8) ? 'answered' : 'no-answer',
      ringMs: random.between(2_000, 6_000),
      talkMs: random.between(240_000, 780_000),
    });
  }
}
