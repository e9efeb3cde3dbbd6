import type { Actor } from '../agenda.ts';
import { partyOf } from '../honest.ts';
import { revenueShareNumber } from '../numbers.ts';
import { type Device, makeDevice } from '../operator.ts';
import { exchange } from '../registration.ts';
import { callActor, type Episode, type FraudScript, isOver } from './episode.ts';

const TOOLS = ['sipcli/v1.8', 'Asterisk PBX 16.2.1', 'Zoiper rv2.10.18'];

/** A device in a network that the line has never been seen in. */
function foreignDevice({ random, label }: Episode, network: string): Device {
  // Scanners (simulation.ts) have the lower half.
  const address = `${network}.${130 + random.below(120)}`;
  label.sources.push(address);
  return makeDevice(random, address, 1, TOOLS);
}

/** Calls one revenue-share number after the other, and holds them as long as they last. */
function* drains(episode: Episode, device: Device, medianSeconds: number): Actor {
  const { random, line } = episode;
  const numbers = Array.from({ length: 6 }, () => revenueShareNumber(random));
  while (!isOver(episode)) {
    yield random.between(2_000, 25_000);
    yield* callActor(episode, {
      caller: partyOf(line, device),
      destination: random.pick(numbers),
      outcome: random.chance(0.9) ? 'answered' : random.pick(['failed', 'busy', 'not-found'] as const),
      ringMs: random.between(300, 2_500),
      talkMs: random.logNormal(medianSeconds, 0.6) * 1000,
    });
  }
}

/** Somebody has the password and calls dear numbers at night, several at once. */
export const irsf: FraudScript = {
  hour: 1.5,
  hours: 4,
  byOwner: false,
  commit(episode) {
    const device = foreignDevice(episode, '203.0.113');
    const atOnce = 3 + episode.random.below(4);
    for (let i = 0; i < atOnce; i++) episode.world.start(drains(episode, device, 420), i * 4_000);
  },
};

/** The password is guessed first, a few times a second, then used. */
export const bruteForced: FraudScript = {
  hour: 3,
  hours: 3,
  byOwner: false,
  byRegistering: true,
  commit(episode) {
    episode.world.start(guesses(episode));
  },
};

function* guesses(episode: Episode): Actor {
  const { world, random, line, label } = episode;
  const device = foreignDevice(episode, '198.51.100');
  const id = world.identifier();
  const wrong = 120 + random.below(300);
  for (let guess = 1; guess <= wrong; guess++) {
    yield* exchange(world, line, device, id, guess, 'refused');
    label.otherRequests++;
    yield random.between(80, 300);
  }
  const account = world.ledger.account(line.id);
  yield* exchange(world, line, device, id, wrong + 1, 'accepted');
  device.registered = true;
  account.devices++;
  account.mostDevices = Math.max(account.mostDevices, account.devices);
  for (let i = 0; i < 2; i++) world.start(drains(episode, device, 300), 20_000 + i * 9_000);
  while (!isOver(episode)) yield 600_000;
  yield* exchange(world, line, device, id, wrong + 2, 'removed');
  account.devices--;
}
