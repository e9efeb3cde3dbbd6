import type { Check, CheckStatus, Readiness } from './readiness.ts';

export interface Liveness {
  readonly status: 'alive';
  readonly uptimeSeconds: number;
}

/** What readiness is made of, asked at each request. */
export interface HealthSources {
  redis(): {
    readonly up: boolean /** Redis runs inside the daemon (`redis.url: null`). */;
    readonly embedded: boolean;
  };
  /** Listening HEP sockets: as configured, and whether they are open. */
  ingest(): readonly {
    readonly transport: 'udp' | 'tcp' | 'tls';
    readonly address: string;
    readonly open: boolean;
  }[];
  /** The Redis function library that windows need is loaded in the version of this daemon. */
  functionLibrary(): { readonly loaded: boolean; readonly version: string };
  /** Addresses taken for the proxy because `network.proxies` is empty; empty when configured or not learned yet. */
  learnedProxies(): { readonly configured: boolean; readonly addresses: readonly string[] };
  spool(): { readonly length: number; readonly capacity: number; readonly dropped: number };
  brake(): { readonly engaged: boolean; readonly reason: string | null };
  /** drachtio servers that the gate is an application of; empty or absent: none. */
  gate?(): readonly { readonly address: string; readonly connected: boolean; readonly detail: string }[];
}

export interface Health {
  live(): Liveness;
  ready(): Readiness;
}

function redisCheck(sources: HealthSources): Check {
  const { up, embedded } = sources.redis();
  const which = embedded ? 'embedded Redis' : 'Redis';
  return up
    ? { name: 'redis', status: 'ok', detail: `${which} answers` }
    : {
        name: 'redis',
        status: 'failed',
        detail: `${which} does not answer: measuring goes on in memory, nothing is suspended or lifted; check redis.url and the server`,
      };
}

function ingestCheck(sources: HealthSources): Check {
  const sockets = sources.ingest();
  const closed = sockets
    .filter((socket) => !socket.open)
    .map((socket) => `${socket.transport} ${socket.address}`);
  if (sockets.length === 0) {
    return {
      name: 'ingest',
      status: 'failed',
      detail: 'no HEP socket is configured: set ingest.hep.udp, ingest.hep.tcp or ingest.hep.tls.listen',
    };
  }
  if (closed.length > 0) {
    return { name: 'ingest', status: 'failed', detail: `not open: ${closed.join(', ')}; is the port taken?` };
  }
  const open = sockets.map((socket) => `${socket.transport} ${socket.address}`);
  return { name: 'ingest', status: 'ok', detail: `listening on ${open.join(', ')}` };
}

function functionLibraryCheck(sources: HealthSources): Check {
  const { loaded, version } = sources.functionLibrary();
  return loaded
    ? { name: 'function-library', status: 'ok', detail: `version ${version} loaded` }
    : {
        name: 'function-library',
        status: 'failed',
        detail: `version ${version} is not loaded in Redis: the Redis user needs FUNCTION LOAD and FCALL`,
      };
}

function proxyCheck(sources: HealthSources): Check {
  const { configured, addresses } = sources.learnedProxies();
  if (configured) return { name: 'proxies', status: 'ok', detail: 'network.proxies is configured' };
  if (addresses.length === 0) {
    return {
      name: 'proxies',
      status: 'degraded',
      detail:
        'network.proxies is empty and no proxy is recognised yet: directions are unknown; set network.proxies',
    };
  }
  return {
    name: 'proxies',
    status: 'degraded',
    detail: `network.proxies is empty, taken for the proxy: ${addresses.slice(0, 8).join(', ')}; set network.proxies to confirm`,
  };
}

function spoolCheck(sources: HealthSources): Check {
  const { length, capacity, dropped } = sources.spool();
  const state = `${length} of ${capacity} updates wait for Redis, ${dropped} dropped since the start`;
  const degraded = dropped > 0 || length > capacity / 2;
  return { name: 'spool', status: degraded ? 'degraded' : 'ok', detail: state };
}

function brakeCheck(sources: HealthSources): Check {
  const { engaged, reason } = sources.brake();
  return engaged
    ? {
        name: 'brake',
        status: 'degraded',
        detail: `enforcement is held back: ${reason ?? 'no reason given'}`,
      }
    : { name: 'brake', status: 'ok', detail: 'released' };
}

/** Only where drachtio is configured. Degraded, not failed: what cannot reach drachtio may be drachtio's fault, and measuring goes on. */
function gateCheck(sources: HealthSources): Check | null {
  const servers = sources.gate?.() ?? [];
  if (servers.length === 0) return null;
  const away = servers.filter(({ connected }) => !connected);
  if (away.length > 0) {
    return {
      name: 'gate',
      status: 'degraded',
      detail: `${away.map(({ address, detail }) => `drachtio ${address} ${detail}`).join('; ')}: it answers 503 while no other application takes its requests`,
    };
  }
  const addresses = servers.map(({ address }) => address);
  return {
    name: 'gate',
    status: 'ok',
    detail: `connected to ${addresses.join(', ')}`,
  };
}

export function createHealth(sources: HealthSources): Health {
  const checks = [
    redisCheck,
    ingestCheck,
    functionLibraryCheck,
    proxyCheck,
    spoolCheck,
    brakeCheck,
    gateCheck,
  ];
  return {
    live: () => ({ status: 'alive', uptimeSeconds: Math.floor(process.uptime()) }),
    ready: () => {
      const results = checks.map((check) => check(sources)).filter((result) => result !== null);
      const has = (status: CheckStatus) => results.some((check) => check.status === status);
      return {
        status: has('failed') ? 'not-ready' : has('degraded') ? 'degraded' : 'ready',
        checks: results,
      };
    },
  };
}
