import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join, relative } from 'node:path';
import { Command } from 'commander';
import { Redis } from 'ioredis';
import { destination } from 'pino';
import { stringify } from 'yaml';
import { readLocalToken } from '../daemon/admin/local-token.ts';
import type { Daemon as DaemonType } from '../daemon/daemon.ts';
import { parisMidnightMs } from '../simulate/calendar.ts';
import { directoryYaml, NETWORK } from '../simulate/directory-yaml.ts';
import type { FraudKind } from '../simulate/labels.ts';
import { play } from '../simulate/player.ts';
import { Simulation } from '../simulate/simulation.ts';
import { requireSetup } from './config.ts';
import { DemoScreen, painted, type Screen, sinceStart } from './demo-screen.ts';
import { printData } from './output.ts';

const HOUR_MS = 3_600_000;
/** The morning: so many hours are played in about a minute, then it goes on in real time. */
const MORNING_HOURS = 4;
const SPEED = 240;
const LINES = 60;
/** What a morning shows: calls that a ratio or a rate gives away soon, and others that only alert. */
const KINDS: readonly FraudKind[] = [
  'autodialler',
  'transaction-flood',
  'wangiri',
  'irsf-stolen-credentials',
];
const LOOK_MS = 200;
const SUMMARY_MS = 15_000;
/** No calls are shown for longer than this, the demo ends only by hand. */
const DAYS = 30;

/** 08:00 on a working Tuesday. */
const CLOCK_MS = parisMidnightMs(2026, 12, 8) + 8 * HOUR_MS;

/** `preferred` while it is free, else any free port of the loopback address. */
async function freeListen(preferred: number): Promise<string> {
  for (const port of [preferred, 0]) {
    const server = createServer();
    const taken = await new Promise<number | null>((resolve) => {
      server.once('error', () => resolve(null));
      server.listen(port, '127.0.0.1', () => resolve((server.address() as { port: number }).port));
    });
    if (taken === null) continue;
    await new Promise((resolve) => server.close(resolve));
    return `127.0.0.1:${taken}`;
  }
  throw new Error('no port is free on 127.0.0.1');
}

/** What an earlier demo left in its Redis would be told again. */
async function forgetEarlier(directory: string): Promise<void> {
  if (!existsSync(join(directory, 'redis'))) return;
  const { startEmbeddedRedis } = await import('../daemon/embedded-redis.ts');
  const quiet = { info: () => {}, warn: () => {}, error: () => {} };
  const embedded = await startEmbeddedRedis({ directory: join(directory, 'redis'), log: quiet });
  const redis = new Redis(embedded.url);
  await redis.flushall();
  await redis.quit();
  await embedded.stop();
}

function simulationOf(isBarred: (line: string, customer: string) => boolean): Simulation {
  const fromMs = Date.now() - MORNING_HOURS * HOUR_MS;
  return new Simulation({
    seed: 'demo',
    lines: LINES,
    days: DAYS,
    fromMs,
    // People live through a working morning, whatever the hour is here.
    clockAheadMs: CLOCK_MS - fromMs,
    fraudShare: KINDS.length / LINES,
    kinds: KINDS,
    fraudHours: MORNING_HOURS,
    isBarred,
  });
}

/** The daemon, a synthetic operator that it watches, and a screen for people: what `npm run quickstart -- --demo` shows. */
async function demo({ directory }: { directory: string }): Promise<void> {
  const screen: Screen = { write: printData, colours: process.stdout.isTTY === true };
  mkdirSync(directory, { recursive: true });
  await forgetEarlier(directory);

  const barred = new Set<string>();
  const simulation = simulationOf(
    (line, customer) => barred.has(`line ${line}`) || barred.has(`customer ${customer}`),
  );
  const [hep, admin] = [await freeListen(9060), await freeListen(8060)];
  const file = join(directory, 'vigie.yaml');
  writeFileSync(join(directory, 'directory.yaml'), directoryYaml(simulation.operator));
  writeFileSync(
    file,
    stringify({
      ingest: { hep: { udp: hep, tcp: hep } },
      admin: { listen: admin },
      redis: { directory: '.' },
      network: NETWORK,
      directory: { file: 'directory.yaml' },
      policies: { default: 'cmi', mode: 'enforce' },
    }),
  );
  const setup = requireSetup(file);
  const { createLog } = await import('../daemon/telemetry/log.ts');
  const { Daemon } = await import('../daemon/daemon.ts');
  const logFile = join(directory, 'vigie.log');
  const log = createLog({ to: destination({ dest: logFile, sync: true, append: false }) });
  const daemon = await Daemon.start(setup, log);

  const here = (path: string): string => relative(process.cwd(), path) || '.';
  const command = (rest: string): string => `npx vigie ${rest} --config ${here(file)}`;
  introduce(screen, daemon, {
    hep,
    log: here(logFile),
    config: here(file),
    token: readLocalToken(directory) ?? '',
  });
  const titles = new Map(
    [...setup.policies.values()].flatMap(({ rules }) => rules.map(({ id, title }) => [id, title] as const)),
  );
  const names = new Map(simulation.operator.customers.map(({ id, name }) => [id, name]));
  const lines = new Map(simulation.operator.lines.map(({ id, customer }) => [id, customer.name]));
  const show = new DemoScreen(
    screen,
    (kind, id) => (kind === 'customer' ? names.get(id) : kind === 'line' ? lines.get(id) : '') ?? '',
    command,
    (rule) => titles.get(rule) ?? null,
  );

  const startedMs = performance.now();
  const elapsedMs = (): number => performance.now() - startedMs;
  const ending = new AbortController();
  const looking = look(daemon, show, barred, elapsedMs, ending.signal);
  const playing = play(simulation, {
    to: hep,
    transport: 'tcp',
    speed: SPEED,
    untilPresent: true,
    signal: ending.signal,
  });
  const tell = (): string => summary(daemon, show, simulation);
  const summaries = setInterval(() => show.note(tell(), elapsedMs()), SUMMARY_MS);
  const caughtUpMs = (MORNING_HOURS * HOUR_MS) / (SPEED - 1);
  const caughtUp = setTimeout(
    () =>
      show.note(
        'The morning is over: from here on in real time, with few calls. Ctrl-C ends it.',
        elapsedMs(),
      ),
    caughtUpMs,
  );
  const signal = await new Promise<string>((resolve, reject) => {
    process.once('SIGINT', () => resolve('Ctrl-C'));
    process.once('SIGTERM', () => resolve('SIGTERM'));
    playing.catch(reject);
    looking.catch(reject);
  });
  clearInterval(summaries);
  clearTimeout(caughtUp);
  ending.abort();
  screen.write(`\n${signal}: the demo ends after ${sinceStart(elapsedMs())}. ${tell()}.`);
  await Promise.allSettled([playing, looking]);
  await daemon.stop();
  process.exit(0);
}

/** Looks at what the daemon decided, shows it, and bars at the synthetic proxy what a real one would find in Redis. */
async function look(
  daemon: DaemonType,
  show: DemoScreen,
  barred: Set<string>,
  elapsedMs: () => number,
  signal: AbortSignal,
): Promise<void> {
  let newest = '';
  while (!signal.aborted) {
    const { items: alerts } = await daemon.enforcement.alerts({ limit: 200 });
    const fresh = alerts.filter(({ entry }) => newest === '' || after(entry, newest)).reverse();
    for (const alert of fresh) show.alert(alert, elapsedMs());
    newest = alerts[0]?.entry ?? newest;
    const { items: suspensions } = await daemon.enforcement.list({ limit: 500 });
    for (const suspension of [...suspensions].reverse()) show.suspension(suspension, elapsedMs());
    barred.clear();
    for (const { state, action, subject } of suspensions)
      if (action === 'suspend' && (state === 'active' || state === 'escalated'))
        barred.add(`${subject.kind} ${subject.id}`);
    await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
  }
}

/** Ids of Redis streams: `milliseconds-sequence`. */
function after(entry: string, than: string): boolean {
  const [a, b] = [entry.split('-').map(Number), than.split('-').map(Number)];
  return a[0] > b[0] || (a[0] === b[0] && a[1] > b[1]);
}

function introduce(
  screen: Screen,
  daemon: DaemonType,
  { hep, log, config, token }: { hep: string; log: string; config: string; token: string },
): void {
  const admin = `http://${daemon.adminAddress()}`;
  const bold = (text: string): string => painted(screen, 'bold', text);
  screen.write(
    [
      '',
      bold(`Vigie watches a synthetic operator: ${LINES} lines and their PBXs, four of them up to no good.`),
      `${MORNING_HOURS} hours of a working morning pass in a minute, then it goes on in real time. Ctrl-C ends it.`,
      '',
      `  console   ${bold(`${admin}/`)}`,
      `            sign in with  ${token}`,
      `  HEP in    ${hep} (UDP and TCP)`,
      `  API       ${admin}/v1/openapi.json   alerts: ${admin}/v1/alerts`,
      `  metrics   ${admin}/metrics   health: ${admin}/readyz`,
      `  log       ${log}   config: ${config}`,
      '',
      '',
    ].join('\n'),
  );
}

function summary(daemon: DaemonType, show: DemoScreen, simulation: Simulation): string {
  const { messages } = daemon.core.pipeline.counters;
  const captured = new Date(daemon.captureNowMs()).toTimeString().slice(0, 5);
  const more = show.repeated > 0 ? ` (${show.repeated} more of the same)` : '';
  let refused = 0;
  for (const account of simulation.ledger.accounts.values()) refused += account.refused;
  return [
    `${messages} messages up to ${captured}`,
    `${counted(show.alerts, 'alert')}${more}`,
    `${counted(show.suspensions, 'suspension')}, ${counted(show.lifts, 'lift')}`,
    `${counted(refused, 'call')} refused by the proxy`,
  ].join('; ');
}

function counted(count: number, what: string): string {
  return `${count} ${what}${count === 1 ? '' : 's'}`;
}

export function demoCommand(): Command {
  return new Command('demo')
    .description('the daemon with a synthetic operator to watch: alerts and suspensions within a minute')
    .option('--directory <directory>', 'where the demo keeps its configuration, log and Redis', 'var/demo')
    .action(demo);
}
