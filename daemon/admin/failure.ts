import type { Socket } from 'node:net';
import { TurnsTaken } from '../dossier/turns.ts';
import { EnforcementError } from '../enforcement/errors.ts';
import { ApiError, type ErrorCode, problemOf } from './errors.ts';
import { Unavailable } from './services.ts';

/** What Fastify, the HTTP parser and the Redis client report, as codes of our catalogue. */
const knownCodes: Readonly<Record<string, ErrorCode>> = {
  FST_ERR_CTP_BODY_TOO_LARGE: 'body-too-large',
  FST_ERR_CTP_INVALID_MEDIA_TYPE: 'media-type-unsupported',
  FST_ERR_CTP_EMPTY_JSON_BODY: 'malformed-json',
  FST_ERR_CTP_INVALID_CONTENT_LENGTH: 'malformed-json',
  FST_ERR_BAD_URL: 'route-not-found',
  FST_ERR_MAX_PARAM_LENGTH: 'address-too-long',
  FST_ERR_HANDLER_TIMEOUT: 'answer-timeout',
  ECONNREFUSED: 'store-unavailable',
  ECONNRESET: 'store-unavailable',
  ETIMEDOUT: 'store-unavailable',
};

const redisAway =
  /^(Connection is closed|Stream isn't writeable|Command timed out|LOADING |READONLY |CLUSTERDOWN )/;

/** Every failure of a request as an error of the catalogue; what is not known is an internal error and says nothing of itself. */
export function failureOf(error: unknown): ApiError {
  if (error instanceof ApiError) return error;
  if (error instanceof EnforcementError) return new ApiError(error.code, `${error.message}.`);
  if (error instanceof TurnsTaken) return new ApiError('exports-limited');
  if (error instanceof Unavailable) return new ApiError('store-unavailable');
  if (error instanceof DOMException && error.name === 'TimeoutError') return new ApiError('answer-timeout');
  if (!(error instanceof Error)) return new ApiError('internal-error');
  const code = knownCodes[String((error as { code?: unknown }).code)];
  if (code !== undefined) return new ApiError(code);
  if (error.name === 'MaxRetriesPerRequestError' || redisAway.test(error.message)) {
    return new ApiError('store-unavailable');
  }
  return new ApiError('internal-error');
}

/** Requests that never became one: Node's HTTP parser gave up before a route was known. */
export function answerClientError(error: Error & { code?: string }, socket: Socket): void {
  if (error.code === 'ECONNRESET' || !socket.writable) return void socket.destroy();
  const code: ErrorCode =
    error.code === 'ERR_HTTP_REQUEST_TIMEOUT'
      ? 'request-timeout'
      : error.code === 'HPE_HEADER_OVERFLOW'
        ? 'headers-too-large'
        : 'malformed-request';
  const problem = problemOf(new ApiError(code));
  const body = JSON.stringify(problem);
  socket.end(
    `HTTP/1.1 ${problem.status} ${code}\r\ncontent-type: application/problem+json; charset=utf-8\r\n` +
      `content-length: ${Buffer.byteLength(body)}\r\nconnection: close\r\n\r\n${body}`,
  );
}
