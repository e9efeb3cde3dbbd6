import { readFileSync } from 'node:fs';
import { Command } from 'commander';
import { backtestCommand } from './backtest.ts';
import { brakeCommand } from './brake.ts';
import { checkConfigCommand } from './check-config.ts';
import { claimsCommand } from './claims.ts';
import { completionCommand } from './completion.ts';
import { creditCommand } from './credit.ts';
import { demoCommand } from './demo.ts';
import { dossierCommand } from './dossier.ts';
import { explainCommand } from './explain.ts';
import { gateCommand } from './gate.ts';
import { ingestCommand } from './ingest.ts';
import { manCommand } from './man.ts';
import { policiesCommand } from './policies.ts';
import { privacyCommand } from './privacy.ts';
import { quickstartCommand } from './quickstart.ts';
import { replayCommand } from './replay.ts';
import { runCommand } from './run.ts';
import { simulateCommand } from './simulate.ts';
import { suspensionsCommand } from './suspensions.ts';
import { tokenCommand } from './token.ts';
import { topCommand } from './top.ts';

function version(): string {
  const file = new URL('../package.json', import.meta.url);
  return (JSON.parse(readFileSync(file, 'utf8')) as { version: string }).version;
}

/** `vigie` with all its commands. */
export function program(): Command {
  const vigie = new Command('vigie')
    .description('SIP fraud and fair-use detection beside Kamailio or drachtio')
    .version(version())
    .addCommand(runCommand())
    .addCommand(gateCommand())
    .addCommand(checkConfigCommand())
    .addCommand(ingestCommand())
    .addCommand(replayCommand())
    .addCommand(backtestCommand())
    .addCommand(simulateCommand())
    .addCommand(demoCommand())
    .addCommand(quickstartCommand())
    .addCommand(suspensionsCommand())
    .addCommand(dossierCommand())
    .addCommand(claimsCommand())
    .addCommand(brakeCommand())
    .addCommand(creditCommand())
    .addCommand(topCommand())
    .addCommand(explainCommand())
    .addCommand(policiesCommand())
    .addCommand(privacyCommand())
    .addCommand(tokenCommand())
    .addCommand(completionCommand())
    .addCommand(manCommand());
  throwInsteadOfExit(vigie);
  return vigie;
}

/** Commander would exit by itself, with 1 for what is our 2. */
function throwInsteadOfExit(command: Command): void {
  command.exitOverride();
  for (const each of command.commands) throwInsteadOfExit(each);
}
