import { Command, Option } from 'commander';
import { hashToken, newToken, SCOPES, type Scope } from '../daemon/admin/tokens.ts';
import { usageFailure } from './exit.ts';
import { printData, printJson, talk } from './output.ts';

export function tokenCommand(): Command {
  const create = new Command('create')
    .argument('<name>', 'who will hold it; the author in the audit where a request names none')
    .description('make a token for the admin API; it is shown once and kept nowhere')
    .addOption(
      new Option(
        '--scope <scope...>',
        'what it may do; each includes those before: read (numbers masked), evidence, lift, admin',
      )
        .choices([...SCOPES])
        .default(['read']),
    )
    .option('--json', 'print JSON')
    .action((name: string, { scope, json }: { scope: Scope[]; json?: boolean }) => {
      if (!/^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/.test(name)) {
        throw usageFailure(`${name} is no name for a token: letters, digits, ".", "_" and "-", at most 64.`);
      }
      const token = newToken();
      const hash = hashToken(token);
      const scopes = [...new Set(scope)];
      if (json) return printJson({ name, token, hash, scopes });
      printData(token);
      talk('Shown this once. Put its hash under admin.tokens in the configuration, then reload (SIGHUP):');
      talk(`    - {name: ${name}, hash: "${hash}", scopes: [${scopes.join(', ')}]}`);
    });
  return new Command('token').description('tokens of the admin API').addCommand(create);
}
