import type { Actor } from '../agenda.ts';
import { Call, OUTSIDE, type Outcome, type Party } from '../call.ts';
import type { Label } from '../labels.ts';
import { type Destination, dialled } from '../numbers.ts';
import type { Line } from '../operator.ts';
import type { Random } from '../random.ts';
import type { World } from '../world.ts';

/** What an episode has to work with. Its times are set; what it does is its own. */
export interface Episode {
  readonly world: World;
  readonly random: Random;
  readonly line: Line;
  readonly label: Label;
}

/** When in a day such a fraud begins, how long it goes on, and who is behind it. */
export interface FraudScript {
  /** Local hour at which it begins, where the period is long enough to choose. */
  readonly hour: number;
  readonly hours: number;
  readonly byOwner: boolean;
  /** It has to register before it can do anything; default: it need not. */
  readonly byRegistering?: boolean;
  commit(episode: Episode): void;
}

export interface FraudCallPlan {
  readonly caller: Party;
  readonly destination: Destination;
  readonly outcome: Outcome;
  readonly ringMs: number;
  readonly talkMs: number;
  readonly presented?: string;
}

export function isOver({ world, label }: Episode): boolean {
  return world.nowMs >= label.to || world.isOver;
}

/** Places one call of the episode; it comes to its end by itself. */
export function callActor({ world, random, line, label }: Episode, plan: FraudCallPlan): Actor {
  return new Call(world, {
    callee: OUTSIDE,
    presented: line.id,
    dialled: dialled(plan.destination.number, line.habits.dialling),
    hangsUp: random.chance(0.7) ? 'caller' : 'callee',
    label,
    ...plan,
  }).actor();
}

export function place(episode: Episode, plan: FraudCallPlan): void {
  episode.world.start(callActor(episode, plan));
}
