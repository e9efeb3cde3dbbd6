import type { Actor } from '../agenda.ts';
import { intensity } from '../calendar.ts';
import { outcomeOf, partyOf, ringMs, talkMs } from '../honest.ts';
import { fixedNumber, mobileNumber } from '../numbers.ts';
import { callActor, type Episode, type FraudScript, isOver, place } from './episode.ts';

/** Rings once and hangs up, so that people call back; sometimes somebody is quick. */
export const wangiri: FraudScript = {
  hour: 10,
  hours: 3,
  byOwner: true,
  commit: (episode) => episode.world.start(ringsOnce(episode)),
};

function* ringsOnce(episode: Episode): Actor {
  const { random, line } = episode;
  while (!isOver(episode)) {
    yield random.between(4_000, 11_000);
    const answered = random.chance(0.07);
    place(episode, {
      caller: partyOf(line),
      destination: mobileNumber(random),
      outcome: answered ? 'answered' : random.chance(0.95) ? 'cancelled' : 'not-found',
      ringMs: random.between(700, 2_000),
      talkMs: random.between(300, 2_500),
    });
  }
}

/** A machine that dials number after number at an even pace. */
export const autodialler: FraudScript = {
  hour: 9,
  hours: 4,
  byOwner: true,
  commit: (episode) => episode.world.start(dials(episode)),
};

function* dials(episode: Episode): Actor {
  const { random, line } = episode;
  const first = Number(fixedNumber(random).number) - 5_000;
  for (let i = 0; !isOver(episode); i++) {
    yield 9_000 + random.between(-150, 150);
    const outcome = random.chance(0.22)
      ? 'answered'
      : random.pick(['cancelled', 'not-found', 'busy', 'no-answer'] as const);
    place(episode, {
      caller: partyOf(line),
      destination: { number: String(first + i), eurosPerMinute: 0.004 },
      outcome,
      ringMs: outcome === 'answered' ? random.between(2_000, 9_000) : 12_000,
      talkMs: random.between(3_000, 22_000),
    });
  }
}

/** People who call all day from one line with an unlimited plan, nobody twice. */
export const callCentre: FraudScript = {
  hour: 8,
  hours: 24 * 5,
  byOwner: true,
  commit: (episode) => episode.world.start(canvasses(episode)),
};

function* canvasses(episode: Episode): Actor {
  const { world, random, line } = episode;
  while (!isOver(episode)) {
    yield random.between(5_000, 60_000);
    if (random.next() > intensity('office', world.clockMs)) continue;
    const outcome = outcomeOf(random, 0.5);
    yield* callActor(episode, {
      caller: partyOf(line),
      destination: random.chance(0.6) ? mobileNumber(random) : fixedNumber(random),
      outcome,
      ringMs: ringMs(random, outcome),
      talkMs: talkMs(random, 55),
    });
  }
}

/** Calls that show a number of somebody else, another one each time. */
export const forgedFrom: FraudScript = {
  hour: 9,
  hours: 8,
  byOwner: true,
  commit: (episode) => episode.world.start(masquerades(episode)),
};

function* masquerades(episode: Episode): Actor {
  const { random, line } = episode;
  while (!isOver(episode)) {
    yield random.between(60_000, 360_000);
    const outcome = outcomeOf(random, 0.6);
    yield* callActor(episode, {
      caller: partyOf(line),
      presented: `+${(random.chance(0.5) ? mobileNumber(random) : fixedNumber(random)).number}`,
      destination: mobileNumber(random),
      outcome,
      ringMs: ringMs(random, outcome),
      talkMs: talkMs(random, 60),
    });
  }
}
