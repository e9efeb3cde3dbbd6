import { Argument, Command, type Option } from 'commander';
import { allCommands, type CommandNode, commandTree, rootOf } from './command-tree.ts';
import { printData } from './output.ts';

const SHELLS = ['bash', 'zsh', 'fish'] as const;
type Shell = (typeof SHELLS)[number];

function namesOf(option: Option): string[] {
  return [option.short, option.long].filter((name) => name !== undefined);
}

/** What may stand next after these words of a command: its subcommands, or the values of its first argument, and its options. */
function wordsAfter(node: CommandNode): string[] {
  const values = node.arguments.flatMap(({ argChoices }) => argChoices ?? []);
  return [...node.children.map(({ path }) => path.at(-1) ?? ''), ...values, ...node.options.flatMap(namesOf)];
}

/** One function that knows every path of words; file names where an option or argument is one. */
function bashScript(tree: CommandNode): string {
  const nodes = [...allCommands(tree)];
  const values = nodes
    .flatMap((node) => node.options)
    .filter(({ argChoices }) => argChoices !== undefined)
    .map((option) => `    ${namesOf(option).join('|')}) words='${option.argChoices?.join(' ')}' ;;`);
  return `# vigie completion bash: source it, or put it into /usr/share/bash-completion/completions/vigie.
_vigie() {
  local path='' word words='' i
  local current=\${COMP_WORDS[COMP_CWORD]} previous=\${COMP_WORDS[COMP_CWORD-1]}
  for ((i = 1; i < COMP_CWORD; i++)); do
    word=\${COMP_WORDS[i]}
    case "$path $word" in
${nodes
  .filter(({ path }) => path.length > 0)
  .map(({ path }) => `      ' ${path.join(' ')}') path=' ${path.join(' ')}' ;;`)
  .join('\n')}
    esac
  done
  case $previous in
${[...new Set(values)].join('\n')}
  esac
  [ -n "$words" ] || case $path in
${nodes.map((node) => `    '${node.path.map((word) => ` ${word}`).join('')}') words='${wordsAfter(node).join(' ')}' ;;`).join('\n')}
  esac
  COMPREPLY=($(compgen -W "$words" -- "$current"))
}
complete -o default -F _vigie vigie
`;
}

function fishText(text: string): string {
  return `'${text.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`;
}

function fishScript(tree: CommandNode): string {
  const lines = [
    '# vigie completion fish: put it into ~/.config/fish/completions/vigie.fish.',
    'function __vigie_at',
    // Words so far, options left out, must be just these.
    "  set -l words (commandline -opc | string match -v -- '-*')[2..]",
    '  test "$words" = "$argv"',
    'end',
    'function __vigie_under',
    "  set -l words (commandline -opc | string match -v -- '-*')[2..]",
    '  string match -q -- "$argv*" "$words"',
    'end',
  ];
  for (const node of allCommands(tree)) {
    const words = node.path.join(' ');
    for (const child of node.children)
      lines.push(
        `complete -c vigie -f -n '__vigie_at ${words}' -a ${child.path.at(-1)} -d ${fishText(child.description)}`,
      );
    for (const option of node.options) {
      const flags = [
        option.short ? `-s ${option.short.slice(1)}` : '',
        option.long ? `-l ${option.long.slice(2)}` : '',
      ]
        .filter((flag) => flag !== '')
        .join(' ');
      const value = option.argChoices
        ? ` -x -a '${option.argChoices.join(' ')}'`
        : option.required
          ? ' -r'
          : '';
      lines.push(
        `complete -c vigie -n '__vigie_under ${words}' ${flags}${value} -d ${fishText(option.description)}`,
      );
    }
  }
  return `${lines.join('\n')}\n`;
}

/** The script that makes the shell complete our commands, options and their values. */
export function completionScript(shell: Shell, tree: CommandNode): string {
  if (shell === 'fish') return fishScript(tree);
  if (shell === 'bash') return bashScript(tree);
  return `#compdef vigie\nautoload -U +X bashcompinit && bashcompinit\n${bashScript(tree)}`;
}

export function completionCommand(): Command {
  return new Command('completion')
    .addArgument(new Argument('<shell>', 'for which shell').choices([...SHELLS]))
    .description('print a completion script: source <(vigie completion bash)')
    .action((shell: Shell, _options: unknown, command: Command) =>
      printData(completionScript(shell, commandTree(rootOf(command)))),
    );
}
