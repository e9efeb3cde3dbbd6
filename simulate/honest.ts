import type { Actor } from './agenda.ts';
import { hoursOfDay, intensity, isNewYear, localTime, MAXIMUM_INTENSITY } from './calendar.ts';
import { Call, OUTSIDE, type Outcome, type Party } from './call.ts';
import { type Destination, dialled, fixedNumber, mobileNumber, numberAbroad } from './numbers.ts';
import { type Device, type Habits, type Line, proxyFor, type Trunk } from './operator.ts';
import type { Random } from './random.ts';
import { type RequestFacts, request, response } from './sip-text.ts';
import type { World } from './world.ts';

const HOUR_MS = 3_600_000;
/** Share of calls from line to line of the operator. */
const INTERNAL_SHARE = 0.04;
/** Share of offices' calls begun while another is on hold. */
const CONSULTATION = 0.03;
const LONGEST_TALK_MS = 9_000_000;
const TALK_SIGMA = 1.1;

/** Calls that a person makes and gets, over the days. */
export function* livesOn(world: World, line: Line): Actor {
  const random = world.random.fork(`life ${line.id}`);
  const contacts = contactsOf(random, line.habits);
  world.start(getsCalls(world, random.fork('in'), line.habits, partyOf(line), line.id));
  yield* pausesBetweenCalls(world, random, line.habits, line.habits.callsPerDay, () => {
    const { device, habits } = line;
    if (!device.registered) return;
    if (device.busy > 0 && !(habits.day === 'office' && device.busy === 1 && random.chance(CONSULTATION)))
      return;
    const callee = random.chance(INTERNAL_SHARE) ? random.pick(world.operator.lines) : null;
    if (callee !== null && callee !== line && callee.device.registered) callLine(world, random, line, callee);
    else callOut(world, random, habits, partyOf(line), line.id, contactOf(random, habits, contacts));
  });
}

/** A PBX: several calls at once, as many as it has channels, from any of its numbers; looks every 20 s whether the proxy is there. */
export function* pbx(world: World, trunk: Trunk): Actor {
  const random = world.random.fork(`pbx ${trunk.id}`);
  const { device, habits, channels } = trunk;
  const party: Party = { device, line: null, trunk };
  const contacts = contactsOf(random, habits);
  const number = (): string =>
    String(
      Number(trunk.firstNumber) + random.below(Number(trunk.lastNumber) - Number(trunk.firstNumber) + 1),
    );
  world.start(getsCalls(world, random.fork('in'), habits, party, trunk.firstNumber, channels));
  world.start(asksForLife(world, device, random.fork('options')));
  yield* pausesBetweenCalls(world, random, habits, habits.callsPerDay, () => {
    if (device.busy < channels)
      callOut(world, random, habits, party, number(), contactOf(random, habits, contacts));
  });
}

export function partyOf(line: Line, device: Device = line.device): Party {
  return { device, line, trunk: null };
}

/** A Poisson process whose rate follows the day (thinning of one at the highest rate). */
export function* pausesBetweenCalls(
  world: World,
  random: Random,
  { day }: Habits,
  perDay: number,
  call: () => void,
): Actor {
  const perHour = perDay / hoursOfDay(day);
  const highest = perHour * MAXIMUM_INTENSITY[day];
  for (;;) {
    yield random.exponential(HOUR_MS / highest);
    if (world.isOver) return;
    if (random.next() * MAXIMUM_INTENSITY[day] < intensity(day, world.clockMs)) call();
  }
}

export function callOut(
  world: World,
  random: Random,
  habits: Habits,
  caller: Party,
  presented: string,
  destination: Destination,
): void {
  const newYear = isNewYear(localTime(world.clockMs));
  const outcome = outcomeOf(random, newYear ? habits.answerShare * 0.8 : habits.answerShare);
  const call = new Call(world, {
    caller,
    callee: OUTSIDE,
    presented,
    dialled: dialled(destination.number, habits.dialling),
    destination,
    outcome,
    ringMs: ringMs(random, outcome),
    talkMs: talkMs(random, newYear ? habits.medianTalkSeconds * 0.6 : habits.medianTalkSeconds),
    hangsUp: random.chance(0.55) ? 'caller' : 'callee',
  });
  world.start(call.actor());
}

function callLine(world: World, random: Random, from: Line, to: Line): void {
  const outcome = to.device.busy > 0 ? 'busy' : outcomeOf(random, 0.72);
  const call = new Call(world, {
    caller: partyOf(from),
    callee: partyOf(to),
    presented: from.id,
    dialled: dialled(to.id, from.habits.dialling),
    destination: { number: to.id, eurosPerMinute: 0 },
    outcome: outcome === 'not-found' || outcome === 'failed' ? 'no-answer' : outcome,
    ringMs: ringMs(random, outcome),
    talkMs: talkMs(random, from.habits.medianTalkSeconds),
    hangsUp: random.chance(0.5) ? 'caller' : 'callee',
  });
  world.start(call.actor());
}

export function* getsCalls(
  world: World,
  random: Random,
  habits: Habits,
  callee: Party,
  number: string,
  channels = 1,
): Actor {
  const device = callee.device as Device;
  yield* pausesBetweenCalls(world, random, habits, habits.incomingPerDay, () => {
    if (!device.registered || world.carrierFails) return;
    const full = device.busy >= channels;
    const free = random.chance(0.7) ? 'answered' : random.chance(0.8) ? 'cancelled' : 'declined';
    const outcome: Outcome = full ? 'busy' : free;
    const from = random.chance(0.6) ? mobileNumber(random) : fixedNumber(random);
    const call = new Call(world, {
      caller: OUTSIDE,
      callee,
      presented: `+${from.number}`,
      dialled: number,
      destination: null,
      outcome,
      ringMs: ringMs(random, outcome),
      talkMs: talkMs(random, habits.medianTalkSeconds),
      hangsUp: random.chance(0.5) ? 'caller' : 'callee',
    });
    world.start(call.actor());
  });
}

function* asksForLife(world: World, device: Device, random: Random): Actor {
  const id = world.identifier();
  const proxy = proxyFor(device.host);
  for (let cseq = 1; ; cseq++) {
    yield 20_000 + random.between(-500, 500);
    if (world.isOver) return;
    const address = `<sip:ping@${device.contactHost}>`;
    const facts: RequestFacts = {
      method: 'OPTIONS',
      uri: `sip:${proxy.hostPort}`,
      vias: [`SIP/2.0/UDP ${device.contactHost};rport;branch=z9hG4bKo${id}${cseq}`],
      from: `${address};tag=o${id}`,
      to: `<sip:${proxy.hostPort}>`,
      callId: `${id}${cseq}@${device.contactHost}`,
      cseq,
    };
    world.send(device.host, proxy, request(facts), true);
    yield random.between(3, 20);
    world.send(proxy, device.host, response('200 OK', facts, `${facts.to};tag=p${cseq}`));
  }
}

/** The rest of the calls: mostly nobody is there. */
const UNANSWERED: readonly Outcome[] = ['cancelled', 'busy', 'no-answer', 'not-found', 'declined', 'failed'];
const WEIGHTS = [0.52, 0.2, 0.15, 0.07, 0.05, 0.01];

export function outcomeOf(random: Random, answerShare: number): Outcome {
  return random.chance(answerShare) ? 'answered' : UNANSWERED[random.weighted(WEIGHTS)];
}

export function ringMs(random: Random, outcome: Outcome): number {
  if (outcome === 'answered') return 1_500 + Math.min(40_000, random.exponential(7_000));
  return outcome === 'cancelled' || outcome === 'no-answer' ? random.between(15_000, 40_000) : 2_000;
}

export function talkMs(random: Random, medianSeconds: number): number {
  return Math.min(LONGEST_TALK_MS, Math.max(1_500, random.logNormal(medianSeconds, TALK_SIGMA) * 1000));
}

function newContact(random: Random): Destination {
  const kind = random.weighted([0.42, 0.53, 0.05]);
  return kind === 0 ? fixedNumber(random) : kind === 1 ? mobileNumber(random) : numberAbroad(random);
}

export function contactsOf(random: Random, { contacts }: Habits): Destination[] {
  return Array.from({ length: contacts }, () => newContact(random));
}

/** Few numbers are called often and many seldom. */
export function contactOf(
  random: Random,
  { newNumberShare }: Habits,
  contacts: readonly Destination[],
): Destination {
  if (random.chance(newNumberShare)) return newContact(random);
  return contacts[Math.floor(contacts.length * random.next() ** 2.5)];
}
