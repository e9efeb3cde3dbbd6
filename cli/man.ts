import { Command } from 'commander';
import { OTHER_VARIABLES } from '../daemon/config/environment.ts';
import { VERSION } from '../daemon/version.ts';
import { allCommands, type CommandNode, commandTree, rootOf } from './command-tree.ts';
import { ExitCode } from './exit.ts';
import { printData } from './output.ts';

/** Text as roff takes it: no line begins a request by chance, no hyphen becomes a dash. */
function roff(text: string): string {
  return text
    .replaceAll('\\', '\\e')
    .replaceAll('-', '\\-')
    .replace(/^([.'])/gm, '\\&$1');
}

function commandSection(node: CommandNode): string {
  const usage = ['vigie', ...node.path, node.usage].join(' ').trim();
  const lines = [`.SS "${roff(usage)}"`, roff(sentence(node.description))];
  for (const argument of node.arguments) {
    if (argument.description === '') continue;
    lines.push('.TP', `.I ${roff(argument.name())}`, roff(sentence(argument.description)));
  }
  for (const option of node.options) {
    if (option.long === '--help') continue;
    const value = option.defaultValue === undefined ? '' : ` Default: ${defaultText(option.defaultValue)}.`;
    const choices = option.argChoices ? ` One of: ${option.argChoices.join(', ')}.` : '';
    lines.push('.TP', `.B ${roff(option.flags)}`, roff(sentence(option.description) + choices + value));
  }
  return lines.join('\n');
}

function sentence(text: string): string {
  return `${text.charAt(0).toUpperCase()}${text.slice(1)}${/[.!?]$/.test(text) ? '' : '.'}`;
}

function defaultText(value: unknown): string {
  return Array.isArray(value) ? value.join(', ') : String(value);
}

const VARIABLES: Readonly<Record<string, string>> = {
  VIGIE_CONFIG: 'configuration file, where --config names none',
  VIGIE_URL: 'address of the admin API for commands that ask the daemon',
  VIGIE_TOKEN: 'bearer token for it',
  VIGIE_TOKEN_FILE: 'file with that token',
};

/** vigie(1), from the commands as they are defined. */
export function manPage(tree: CommandNode, version: string): string {
  const commands = [...allCommands(tree)].filter(
    ({ children, path }) => children.length === 0 && path.length > 0,
  );
  const codes = Object.entries(ExitCode).map(([name, code]) => `.TP\n.B ${code}\n${roff(sentence(name))}`);
  const variables = [...OTHER_VARIABLES].map(
    (name) => `.TP\n.B ${name}\n${roff(sentence(VARIABLES[name] ?? 'see the documentation'))}`,
  );
  return `${[
    `.TH VIGIE 1 "" "vigie ${version}" "User commands"`,
    '.ad l',
    '.SH NAME',
    `vigie \\- ${roff(tree.description)}`,
    '.SH SYNOPSIS',
    '.B vigie',
    '.I command',
    '[options]',
    '.SH DESCRIPTION',
    'Vigie watches SIP signalling, measures it against the contract that each customer signed, and suspends lines or raises',
    'alerts with the clause, the numbers and the evidence. Data goes to standard output, everything else to standard error.',
    '.SH COMMANDS',
    ...commands.map(commandSection),
    '.SH EXIT STATUS',
    ...codes,
    '.SH ENVIRONMENT',
    'Every option of the configuration may be given as a variable, which wins over the file: ingest.hep.udp is',
    '.B VIGIE_INGEST_HEP_UDP.',
    'Beside these:',
    ...variables,
    '.SH FILES',
    '.TP\n.I /etc/vigie/vigie.yaml\nConfiguration of the Debian package\\(aqs service.',
  ].join('\n')}\n`;
}

export function manCommand(): Command {
  return new Command('man')
    .description('print the man page: vigie man | man -l -')
    .action((_options: unknown, command: Command) =>
      printData(manPage(commandTree(rootOf(command)), VERSION)),
    );
}
