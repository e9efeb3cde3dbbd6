import { detectors } from '../detectors/index.ts';
import type { ModeJson, PolicyJson, PolicyRuleJson } from './admin/services.ts';
import type { LoadedPolicy, LoadedRule } from './config/policy-file.ts';
import type { Setup } from './config/setup.ts';
import type { ModeOverrides } from './mode-overrides.ts';
import type { Mode } from './policy/finding.ts';

/** Policies and modes as the API shows them. */

const configuredMode = ({ config }: Setup): Mode =>
  config.policies.mode === 'enforce' ? 'enforce' : 'observe';

function common(modes: readonly Mode[]): Mode | 'mixed' {
  const [first = 'observe'] = modes;
  return modes.every((mode) => mode === first) ? first : 'mixed';
}

/** Each policy followed by its rules; overrides of targets that are no longer there come last. */
export function modesOf(
  setup: Setup,
  overrides: ModeOverrides,
): { version: number; default: Mode; items: readonly ModeJson[] } {
  const items: ModeJson[] = [];
  const known = new Set<string>();
  for (const policy of setup.policies.values()) {
    const rules = policy.rules.map((rule) => ({
      rule,
      ...overrides.modeOf(setup.config.policies, policy.id, rule),
    }));
    items.push({
      target: policy.id,
      kind: 'policy',
      policy: policy.id,
      mode: common(rules.map(({ mode }) => mode)),
      configured: common(rules.map(({ configured }) => configured)),
      origin: null,
      override: overrides.get(policy.id),
    });
    known.add(policy.id);
    for (const { rule, mode, configured, origin } of rules) {
      const override = overrides.get(rule.id);
      items.push({ target: rule.id, kind: 'rule', policy: policy.id, mode, configured, origin, override });
      known.add(rule.id);
    }
  }
  for (const target of overrides.targets()) {
    const override = overrides.get(target);
    if (known.has(target) || override === null) continue;
    const mode = configuredMode(setup);
    items.push({
      target,
      kind: target.includes('.') ? 'rule' : 'policy',
      policy: target.split('.')[0]!,
      mode,
      configured: mode,
      origin: 'no policy or rule has this id: the override does nothing',
      override,
    });
  }
  return { version: overrides.version, default: configuredMode(setup), items };
}

export function policyOf(setup: Setup, overrides: ModeOverrides, policy: LoadedPolicy): PolicyJson {
  const { id, contract, version, appliesTo, translations } = policy;
  const modeOf = (rule: LoadedRule): Mode => overrides.modeOf(setup.config.policies, id, rule).mode;
  return {
    id,
    contract,
    version,
    appliesTo: appliesTo ?? 'customers',
    isDefault: setup.config.policies.default === id,
    mode: common(policy.rules.map(modeOf)),
    translations,
    rules: [
      ...policy.rules.map((rule) => ruleOf(rule, true, modeOf(rule))),
      ...policy.disabledRules.map((rule) => ruleOf(rule, false, modeOf(rule))),
    ],
  };
}

function ruleOf(rule: LoadedRule, enabled: boolean, mode: Mode): PolicyRuleJson {
  const detector = detectors.get(rule.detector);
  const schemas = (detector?.parameters.properties ?? {}) as Record<
    string,
    { readonly 'x-unit'?: string; readonly description?: string }
  >;
  const parameters = Object.entries(rule.parameters).map(([name, value]) => [
    name,
    { value, unit: schemas[name]?.['x-unit'] ?? null, description: schemas[name]?.description ?? '' },
  ]);
  const { id, clause, subject, minimumSample, confidence, ladder, maturity } = rule;
  return {
    id,
    title: rule.title ?? detector?.title ?? id,
    clause,
    detector: rule.detector,
    parameters: Object.fromEntries(parameters),
    subject,
    minimumSample,
    confidence,
    ladder,
    maturity,
    enabled,
    mode,
  };
}
