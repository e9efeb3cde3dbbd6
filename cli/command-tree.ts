import type { Argument, Command, Option } from 'commander';

/** A command as completion and man page need it. */
export interface CommandNode {
  /** Words after `vigie`: `suspensions lift`; empty for `vigie` itself. */
  readonly path: readonly string[];
  readonly description: string;
  readonly usage: string;
  readonly arguments: readonly Argument[];
  readonly options: readonly Option[];
  readonly children: readonly CommandNode[];
}

/** The commands as they are defined: what is shown of them cannot fall behind. */
export function commandTree(command: Command, path: readonly string[] = []): CommandNode {
  const help = command.createHelp();
  return {
    path,
    description: command.description(),
    usage: command.usage(),
    arguments: command.registeredArguments,
    options: help.visibleOptions(command),
    children: command.commands.map((child) => commandTree(child, [...path, child.name()])),
  };
}

/** The command itself and all below it, in the order of the help. */
export function* allCommands(node: CommandNode): Generator<CommandNode> {
  yield node;
  for (const child of node.children) yield* allCommands(child);
}

export function rootOf(command: Command): Command {
  return command.parent === null ? command : rootOf(command.parent);
}
