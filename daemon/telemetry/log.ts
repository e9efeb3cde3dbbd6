import { type DestinationStream, destination, pino } from 'pino';
import { maskFields } from './masking.ts';

export const LOG_LEVELS = ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];

/** `<part>.<what happened>`, lower case with hyphens: `suspension.active`, `redis.away`. */
export type EventName = `${string}.${string}`;

type Write = (event: EventName, fields?: object) => void;

/** One line of JSON an event. Fields are masked by `masking.ts`; an `Error` goes under `error`. */
export interface Log {
  readonly debug: Write;
  readonly info: Write;
  readonly warn: Write;
  readonly error: Write;
  /** Writes before it returns, for the last words of a process. */
  readonly fatal: Write;
  child(fields: object): Log;
  level(level: LogLevel): void;
}

export interface LogOptions {
  /** `info` unless given. */
  readonly level?: LogLevel;
  /** The daemon writes its log to stdout (journald, containers); commands talk on stderr, their stdout is data. */
  readonly to?: 'stdout' | 'stderr' | DestinationStream;
}

export function createLog(options: LogOptions = {}): Log {
  const to = options.to ?? 'stdout';
  // Synchronous writes: the log is a few lines a minute, and the last ones must not be lost in a crash.
  const stream = typeof to === 'string' ? destination({ fd: to === 'stdout' ? 1 : 2, sync: true }) : to;
  const logger = pino(
    {
      level: options.level ?? 'info',
      base: { pid: process.pid },
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
    },
    stream,
  );
  return wrap(logger);
}

function wrap(logger: pino.Logger): Log {
  const write = (level: pino.Level): Write => {
    return (event, fields) => {
      if (!logger.isLevelEnabled(level)) return;
      logger[level](fields === undefined ? { event } : { event, ...maskFields(fields) });
    };
  };
  return {
    debug: write('debug'),
    info: write('info'),
    warn: write('warn'),
    error: write('error'),
    fatal: write('fatal'),
    child: (fields) => wrap(logger.child(maskFields(fields))),
    level: (level) => {
      logger.level = level;
    },
  };
}

const nothing: Write = () => {};

/** For replay and tests. */
export const silentLog: Log = {
  debug: nothing,
  info: nothing,
  warn: nothing,
  error: nothing,
  fatal: nothing,
  child: () => silentLog,
  level: () => {},
};
