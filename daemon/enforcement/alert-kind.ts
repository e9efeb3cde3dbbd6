/**
 * What became of a finding. `suspended` to `billed-per-minute`: a new suspension of that effect. `continued`: one was open already.
 * `calls-ended`: the proxies are asked to end the calls that it names. `would-…`: observe mode. `held`: the brake. `in-grace`: lifted a short while ago. `not-allowed`: the rule asks for
 * something that is never done to such a subject.
 */
export type AlertKind =
  | 'alert'
  | 'suspended'
  | 'registration-blocked'
  | 'caller-id-restricted'
  | 'excess-refused'
  | 'billed-per-minute'
  | 'calls-ended'
  | 'continued'
  | 'would-suspend'
  | 'would-block-registration'
  | 'would-restrict-caller-id'
  | 'would-refuse-excess'
  | 'would-bill-per-minute'
  | 'would-end-calls'
  | 'held'
  | 'in-grace'
  | 'not-allowed';
