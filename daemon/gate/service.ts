import { readFileSync } from 'node:fs';
import type { ConnectionOptions } from 'node:tls';
import { Redis } from 'ioredis';
import type { Event } from '../../detectors/vocabulary.ts';
import type { VigieConfig } from '../config/schema.ts';
import type { CallEnder } from '../enforcement/call-ender.ts';
import { duplicateOf } from '../enforcement/connections.ts';
import type { RedisClient } from '../enforcement/functions.ts';
import type { EventLog } from '../enforcement/hooks.ts';
import type { EmergencyNumbers } from '../identity/emergency.ts';
import { Network, Side } from '../identity/network.ts';
import { parseEndpoint } from '../ingest/address.ts';
import type { Endpoint } from '../ingest/packet.ts';
import { CallLedger } from './call-ledger.ts';
import { GateCounters } from './counters.ts';
import { type DecideAnswer, type DecideRequest, decide } from './decide.ts';
import type { DrachtioServer } from './drachtio-connection.ts';
import { DrachtioGate } from './drachtio-gate.ts';
import { Gate } from './gate.ts';
import type { PartyDirectory } from './parties.ts';

export interface GateServiceOptions {
  readonly config: Pick<VigieConfig, 'gate' | 'calls' | 'network'>;
  readonly directory: PartyDirectory;
  /** The Redis of the daemon; the gate makes a connection of its own from it, which fails soon. */
  readonly redis: RedisClient;
  readonly emergency: () => Pick<EmergencyNumbers, 'isEmergency'>;
  readonly log: EventLog;
  /** The only line registered at an address and port, as the pipeline knows it; not given: nobody knows. */
  readonly registeredLine?: (source: Endpoint) => string | null;
}

/** The gate with all that it needs, in the daemon or in a process of its own (`vigie gate`). */
export class GateService {
  readonly counters = new GateCounters();
  readonly gate: Gate;
  readonly ledger: CallLedger;
  readonly drachtio: DrachtioGate;
  readonly #redis: RedisClient;
  readonly #counts: boolean;
  readonly #options: GateServiceOptions;

  constructor(options: GateServiceOptions) {
    this.#options = options;
    const { config, directory, emergency, log, registeredLine } = options;
    const { gate } = config;
    this.#counts = gate.next.length > 0 || gate.decide.enabled || gate.drachtio.servers.length > 0;
    this.#redis = duplicateOf(options.redis, {
      lazyConnect: false,
      enableOfflineQueue: false,
      maxRetriesPerRequest: 0,
      autoResendUnfulfilledCommands: false,
      // What has not come back by then decides nothing any more.
      commandTimeout: Math.max(1_000, gate.deadline as number),
    });
    this.#redis.on('error', () => undefined);
    this.ledger = new CallLedger({
      redis: this.#redis,
      clock: Date.now,
      unansweredAgeMs: config.calls.unansweredAge as number,
      maximumAgeMs: config.calls.maximumAge as number,
    });
    const network = new Network(config.network);
    this.gate = new Gate({
      redis: this.#redis,
      ledger: this.ledger,
      directory,
      isUpstream: (source) => network.classifyEndpoint(source) !== Side.customer,
      registeredLine: registeredLine ?? (() => null),
      isEmergency: (user, uri, country) => emergency().isEmergency(user, uri, country),
      refusal: gate.refusal as never,
      deadlineMs: gate.deadline as number,
      enforces: () => gate.enforce,
    });
    this.drachtio = new DrachtioGate({
      servers: gate.drachtio.servers.map(serverOf),
      tags: gate.drachtio.tags,
      methods: gate.drachtio.methods,
      gate: this.gate,
      ledger: this.ledger,
      counters: this.counters,
      log,
      next: gate.next,
      stay: gate,
      nextAfterMs: gate.nextAfter as number,
      emergencyUser: gate.emergencyUser,
      maximumAgeMs: config.calls.maximumAge as number,
      remembered: gate.remembered,
      clock: Date.now,
    });
  }

  /** Who ends calls in progress: nobody, where drachtio has nothing of ours. */
  callEnders(): readonly CallEnder[] {
    return this.#options.config.gate.drachtio.servers.length === 0 ? [] : [this.drachtio];
  }

  /** What the pipeline has seen on the wire. Only where there is a gate, here or in a process of its own. */
  onEvent(event: Event): void {
    if (event.type !== 'ended' || !this.#counts) return;
    this.ledger.endCallId(event.leg.callId).catch(() => undefined);
  }

  start(): void {
    this.drachtio.start();
  }

  async stop(): Promise<void> {
    await this.drachtio.stop();
    this.#redis.disconnect();
  }

  /** drachtio's HTTP request handler; null where it is switched off. */
  decideService(): {
    readonly secret: string | null;
    decide(request: DecideRequest): Promise<DecideAnswer>;
  } | null {
    const { enabled, secret } = this.#options.config.gate.decide;
    return enabled ? { secret, decide: (request) => this.#decide(request) } : null;
  }

  async #decide(request: DecideRequest): Promise<DecideAnswer> {
    const { gate } = this.#options.config;
    return decide(request, this.gate, this.counters, {
      next: gate.next,
      stay: gate,
      nextAfterMs: gate.nextAfter as number,
      emergencyUser: gate.emergencyUser,
      route: gate.decide.route,
    });
  }
}

function serverOf(server: VigieConfig['gate']['drachtio']['servers'][number]): DrachtioServer {
  const at = server.address.lastIndexOf(':');
  const host = server.address.slice(0, at).replace(/^\[|\]$/g, '');
  const port = parseEndpoint(server.address)?.port ?? 9_022;
  const tls: ConnectionOptions | null = server.tls
    ? {
        ...(server.authority === null ? {} : { ca: readFileSync(server.authority) }),
        ...(server.serverName === null ? {} : { servername: server.serverName }),
      }
    : null;
  return { host, port, secret: server.secret, tls };
}

/** A connection for a gate of its own, which has no daemon to borrow one from. */
export function gateRedis({
  url,
  password,
}: {
  readonly url: string;
  readonly password: string | null;
}): Redis {
  const redis = new Redis(url, {
    enableOfflineQueue: false,
    maxRetriesPerRequest: 0,
    retryStrategy: (times: number) => Math.min(50 * times, 1_000),
    ...(password === null ? {} : { password }),
  });
  redis.on('error', () => undefined);
  return redis;
}
