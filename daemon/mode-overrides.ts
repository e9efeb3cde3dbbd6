import type { VigieConfig } from './config/schema.ts';
import type { RedisClient } from './enforcement/functions.ts';
import type { Mode } from './policy/finding.ts';

/** A mode set by a person while the daemon runs; it wins over what the files say about the same target. */
export interface ModeOverride {
  readonly mode: Mode;
  readonly by: string;
  readonly reason: string;
  /** ISO 8601. */
  readonly at: string;
}

const KEY = 'vigie:modes';
const VERSION = '~version';

/** Changes one override if the version is still the one that the caller saw ('' for any). Returns the new version, 0 for a conflict. */
const CHANGE = `
local version = redis.call('HGET', KEYS[1], '${VERSION}') or '0'
if ARGV[1] ~= '' and ARGV[1] ~= version then return 0 end
if ARGV[3] == '' then redis.call('HDEL', KEYS[1], ARGV[2]) else redis.call('HSET', KEYS[1], ARGV[2], ARGV[3]) end
return redis.call('HINCRBY', KEYS[1], '${VERSION}', 1)`;

/** What a rule's mode rests on; the first that says something holds. */
export type ModeOrigin =
  | 'override of the rule'
  | 'configuration of the rule'
  | 'override of the policy'
  | 'configuration';

export interface RuleMode {
  readonly mode: Mode;
  readonly origin: ModeOrigin;
  /** Without overrides. */
  readonly configured: Mode;
}

/** Overrides of policies (`cmi`) and rules (`cmi.transaction-rate`), kept in Redis, so that they outlive the daemon and hold for all of them. */
export class ModeOverrides {
  readonly #redis: RedisClient;
  #overrides: ReadonlyMap<string, ModeOverride> = new Map();
  #version = 0;

  constructor(redis: RedisClient) {
    this.#redis = redis;
  }

  /** Rises with every change, by whichever daemon. */
  get version(): number {
    return this.#version;
  }

  get(target: string): ModeOverride | null {
    return this.#overrides.get(target) ?? null;
  }

  targets(): readonly string[] {
    return [...this.#overrides.keys()];
  }

  /** Reads what is kept; true where something has changed. Throws while Redis is away. */
  async load(): Promise<boolean> {
    const kept = await this.#redis.hgetall(KEY);
    const version = Number(kept[VERSION] ?? 0);
    if (version === this.#version) return false;
    const overrides = new Map<string, ModeOverride>();
    for (const [target, json] of Object.entries(kept))
      if (target !== VERSION) overrides.set(target, JSON.parse(json) as ModeOverride);
    this.#overrides = overrides;
    this.#version = version;
    return true;
  }

  /**
   * Sets or, with null, removes the override of a policy or rule. `expected`: the version that the caller saw, null for any. False where
   * another change came first. Throws while Redis is away.
   */
  async put(target: string, override: ModeOverride | null, expected: number | null): Promise<boolean> {
    const json = override === null ? '' : JSON.stringify(override);
    const version = await this.#redis.eval(
      CHANGE,
      1,
      KEY,
      expected === null ? '' : `${expected}`,
      target,
      json,
    );
    await this.load();
    return version !== 0;
  }

  /**
   * The mode of a rule: what is said of the rule itself holds before what is said of its policy, and of the same target the override
   * before the files. So a policy that a person enforces does not enforce the one rule that the configuration has observe.
   */
  modeOf(
    policies: VigieConfig['policies'],
    policy: string,
    rule: {
      readonly id: string;
      readonly mode?: Mode | null | undefined;
      readonly ownMode?: Mode | null | undefined;
    },
  ): RuleMode {
    const configured: Mode = rule.mode ?? (policies.mode === 'enforce' ? 'enforce' : 'observe');
    const ofRule = this.get(rule.id);
    if (ofRule !== null) return { mode: ofRule.mode, origin: 'override of the rule', configured };
    const exact = Object.hasOwn(policies.modes, rule.id) || rule.ownMode != null;
    if (exact) return { mode: configured, origin: 'configuration of the rule', configured };
    const ofPolicy = this.get(policy);
    if (ofPolicy !== null) return { mode: ofPolicy.mode, origin: 'override of the policy', configured };
    return { mode: configured, origin: 'configuration', configured };
  }
}
