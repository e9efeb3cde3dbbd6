import { detectors } from '../detectors/index.ts';
import { UNGATED } from '../detectors/sip-integrity/verdict.ts';
import { loadBadUserAgents } from './config/bad-user-agents-file.ts';
import { type Fault, formatFault } from './config/fault.ts';
import { defaultConfig } from './config/load.ts';
import { shippedNumberLists } from './config/number-files.ts';
import { loadPolicies, settleModes } from './config/policy-file.ts';
import { loadDeck } from './config/rate-deck-files.ts';
import { emergencyNumbers, loadSetup, type Setup } from './config/setup.ts';
import { createCore } from './core.ts';
import { Directory } from './identity/directory.ts';
import { ProxyCover } from './identity/proxy-cover.ts';
import { type CaptureCounters, type CaptureOptions, readCapture } from './ingest/capture-file.ts';
import type { Packet } from './ingest/packet.ts';
import { type Finding, findingToJson, isoTime } from './policy/finding.ts';
import { ReplayCounts } from './replay-counts.ts';
import { type ReplayReport, replayEndpoint } from './replay-report.ts';
import { Method, SipMessage } from './sip/message.ts';
import { MemoryStore } from './windows/memory-store.ts';

export interface ReplayOptions {
  /** Configuration file; null: none, lines are then the From users that calls claim. */
  readonly config: string | null;
  /** Judge by this policy; null: the configuration's default, or cmi without one. */
  readonly policy: string | null;
  /** Rate deck (CSV) for all calls that no plan of the directory prices otherwise. */
  readonly deck?: string;
  /** Each file is read once, and once more before where the proxies are to be learned. */
  readonly onProgress?: (file: string, bytesRead: number, totalBytes: number | null) => void;
}

/** A file or option that replay cannot use: what, where, what to do. */
export class ReplayError extends Error {
  override readonly name = 'ReplayError';
}

/**
 * Runs captures through the pipeline of the daemon on capture time, without Redis and without acting.
 * @throws ReplayError for options that do not fit; errors of the file system as they are
 */
export async function replay(files: readonly string[], options: ReplayOptions): Promise<ReplayReport> {
  const {
    config,
    directory: data,
    policies,
    emergency,
    numbers,
    badUserAgents,
    decks,
    countries,
    proxiesLearned,
  } = await setupOf(files, options);
  const directory = Directory.empty();
  directory.replace(data);
  const counts = new ReplayCounts(config.rating.currency);
  const findings: Finding[] = [];
  const { pipeline, engine, endpoints } = createCore({
    config,
    directory,
    policies,
    emergency,
    numbers,
    badUserAgents,
    decks,
    countries,
    store: new MemoryStore(),
    onFinding: (finding) => findings.push(finding),
    onEvent: (event) => counts.event(event),
    // All of a capture is looked at, and what it shows is told however short it is.
    endpoints: { gates: UNGATED, sampleMs: 0, warmUpMs: 0 },
    pipeline: {
      believeClaims: options.config === null,
      onMessage: (slot, atMs) => counts.message(pipeline.sources.addressOf(slot), atMs),
      onTransaction: (slot, atMs) => counts.transaction(pipeline.sources.addressOf(slot), atMs),
    },
  });
  let nextTickMs = Number.NEGATIVE_INFINITY;
  const sink = (packet: Packet): void => {
    pipeline.packet(packet);
    if (pipeline.nowMs >= nextTickMs) {
      engine.tick(pipeline.nowMs);
      nextTickMs = pipeline.nowMs + TICK_MS;
    }
  };
  const captures: CaptureCounters[] = [];
  for (const file of files) {
    captures.push(await readCapture(file, sink, progressOf(file, options)));
  }
  pipeline.finish();
  engine.tick(pipeline.nowMs);
  return {
    capture: {
      frames: sum(captures, ({ frames }) => frames),
      messages: pipeline.counters.messages,
      duplicates: pipeline.counters.duplicates,
      strangerMessages: pipeline.counters.strangerMessages,
      proxies: config.network.proxies,
      proxiesLearned,
      malformed: pipeline.counters.malformedTotal + sum(captures, ({ malformed }) => malformed),
      from: timeOf(Math.min(...captures.map(({ fromMs }) => fromMs ?? Number.POSITIVE_INFINITY))),
      to: timeOf(Math.max(...captures.map(({ toMs }) => toMs ?? Number.NEGATIVE_INFINITY))),
      faults: captures.flatMap(({ fault }, i) => (fault === null ? [] : [`${files[i]}: ${fault}`])),
    },
    sources: counts.sources(),
    lines: counts.lines(options.config !== null),
    calls: counts.calls(),
    endpoints: endpoints.verdicts().map(replayEndpoint),
    findings: findings.map(findingToJson),
  };
}

/** How often breaches that only time ends or prolongs are looked at, in capture time. */
const TICK_MS = 100;

const sum = <T>(list: readonly T[], of: (item: T) => number): number =>
  list.reduce((total, item) => total + of(item), 0);
const timeOf = (ms: number): string | null => (Number.isFinite(ms) ? isoTime(ms) : null);

interface ReplaySetup extends Setup {
  readonly proxiesLearned: boolean;
}

async function setupOf(files: readonly string[], options: ReplayOptions): Promise<ReplaySetup> {
  const { config: path, policy, deck } = options;
  let setup: Setup;
  if (path !== null) {
    const loaded = loadSetup(path, process.env, detectors);
    if (!loaded.ok) throw new ReplayError(loaded.faults.map(formatFault).join('\n'));
    setup = loaded.setup;
  } else {
    const config = defaultConfig();
    const found = loadPolicies(null, detectors);
    if (found.faults.length > 0) throw new ReplayError(found.faults.map(formatFault).join('\n'));
    const policies = new Map(
      [...found.policies].map(([id, loaded]) => [id, settleModes(config.policies, loaded)]),
    );
    setup = {
      config,
      directory: {},
      policies,
      emergency: emergencyNumbers([config.network.country]),
      numbers: shippedNumberLists(config),
      badUserAgents: loadBadUserAgents([]),
      decks: new Map(),
      countries: null,
    };
  }
  if (policy !== null) {
    if (!setup.policies.has(policy))
      throw new ReplayError(
        `there is no policy '${policy}'; known: ${[...setup.policies.keys()].join(', ')}`,
      );
    setup = {
      ...setup,
      config: { ...setup.config, policies: { ...setup.config.policies, default: policy } },
    };
  }
  if (deck !== undefined) setup = withDeck(setup, deck);
  const { config } = setup;
  if (config.network.proxies.length > 0) return { ...setup, proxiesLearned: false };
  const proxies = await proxiesOf(files, config.ingest.hep.maximumMessageBytes, options);
  return {
    ...setup,
    config: { ...config, network: { ...config.network, proxies } },
    proxiesLearned: true,
  };
}

function withDeck(setup: Setup, file: string): Setup {
  const { config, decks } = setup;
  const faults: Fault[] = [];
  const deck = loadDeck(file, file, config.network.timezone, { file, line: 1, column: 1 }, faults);
  if (deck === null) throw new ReplayError(faults.map(formatFault).join('\n'));
  return {
    ...setup,
    config: { ...config, rating: { ...config.rating, deck: file } },
    decks: new Map([...decks, [file, deck]]),
  };
}

/** Captures can be read twice: the proxies are learned from all of it before the first message is counted. */
async function proxiesOf(
  files: readonly string[],
  maximumBytes: number,
  options: ReplayOptions,
): Promise<string[]> {
  const cover = new ProxyCover();
  const message = new SipMessage({ maximumBytes });
  const sink = ({ source, destination, bytes, start, end }: Packet): void => {
    if (message.read(bytes, start, end) !== 0) return;
    const { isRequest } = message;
    cover.observe(source, destination, isRequest, isRequest && message.method === Method.REGISTER);
  };
  for (const file of files) await readCapture(file, sink, progressOf(file, options));
  return cover.proxies();
}

function progressOf(file: string, { onProgress }: ReplayOptions): CaptureOptions {
  return onProgress ? { onProgress: (read, total) => onProgress(file, read, total) } : {};
}
