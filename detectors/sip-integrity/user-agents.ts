/** Endpoints that must be known elsewhere before a product's habit is believed. */
const MINIMUM_ELSEWHERE = 10;
/** "In over 90 % of cases" */
export const PRIVATE_SHARE = 0.9;

export interface UserAgentLimits {
  readonly userAgents: number;
  readonly endpointsEach: number;
}

interface Habit {
  private: number;
  /** Whether the endpoint's Via is private in most cases, by endpoint. */
  readonly endpoints: Map<string, boolean>;
}

/**
 * How telephones of one make write their Via elsewhere: a product that leaves its private address there at ten other customers
 * but not at this one is rewritten here (A12). Bounded; what was seen longest ago is forgotten first.
 */
export class UserAgentHabits {
  readonly #habits = new Map<string, Habit>();
  readonly #limits: UserAgentLimits;

  constructor(limits: UserAgentLimits = { userAgents: 1000, endpointsEach: 100 }) {
    this.#limits = limits;
  }

  /** @param endpoint where it stands: the source address */
  note(userAgent: string, endpoint: string, mostlyPrivate: boolean): void {
    const name = productOf(userAgent);
    if (name === '') return;
    let habit = this.#habits.get(name);
    if (habit === undefined) {
      dropOldest(this.#habits, this.#limits.userAgents);
      habit = { private: 0, endpoints: new Map() };
      this.#habits.set(name, habit);
    }
    const known = habit.endpoints.get(endpoint);
    if (known === mostlyPrivate) return;
    if (known === true) habit.private--;
    if (mostlyPrivate) habit.private++;
    habit.endpoints.delete(endpoint);
    const gone = dropOldest(habit.endpoints, this.#limits.endpointsEach);
    if (gone === true) habit.private--;
    habit.endpoints.set(endpoint, mostlyPrivate);
  }

  /** Share of the other endpoints whose Via is private, 0 to 1; null while too few are known. */
  privateShareElsewhere(userAgent: string, endpoint: string): number | null {
    const habit = this.#habits.get(productOf(userAgent));
    if (habit === undefined) return null;
    const own = habit.endpoints.get(endpoint);
    const others = habit.endpoints.size - (own === undefined ? 0 : 1);
    if (others < MINIMUM_ELSEWHERE) return null;
    return (habit.private - (own === true ? 1 : 0)) / others;
  }
}

/** Some telephones add their MAC address to the User-Agent, which makes one product many. */
export function productOf(userAgent: string): string {
  return userAgent
    .replace(/\b(?:[0-9a-f]{2}[:-]){5}[0-9a-f]{2}\b|\b[0-9a-f]{12}\b/gi, '')
    .replace(/\s+/g, ' ')
    .trim()
    .toLowerCase();
}

function dropOldest<V>(map: Map<string, V>, most: number): V | undefined {
  if (map.size < most) return undefined;
  for (const [key, value] of map) {
    map.delete(key);
    return value;
  }
  return undefined;
}
