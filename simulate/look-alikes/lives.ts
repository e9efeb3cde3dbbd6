import type { Actor } from '../agenda.ts';
import { intensity, localTime } from '../calendar.ts';
import { Call, OUTSIDE } from '../call.ts';
import {
  callOut,
  contactOf,
  contactsOf,
  livesOn,
  outcomeOf,
  partyOf,
  pbx,
  ringMs,
  talkMs,
} from '../honest.ts';
import { dialled, fixedNumber, mobileNumber, numberAbroad, numberOfCountry } from '../numbers.ts';
import { type Line, makeDevice, OFFICE_AGENTS } from '../operator.ts';
import type { Random } from '../random.ts';
import { exchange, keepRegistered } from '../registration.ts';
import type { World } from '../world.ts';
import type { LookAlike } from './cast.ts';

const MINUTE_MS = 60_000;
const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;

/** Lets them live. `eventDay`: the beginning of a working day on which the school tells its results. */
export function live(
  world: World,
  random: Random,
  { kind, lines, trunk }: LookAlike,
  eventDay: number,
): void {
  if (trunk !== null) world.start(pbx(world, trunk), 1_000);
  for (const line of lines) {
    const own = random.fork(line.id);
    if (kind === 'travelling-salesman') {
      world.start(travels(world, own, line));
      continue;
    }
    world.start(keepRegistered(world, line, line.device, world.toMs), own.between(0, 240_000));
    world.start(livesOn(world, line));
    if (kind === 'fax-notary') world.start(faxes(world, own, line));
    if (kind === 'holiday-let') world.start(guests(world, own, line));
    if (kind === 'school-results-day') world.startAt(tellsResults(world, own, line, eventDay), eventDay);
  }
}

function isWorkingDay(ms: number): boolean {
  const { weekday, holiday } = localTime(ms);
  return weekday >= 1 && weekday <= 5 && !holiday;
}

/** Deeds go out at the end of the morning and of the afternoon, one fax after the other. */
function* faxes(world: World, random: Random, line: Line): Actor {
  const contacts = contactsOf(random, line.habits);
  for (;;) {
    const { hour } = localTime(world.clockMs);
    const next = hour < 11 ? 11 : hour < 16 ? 16 : 35;
    yield (next - hour) * HOUR_MS + random.between(0, 20 * MINUTE_MS);
    if (world.isOver) return;
    if (!isWorkingDay(world.clockMs)) continue;
    for (let left = 8 + random.below(15); left > 0; left--) {
      const outcome = random.chance(0.88) ? 'answered' : 'busy';
      const destination = contactOf(random, line.habits, contacts);
      yield* new Call(world, {
        caller: partyOf(line),
        callee: OUTSIDE,
        presented: line.id,
        dialled: dialled(destination.number, line.habits.dialling),
        destination,
        outcome,
        ringMs: random.between(1_000, 6_000),
        talkMs: random.between(45_000, 240_000),
        hangsUp: 'caller',
        fax: true,
      }).actor();
      yield random.between(5_000, 40_000);
    }
  }
}

/** A third of the weeks stand empty out of season; in August and at the turn of the year none. Each week's guests call home. */
function* guests(world: World, random: Random, line: Line): Actor {
  for (;;) {
    const { day } = localTime(world.clockMs);
    const date = new Date(day * DAY_MS);
    const month = date.getUTCMonth();
    const season = month === 7 || (month === 11 && date.getUTCDate() > 18);
    const country = random.below(7);
    const leave = world.nowMs + 7 * DAY_MS;
    if (!season && random.chance(0.35)) {
      yield 7 * DAY_MS;
      if (world.isOver) return;
      continue;
    }
    while (world.nowMs < leave) {
      yield random.exponential((season ? 0.7 : 1.4) * HOUR_MS);
      if (world.isOver) return;
      if (random.next() > intensity('home', world.clockMs) || line.device.busy > 0) continue;
      const habits = { ...line.habits, medianTalkSeconds: 200 };
      callOut(world, random, habits, partyOf(line), line.id, numberOfCountry(random, country));
    }
  }
}

/** Three secretaries tell a few hundred families, from nine to five, nobody twice; half are not at home. */
function* tellsResults(world: World, random: Random, line: Line, day: number): Actor {
  yield 9 * HOUR_MS + random.between(0, 10 * MINUTE_MS);
  while (world.nowMs < day + 17 * HOUR_MS && !world.isOver) {
    const outcome = outcomeOf(random, 0.55);
    const destination = random.chance(0.7) ? mobileNumber(random) : fixedNumber(random);
    yield* new Call(world, {
      caller: partyOf(line),
      callee: OUTSIDE,
      presented: line.id,
      dialled: dialled(destination.number, line.habits.dialling),
      destination,
      outcome,
      ringMs: ringMs(random, outcome),
      talkMs: talkMs(random, 60),
      hangsUp: random.chance(0.5) ? 'caller' : 'callee',
    }).actor();
    yield random.between(10_000, 150_000);
  }
}

/** At home in the evening, on the road in a mobile network whose address changes, some nights in an hotel; old registrations are left behind. */
function* travels(world: World, random: Random, line: Line): Actor {
  const contacts = contactsOf(random, line.habits);
  for (;;) {
    const { hour } = localTime(world.clockMs);
    const onTheRoad = isWorkingDay(world.clockMs) && hour >= 8 && hour < 18.5;
    const atHome = !onTheRoad && random.chance(0.8);
    const address = atHome
      ? line.customer.site
      : onTheRoad
        ? `198.19.${100 + random.below(4)}.${1 + random.below(250)}`
        : `198.19.${120 + random.below(60)}.${1 + random.below(250)}`;
    const agent = atHome ? line.device.userAgent : 'Linphone/5.2';
    const device = atHome
      ? line.device
      : makeDevice(random, address, 3, [agent, ...OFFICE_AGENTS].slice(0, 1));
    const until = world.nowMs + (onTheRoad ? random.between(1, 4) : random.between(9, 12)) * HOUR_MS;
    const id = world.identifier();
    let cseq = 0;
    yield* exchange(world, line, device, id, ++cseq, 'challenged');
    yield 20;
    while (world.nowMs < until) {
      yield* exchange(world, line, device, id, ++cseq, 'accepted');
      device.registered = true;
      const refresh = Math.min(until, world.nowMs + random.between(0.5, 0.9) * HOUR_MS);
      while (world.nowMs < refresh) {
        yield random.exponential(25 * MINUTE_MS);
        if (world.isOver) return;
        if (device.busy > 0 || random.next() > intensity('office', world.clockMs)) continue;
        const destination = random.chance(0.1)
          ? numberAbroad(random)
          : contactOf(random, line.habits, contacts);
        callOut(world, random, line.habits, partyOf(line, device), line.id, destination);
      }
    }
    device.registered = false;
    if (random.chance(0.5)) yield* exchange(world, line, device, id, ++cseq, 'removed');
  }
}
