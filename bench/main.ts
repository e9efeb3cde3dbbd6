/** `npm run bench [-- --json] [PART…]`: every figure of the README and of docs/performance.md, measured here and now. */
import { execFile } from 'node:child_process';
import { cpus, loadavg } from 'node:os';
import { promisify } from 'node:util';
import { benchDaemon } from './daemon.ts';
import { benchHep } from './hep.ts';
import type { MemoryFigures } from './memory.ts';
import { benchPipeline } from './pipeline.ts';
import { benchSipRead } from './sip-read.ts';
import { benchWindows } from './windows.ts';

const PARTS = ['hep', 'sip', 'windows', 'pipeline', 'memory', 'daemon'] as const;
type Part = (typeof PARTS)[number];

const words = process.argv.slice(2);
const asJson = words.includes('--json');
const asked = words.filter((word) => !word.startsWith('--'));
const unknown = [
  ...asked.filter((word) => !(PARTS as readonly string[]).includes(word)),
  ...words.filter((word) => word.startsWith('--') && word !== '--json'),
];
if (unknown.length > 0) {
  console.error(`npm run bench [-- --json] [${PARTS.join('|')} …]: ${unknown.join(' ')} is none of them`);
  process.exit(2);
}
const parts = new Set<Part>(asked.length > 0 ? (asked as Part[]) : PARTS);

const report: Record<string, unknown> = {};
const peers: Record<string, { nanosecondsPerMessage: number }> = {};
const rows: [string, string][] = [];
const row = (what: string, value: number | string, unit = ''): void => {
  rows.push([what, `${typeof value === 'number' ? value.toLocaleString('en') : value} ${unit}`.trim()]);
};
const talk = (text: string): void => console.error(text);

/** What the machine did beside, for whoever reads the figures. */
const load = (): string => loadavg()[0].toFixed(2);
report['machine'] = {
  node: process.version,
  processors: cpus().length,
  model: cpus()[0]?.model ?? '',
  loadBefore: load(),
};

if (parts.has('hep')) {
  talk('HEP decode …');
  const nanosecondsPerFrame = benchHep();
  report['hep'] = { nanosecondsPerFrame };
  row('HEPv3 frame decoded', nanosecondsPerFrame, 'ns');
}
if (parts.has('sip')) {
  talk('SIP readers …');
  for (const { name, nanosecondsPerMessage } of await benchSipRead()) {
    peers[name] = { nanosecondsPerMessage };
    row(`SIP message: ${name}`, nanosecondsPerMessage, 'ns');
  }
}
if (parts.has('windows')) {
  talk('windows …');
  const windows = await benchWindows();
  report['windows'] = windows;
  const limiter = Math.round(windows.peers['rate-limiter-flexible'].nanosecondsPerAdd);
  peers['rate-limiter-flexible, a fixed window'] = { nanosecondsPerMessage: limiter };
  row('exact rate, 100,000 subjects', Math.round(windows.nanosecondsPerAdd.subjects100000), 'ns an event');
  row('rate-limiter-flexible, fixed window in memory', limiter, 'ns an event');
  row('windows in Redis', Math.round(windows.redis.updatesPerSecond), 'updates/s');
}
if (parts.has('pipeline')) {
  talk('pipeline …');
  const busyHour = benchPipeline('busy-hour');
  const callsOnly = benchPipeline('calls-only');
  report['pipeline'] = { ...busyHour, callsOnly };
  const mix = Object.entries(busyHour.mix).map(([kind, share]) => `${Math.round(share * 100)} % ${kind}`);
  row('the mix', mix.join(', '));
  row('HEP bytes to judged windows, busy hour', busyHour.messagesPerSecond, 'messages/s on one thread');
  row('  processor time', busyHour.cpuNanosecondsPerMessage, 'ns a message');
  row('  the same with calls only', callsOnly.messagesPerSecond, 'messages/s on one thread');
}
if (parts.has('memory')) {
  talk('memory …');
  const memory = await memoryOfChild();
  Object.assign(report, memory);
  row('a registered line, idle', memory.bytesPerIdleLine, 'bytes');
  row('an open call', memory.bytesPerOpenCall, 'bytes');
}
if (parts.has('daemon')) {
  talk('daemon over UDP and TCP …');
  const { tcp, udp, verdictLatencyMs, redisCommandsPerMessage } = await benchDaemon();
  report['daemon'] = { tcp, udp };
  report['verdictLatencyMs'] = verdictLatencyMs;
  report['redisCommandsPerMessage'] = redisCommandsPerMessage;
  for (const [name, figure] of Object.entries({ TCP: tcp, UDP: udp })) {
    row(`whole daemon over HEP/${name}, nothing lost`, figure.messagesPerSecond, 'messages/s');
    row('  processor time of the daemon', figure.cpuMicrosecondsPerMessage, 'µs a message');
    for (const step of figure.steps)
      row(`  asked ${step.asked}`, `${step.messagesPerSecond} messages/s, ${step.lost} lost`);
  }
  row('verdict after its message, p50', verdictLatencyMs.p50, 'ms');
  row('verdict after its message, p99', verdictLatencyMs.p99, 'ms');
  row('Redis commands', redisCommandsPerMessage, 'a message');
}
report['peers'] = peers;
report['loadAfter'] = load();

if (asJson) console.log(JSON.stringify(report, null, 2));
else {
  const width = Math.max(...rows.map(([what]) => what.length));
  for (const [what, value] of rows) console.log(`${what.padEnd(width)}  ${value}`);
  console.log(`load of the machine before and after: ${JSON.stringify(report['machine'])}, ${load()}`);
}

async function memoryOfChild(): Promise<MemoryFigures> {
  const script = new URL('memory.ts', import.meta.url).pathname;
  const { stdout } = await promisify(execFile)(process.execPath, ['--expose-gc', script]);
  return JSON.parse(stdout) as MemoryFigures;
}
