import { userInfo } from 'node:os';
import { Command, Option } from 'commander';
import { parseDuration } from '../daemon/config/duration.ts';
import { type ApiOptions, apiClient, keyOf, withApiOptions, withPostOptions } from './api-client.ts';
import { usageFailure } from './exit.ts';
import { printData, printJson, shortNumber, shortTime, talk } from './output.ts';
import { printable, renderFields } from './table.ts';

/** A suspension as the API shows it; see SuspensionSchema in daemon/admin/schemas.ts. */
export interface SuspensionJson {
  readonly id: string;
  readonly subject: { readonly kind: string; readonly id: string };
  readonly customer: string | null;
  readonly rule: string;
  readonly policy: string;
  readonly clause: string;
  readonly scope: string;
  readonly effect: string;
  readonly state: string;
  readonly mode: string;
  readonly value: number | null;
  readonly limit: number | null;
  readonly unit: string;
  readonly windowSeconds: number | null;
  readonly evidence: { readonly callIds?: readonly string[] };
  readonly repeats: number;
  readonly proposedAt: string;
  readonly activeAt: string | null;
  readonly until: string | null;
  readonly liftedAt: string | null;
  readonly expiredAt: string | null;
  readonly liftedBy: string | null;
  readonly liftReason: string | null;
  readonly graceUntil: string | null;
  readonly by: string;
  readonly reason: string;
  readonly reinstatement: { readonly fee: string | null; readonly guarantee: boolean } | null;
  readonly reviews: readonly { readonly after: string; readonly dueAt: string | null }[];
}

/** The person at the keyboard, behind sudo too. */
export function currentUser(): string {
  return process.env['SUDO_USER'] ?? userInfo().username;
}

/** `mode` is observe while the rule of an open suspension only observes: its block is away. */
function stopped({ effect, mode, limit }: SuspensionJson): string {
  if (mode === 'observe') return 'nothing: its rule observes now';
  switch (effect) {
    case 'block':
      return 'outgoing calls, emergency calls excepted';
    case 'block-registration':
      return 'registrations';
    case 'restrict-caller-id':
      return 'the presentation of the number; calls go on';
    case 'refuse-excess':
      return `calls beyond ${shortNumber(limit)} at a time; emergency and incoming calls go on`;
    case 'per-minute-billing':
      return 'no call: they are billed per minute';
    default:
      return effect;
  }
}

function reinstated({ reinstatement }: SuspensionJson): string | null {
  if (reinstatement === null) return null;
  const { fee, guarantee } = reinstatement;
  return [fee === null ? '' : `fee of ${fee}`, guarantee ? 'new guarantee' : ''].filter(Boolean).join(', ');
}

/** Two lines each: the id has to be whole, to be copied. */
export function renderSuspensions(suspensions: readonly SuspensionJson[]): string {
  return suspensions
    .map(({ id, state, effect, activeAt, proposedAt, subject, rule, value, limit, unit, reason }) => {
      const numbers = value === null ? reason : `${shortNumber(value)} against ${shortNumber(limit)} ${unit}`;
      const first = `${id}  ${state.padEnd(9)}  ${shortTime(activeAt ?? proposedAt)}  ${effect}`;
      return `${first}\n  ${printable(`${subject.kind} ${subject.id}  ${rule}  ${numbers}`)}`;
    })
    .join('\n');
}

export function renderSuspension(suspension: SuspensionJson): string {
  const { subject, value, limit, unit, windowSeconds, evidence } = suspension;
  const over = windowSeconds === null ? '' : ` in ${windowSeconds} s`;
  return renderFields([
    ['id', suspension.id],
    ['state', suspension.state],
    ['subject', `${subject.kind} ${subject.id}`],
    ['customer', suspension.customer],
    ['rule', suspension.rule],
    ['clause', suspension.clause],
    ['effect', suspension.effect],
    ['stops', stopped(suspension)],
    ['measured', value === null ? null : `${shortNumber(value)} ${unit}${over}, limit ${shortNumber(limit)}`],
    ['repeated', suspension.repeats === 0 ? null : `${suspension.repeats} times`],
    ['reason', suspension.reason],
    ['by', suspension.by],
    ['proposed', shortTime(suspension.proposedAt)],
    ['active', suspension.activeAt && shortTime(suspension.activeAt)],
    ['until', suspension.until && shortTime(suspension.until)],
    [
      'review',
      suspension.reviews.map(({ after, dueAt }) => (dueAt === null ? after : shortTime(dueAt))).join(', '),
    ],
    ['reinstatement', reinstated(suspension)],
    [
      'lifted',
      suspension.liftedAt &&
        `${shortTime(suspension.liftedAt)} by ${suspension.liftedBy}: ${suspension.liftReason}`,
    ],
    ['expired', suspension.expiredAt && shortTime(suspension.expiredAt)],
    ['grace until', suspension.graceUntil && shortTime(suspension.graceUntil)],
    ['calls', (evidence.callIds ?? []).slice(0, 5).join(' ')],
  ]);
}

function secondsOf(name: string, written: string | undefined): number | undefined {
  if (written === undefined) return undefined;
  const parsed = parseDuration(written);
  if (!parsed.ok) throw usageFailure(`${name} ${written}: ${parsed.error}.`);
  return parsed.ms / 1_000;
}

function show(suspension: SuspensionJson, { json }: ApiOptions): void {
  if (json) printJson(suspension);
  else printData(renderSuspension(suspension));
}

function listCommand(): Command {
  return withApiOptions(new Command('list'))
    .description('suspensions, newest first')
    .option('--all', 'closed ones too')
    .option('--limit <n>', 'at most this many, 1 to 500', '50')
    .action(async (options: ApiOptions & { all?: boolean; limit: string }) => {
      if (!/^[1-9]\d{0,2}$/.test(options.limit) || Number(options.limit) > 500) {
        throw usageFailure(`--limit ${options.limit}: a whole number from 1 to 500.`);
      }
      const query = `limit=${options.limit}${options.all ? '' : '&open=true'}`;
      const page = await apiClient(options).get<{ items: SuspensionJson[]; cursor: string | null }>(
        `/v1/suspensions?${query}`,
      );
      if (options.json) return printJson(page);
      if (page.items.length === 0) return talk(options.all ? 'No suspensions.' : 'Nothing is suspended.');
      printData(renderSuspensions(page.items));
      if (page.cursor !== null) talk(`There are more than ${options.limit}: raise --limit, or use the API.`);
    });
}

function showCommand(): Command {
  return withApiOptions(new Command('show').argument('<id>'))
    .description('one suspension with its numbers')
    .action(async (id: string, options: ApiOptions) => {
      show(await apiClient(options).get(`/v1/suspensions/${encodeURIComponent(id)}`), options);
    });
}

function liftCommand(): Command {
  return withPostOptions(new Command('lift').argument('<id>'))
    .description('lift a suspension; its windows start anew')
    .requiredOption('--reason <text>', 'why; goes to the audit')
    .option('--grace <duration>', 'the rule does not suspend again for so long, such as 1h')
    .option('--by <name>', 'who lifts (default: the user of this shell)')
    .action(async (id: string, options: ApiOptions & { reason: string; grace?: string; by?: string }) => {
      const graceSeconds = secondsOf('--grace', options.grace);
      const lift = {
        reason: options.reason,
        by: options.by ?? currentUser(),
        ...(graceSeconds === undefined ? {} : { graceSeconds: Math.round(graceSeconds) }),
      };
      // A suspension is lifted once: the same lift, given again because nobody knows what became of it, is the same.
      const suspension = await apiClient(options).post<SuspensionJson>(
        `/v1/suspensions/${encodeURIComponent(id)}/lift`,
        lift,
        keyOf('lift', id, lift),
      );
      talk(`Lifted: ${suspension.subject.kind} ${suspension.subject.id}.`);
      show(suspension, options);
    });
}

interface AddOptions extends ApiOptions {
  readonly reason: string;
  readonly for?: string;
  readonly by?: string;
  readonly clause?: string;
  readonly action?: string;
  readonly enforce?: boolean;
}

function addCommand(): Command {
  return withPostOptions(
    new Command('add').argument('<kind>', 'line, trunk, customer or source').argument('<id>'),
  )
    .description('suspend by hand')
    .requiredOption('--reason <text>', 'why; goes to the audit')
    .option(
      '--for <duration>',
      'ends by itself after so long, such as 2h (default: suspensionDuration, for a source blockDuration)',
    )
    .option('--clause <text>', 'clause of the contract it rests on')
    .option('--by <name>', 'who suspends (default: the user of this shell)')
    .addOption(
      new Option(
        '--action <action>',
        'what is done (default: suspend, for a source block-registration)',
      ).choices(['suspend', 'block-registration', 'restrict-caller-id', 'per-minute-billing']),
    )
    .addOption(new Option('--enforce', 'act even while policies.mode is observe'))
    .action(async (kind: string, id: string, options: AddOptions) => {
      if (!['line', 'trunk', 'customer', 'source'].includes(kind)) {
        throw usageFailure(
          `${kind} is no kind of subject that can be suspended: line, trunk, customer or source.`,
        );
      }
      const durationSeconds = secondsOf('--for', options.for);
      const suspension = await apiClient(options).post<SuspensionJson>('/v1/suspensions', {
        subject: { kind, id },
        reason: options.reason,
        by: options.by ?? currentUser(),
        ...(options.clause === undefined ? {} : { clause: options.clause }),
        ...(options.action === undefined ? {} : { action: options.action }),
        ...(options.enforce ? { mode: 'enforce' } : {}),
        ...(durationSeconds === undefined
          ? {}
          : { durationSeconds: Math.max(1, Math.round(durationSeconds)) }),
      });
      talk(`Suspended: ${suspension.subject.kind} ${suspension.subject.id}.`);
      show(suspension, options);
    });
}

export function suspensionsCommand(): Command {
  return new Command('suspensions')
    .description('see, lift and make suspensions in the running daemon')
    .addCommand(listCommand())
    .addCommand(showCommand())
    .addCommand(liftCommand())
    .addCommand(addCommand());
}
