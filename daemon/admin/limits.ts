import rateLimit from '@fastify/rate-limit';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { hostOf } from '../ingest/address.ts';
import { ApiError } from './errors.ts';

const MINUTE_MS = 60_000;
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
    readonly request: ReturnType<FastifyInstance['createRateLimit']>;
    readonly failure: ReturnType<FastifyInstance['createRateLimit']>;
  } | null = null;
  server.after(() => {
    count = {
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
    what: 'request' | 'failure',
    code: 'requests-limited' | 'failures-limited',
    request: FastifyRequest,
  ): Promise<void> => {
    const state = await count?.[what](request);
    if (state === undefined || state.isAllowed || !state.isExceeded) return;
    const retryAfterSeconds = Math.max(1, state.ttlInSeconds);
    throw new ApiError(code, `${state.max} a minute are allowed.`, { retryAfterSeconds });
  };
  return {
    request: (request) => check('request', 'requests-limited', request),
    failure: (request) => check('failure', 'failures-limited', request),
  };
}
