import type { Action } from '../daemon/policy/finding.ts';

const names: Readonly<Record<Action, string>> = {
  alert: 'alert',
  suspend: 'suspend',
  'block-registration': 'block',
  'restrict-caller-id': 'withhold',
  'refuse-excess': 'limit',
  'per-minute-billing': 'bill',
  'end-calls': 'end',
};

/** An action in the column of a table. */
export function actionName(action: Action): string {
  return names[action];
}
