import { execFile } from 'node:child_process';

/** How long `systemd-notify` may take before it is given up. */
const PATIENCE_MS = 2_000;

/** Tells systemd how the service is (sd_notify(3)); Node has no datagram sockets of the Unix kind, so `systemd-notify` does it. */
export interface ServiceManager {
  ready(): void;
  stopping(): void;
}

/**
 * Null where no service manager asks (`NOTIFY_SOCKET` is not set). With `WATCHDOG_USEC` the watchdog is fed from the event loop three times
 * within its time: a loop that is stuck feeds nothing, and systemd starts a fresh process. `failed` hears of a word that did not get through.
 */
export function serviceManager(
  environment: Readonly<Record<string, string | undefined>>,
  failed: (error: Error) => void,
): ServiceManager | null {
  const socket = environment['NOTIFY_SOCKET'];
  if (!socket) return null;
  const tell = (...words: string[]): void => {
    const env = { PATH: environment['PATH'] ?? '/usr/bin:/bin', NOTIFY_SOCKET: socket };
    // A socket in the abstract namespace or a file: systemd-notify knows both.
    execFile('systemd-notify', words, { env, timeout: PATIENCE_MS }, (error) => {
      if (error) failed(error);
    });
  };
  const watchdogMs = watchdogPeriodMs(environment, process.pid);
  if (watchdogMs !== null) setInterval(() => tell('WATCHDOG=1'), watchdogMs / 3).unref();
  return {
    ready: () => tell('READY=1', `MAINPID=${process.pid}`, 'STATUS=watching'),
    stopping: () => tell('STOPPING=1', 'STATUS=draining'),
  };
}

/** Time within which systemd wants a sign of life from this process, milliseconds; null where it wants none (sd_watchdog_enabled(3)). */
export function watchdogPeriodMs(
  environment: Readonly<Record<string, string | undefined>>,
  pid: number,
): number | null {
  const microseconds = Number(environment['WATCHDOG_USEC'] ?? '');
  const meant = environment['WATCHDOG_PID'];
  if (meant !== undefined && Number(meant) !== pid) return null;
  return Number.isFinite(microseconds) && microseconds > 0 ? microseconds / 1000 : null;
}
