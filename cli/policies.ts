import { Command } from 'commander';
import type { LoadedPolicy } from '../daemon/config/policy-file.ts';
import { actionName } from './action-names.ts';
import { requireSetup } from './config.ts';
import { CommandFailure } from './exit.ts';
import { outputWidth, printData, printJson } from './output.ts';
import { type Column, renderFields, renderTable } from './table.ts';

interface PoliciesOptions {
  readonly config?: string;
  readonly json?: boolean;
}

type Rule = LoadedPolicy['rules'][number];

/** The policies as the daemon would run them: modes settled by the configuration. */
function policiesOf({ config }: PoliciesOptions): readonly LoadedPolicy[] {
  return [...requireSetup(config ?? null).policies.values()];
}

/** The furthest that the rule's ladder goes. */
function furthest({ ladder }: Rule): string {
  return actionName(ladder.at(-1)?.action ?? 'alert');
}

const listColumns: readonly Column<LoadedPolicy>[] = [
  { title: 'POLICY', value: ({ id }) => id },
  { title: 'RULES', value: ({ rules }) => String(rules.length), align: 'right' },
  {
    title: 'ENFORCED',
    value: ({ rules }) => String(rules.filter(({ mode }) => mode === 'enforce').length),
    align: 'right',
  },
  { title: 'CONTRACT', value: ({ contract }) => contract, flexible: true },
];

const ruleColumns: readonly Column<Rule>[] = [
  { title: 'RULE', value: ({ id }) => id },
  { title: 'CLAUSE', value: ({ clause }) => clause, flexible: true },
  { title: 'SUBJECT', value: ({ subject }) => subject },
  { title: 'MODE', value: ({ mode }) => mode ?? 'observe' },
  { title: 'UP TO', value: furthest },
];

export function renderPolicy(policy: LoadedPolicy, width: number): string {
  const head = renderFields([
    ['policy', policy.id],
    ['contract', policy.contract],
    ['version', policy.version],
    ['file', policy.file],
  ]);
  const off = policy.disabledRules.map(({ id, maturity }) => `  ${id} (${maturity})`).join('\n');
  return [head, renderTable(ruleColumns, policy.rules, width), ...(off === '' ? [] : [`Off:\n${off}`])].join(
    '\n\n',
  );
}

export function policiesCommand(): Command {
  const list = new Command('list')
    .description('the policies that the configuration loads')
    .option('--config <file>', 'configuration to read')
    .option('--json', 'print JSON')
    .action((options: PoliciesOptions) => {
      const policies = policiesOf(options);
      if (options.json) printJson(policies);
      else printData(renderTable(listColumns, policies, outputWidth()));
    });
  const show = new Command('show')
    .argument('<name>')
    .description('the rules of a policy, with the mode in which they run')
    .option('--config <file>', 'configuration to read')
    .option('--json', 'print JSON')
    .action((name: string, options: PoliciesOptions) => {
      const policies = policiesOf(options);
      const policy = policies.find(({ id }) => id === name);
      if (policy === undefined) {
        throw new CommandFailure(
          `There is no policy ${name}. There are: ${policies.map(({ id }) => id).join(', ')}.`,
        );
      }
      if (options.json) printJson(policy);
      else printData(renderPolicy(policy, outputWidth()));
    });
  return new Command('policies').description('the rules in force').addCommand(list).addCommand(show);
}
