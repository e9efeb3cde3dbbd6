import { readFileSync, renameSync, statSync, writeFileSync } from 'node:fs';
import { Command, Option } from 'commander';
import { isMap, isSeq, parseDocument } from 'yaml';
import { hashToken, newToken, SCOPES, type Scope } from '../daemon/admin/tokens.ts';
import { formatFault } from '../daemon/config/fault.ts';
import { loadConfig } from '../daemon/config/load.ts';
import { CommandFailure, ExitCode, usageFailure } from './exit.ts';
import { outputWidth, printData, printJson, talk } from './output.ts';
import { type Column, renderTable } from './table.ts';

interface TokenOptions {
  readonly config?: string;
  readonly json?: boolean;
}

interface ConfiguredToken {
  readonly name: string;
  readonly scopes: readonly string[];
}

const columns: readonly Column<ConfiguredToken>[] = [
  { title: 'TOKEN', value: ({ name }) => name },
  { title: 'SCOPES', value: ({ scopes }) => scopes.join(', '), flexible: true },
];

function configured(path: string | null): { file: string; tokens: readonly ConfiguredToken[] } {
  const loaded = loadConfig(path, process.env);
  if (!loaded.ok) throw new CommandFailure(loaded.faults.map(formatFault).join('\n'), ExitCode.config);
  return { file: loaded.file, tokens: loaded.config.admin.tokens };
}

/** Takes the entries of that name out of the file, which keeps its comments and its mode. Returns how many there were. */
function removeToken(file: string, name: string): number {
  const document = parseDocument(readFileSync(file, 'utf8'));
  const tokens = document.getIn(['admin', 'tokens']);
  if (!isSeq(tokens)) return 0;
  const before = tokens.items.length;
  tokens.items = tokens.items.filter((item) => !(isMap(item) && item.get('name') === name));
  const removed = before - tokens.items.length;
  if (removed === 0) return 0;
  // Written aside and moved: a reload in between sees the old file or the new one.
  const aside = `${file}.${process.pid}`;
  writeFileSync(aside, document.toString({ lineWidth: 0 }), {
    mode: statSync(file).mode & 0o777,
    flag: 'wx',
  });
  renameSync(aside, file);
  return removed;
}

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
  const list = new Command('list')
    .description('the tokens that the configuration knows; none can be shown again')
    .option('--config <file>', 'configuration to read')
    .option('--json', 'print JSON')
    .action(({ config, json }: TokenOptions) => {
      const { tokens } = configured(config ?? null);
      if (json) printJson(tokens.map(({ name, scopes }) => ({ name, scopes })));
      else printData(renderTable(columns, tokens, outputWidth()));
    });
  const revoke = new Command('revoke')
    .argument('<name>')
    .description('take a token out of the configuration file; it ends with the next reload')
    .option('--config <file>', 'configuration to change')
    .action((name: string, { config }: TokenOptions) => {
      const { file } = configured(config ?? null);
      const count = removeToken(file, name);
      if (count === 0)
        throw new CommandFailure(`${file} has no token ${name}; "vigie token list" shows them.`);
      talk(`${name} is out of ${file}. Reload the daemon (SIGHUP): it refuses the token from then on.`);
    });
  return new Command('token')
    .description('tokens of the admin API')
    .addCommand(create)
    .addCommand(list)
    .addCommand(revoke);
}
