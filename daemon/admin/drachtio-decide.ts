import { timingSafeEqual } from 'node:crypto';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { DecideAnswer, DecideRequest } from '../gate/decide.ts';
import { isLoopback } from '../gate/loopback.ts';
import { failureOf } from './failure.ts';
import type { Guard } from './limits.ts';
import { hashToken } from './tokens.ts';

/** drachtio's HTTP request handler, where it is switched on. */
export interface DecideService {
  /** Password of the URL that drachtio is given; null: loopback addresses may ask, and nobody else. */
  readonly secret: string | null;
  decide(request: DecideRequest): Promise<DecideAnswer>;
}

/** drachtio sends 16,384 bytes at most. */
const MAXIMUM_BODY_BYTES = 65_536;
const PATH = '/v1/drachtio/decide';

/**
 * `POST /v1/drachtio/decide`, apart from the other routes: it is asked at every call, takes SIP instead of JSON, knows no tokens (drachtio
 * can send none) and is no change that an audit would want. Everything that gets past the password is answered 200 with an action, for
 * drachtio turns anything else into a 500 for the caller. Who guesses at the password is counted with those who guess at tokens, and is
 * answered 429 past the limit; the right password and loopback addresses pass all the same, so that nobody can lock drachtio out.
 */
export function mountDecide(
  server: FastifyInstance,
  service: DecideService,
  guard: Pick<Guard, 'failure'>,
): void {
  server.register(async (scope) => {
    scope.removeAllContentTypeParsers();
    scope.addContentTypeParser(
      '*',
      { parseAs: 'buffer', bodyLimit: MAXIMUM_BODY_BYTES },
      (_request, body, done) => done(null, body),
    );
    const answer = (request: FastifyRequest): Promise<DecideAnswer> =>
      service.decide({
        parameters: new URLSearchParams(request.url.slice(request.url.indexOf('?') + 1)),
        body: Buffer.isBuffer(request.body) ? request.body : Buffer.alloc(0),
      });
    const refuse = async (request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> => {
      try {
        if (!isLoopback(request.ip)) await guard.failure(request);
      } catch (error) {
        const { retryAfterSeconds } = failureOf(error).members;
        if (retryAfterSeconds !== undefined) reply.header('retry-after', String(retryAfterSeconds));
        return reply.status(429).send({ error: 'too many wrong passwords' });
      }
      return reply.status(403).send({ error: 'gate.decide.secret, or a loopback address, is asked for' });
    };
    // Before the body: what is wrong with that is told to nobody who may not ask.
    scope.addHook('onRequest', async (request, reply) =>
      mayAsk(request, service.secret) ? undefined : refuse(request, reply),
    );
    scope.setErrorHandler(async (_error, request, reply) => reply.status(200).send(await answer(request)));
    // drachtio puts a slash behind whatever URL it is given.
    for (const url of [PATH, `${PATH}/`])
      scope.post(url, { bodyLimit: MAXIMUM_BODY_BYTES }, async (request) => answer(request));
  });
}

function mayAsk({ ip, headers }: FastifyRequest, secret: string | null): boolean {
  if (secret === null) return isLoopback(ip);
  const [, encoded = ''] = /^Basic +([A-Za-z0-9+/=]{1,8192})$/i.exec(headers.authorization ?? '') ?? [];
  const given = Buffer.from(encoded, 'base64').toString('utf8');
  const password = given.slice(given.indexOf(':') + 1);
  return timingSafeEqual(Buffer.from(hashToken(password)), Buffer.from(hashToken(secret)));
}
