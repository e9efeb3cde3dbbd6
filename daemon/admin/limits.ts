import rateLimit from '@fastify/rate-limit';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { isLoopback } from '../gate/loopback.ts';
import { hostOf } from '../ingest/address.ts';
import { ApiError } from './errors.ts';

const MINUTE_MS = 60_000;
/** Requests a minute of one host for what is open to everybody: `/metrics` takes milliseconds that packets wait for. */
const OPEN_REQUESTS = 600;
/** Tokens and addresses that are told apart at a time. */
const MOST_KEYS = 10_000;

/** Per minute. */
export interface Limits {
  /** Requests of one token. */
  readonly requests: number;
  /** Failed authentications from one IPv4 address or IPv6 /64. */
  readonly failures: number;
}

export interface Guard {
  /** Counts a request that needs no token; throws `address-limited`. Loopback addresses are not counted. */
  open(request: FastifyRequest): Promise<void>;
  /** Counts a request of the token; throws `requests-limited`. */
  request(request: FastifyRequest): Promise<void>;
  /** Counts a failed authentication; throws `failures-limited` instead of the failure itself. A good token passes all the same. */
  failure(request: FastifyRequest): Promise<void>;
}

/**
 * Bounds what one token may ask for and how often one address may guess. Counted in the process: each daemon has its own counts.
 * Returned at once; it counts from when the server is ready.
 */
export function guardOf(server: FastifyInstance, limits: () => Limits): Guard {
  server.register(rateLimit, { global: false, cache: MOST_KEYS });
  let count: {
    readonly open: ReturnType<FastifyInstance['createRateLimit']>;
    readonly request: ReturnType<FastifyInstance['createRateLimit']>;
    readonly failure: ReturnType<FastifyInstance['createRateLimit']>;
  } | null = null;
  server.after(() => {
    count = {
      open: server.createRateLimit({
        timeWindow: MINUTE_MS,
        max: OPEN_REQUESTS,
        keyGenerator: (request) => `open ${hostOf(request.ip)}`,
      }),
      request: server.createRateLimit({
        timeWindow: MINUTE_MS,
        max: () => limits().requests,
        keyGenerator: (request) => `token ${request.vigieBearer?.name ?? ''}`,
      }),
      failure: server.createRateLimit({
        timeWindow: MINUTE_MS,
        max: () => limits().failures,
        // An IPv6 host has addresses without end.
        keyGenerator: (request) => `failure ${hostOf(request.ip)}`,
      }),
    };
  });
  const check = async (
    what: 'open' | 'request' | 'failure',
    code: 'address-limited' | 'requests-limited' | 'failures-limited',
    request: FastifyRequest,
  ): Promise<void> => {
    const state = await count?.[what](request);
    if (state === undefined || state.isAllowed || !state.isExceeded) return;
    const retryAfterSeconds = Math.max(1, state.ttlInSeconds);
    throw new ApiError(code, `${state.max} a minute are allowed.`, { retryAfterSeconds });
  };
  return {
    open: async (request) => {
      if (!isLoopback(request.ip)) await check('open', 'address-limited', request);
    },
    request: (request) => check('request', 'requests-limited', request),
    failure: (request) => check('failure', 'failures-limited', request),
  };
}
