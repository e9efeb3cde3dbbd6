import { detectors } from '../detectors/index.ts';
import { formatFault } from './config/fault.ts';
import { loadSetup } from './config/setup.ts';
import { Daemon, DirectoryRefused } from './daemon.ts';
import { serviceManager } from './service-manager.ts';
import { createLog, type LogLevel } from './telemetry/log.ts';

/** How long a stop may take before the process ends anyway. */
const DRAIN_MS = 10_000;

/**
 * Runs the daemon until SIGTERM or SIGINT. SIGHUP reads the configuration anew; with faults the old one stays. Resolves with the exit code.
 */
export async function run({ config: path }: { config: string | null }): Promise<Daemon> {
  const loaded = loadSetup(path, process.env, detectors);
  if (!loaded.ok) throw new Error(loaded.faults.map(formatFault).join('\n'));
  const { setup } = loaded;
  const log = createLog({ level: setup.config.log.level as LogLevel });
  const daemon = await Daemon.start(setup, log);
  const manager = serviceManager(process.env, (error) => log.warn('daemon.not-notified', { error }));

  let stopping = false;
  const stop = (signal: string): void => {
    if (stopping) return;
    stopping = true;
    log.info('daemon.stopping', { signal });
    manager?.stopping();
    setTimeout(() => {
      log.fatal('daemon.stop-timeout', { afterSeconds: DRAIN_MS / 1000 });
      process.exit(1);
    }, DRAIN_MS).unref();
    daemon.stop().then(
      () => {
        log.info('daemon.stopped');
        process.exit(0);
      },
      (error) => {
        log.fatal('daemon.stop-failed', { error });
        process.exit(1);
      },
    );
  };
  process.on('SIGTERM', () => stop('SIGTERM'));
  process.on('SIGINT', () => stop('SIGINT'));
  process.on('SIGHUP', () => {
    void reload(daemon, path);
  });
  // A fault of ours must not look like a quiet network: say what it was, and let the supervisor start a fresh process.
  process.on('uncaughtException', (error) => {
    log.fatal('daemon.crashed', { error });
    process.exit(1);
  });
  manager?.ready();
  return daemon;
}

async function reload(daemon: Daemon, path: string | null): Promise<void> {
  const { log, tallies } = daemon;
  const todo = 'the former configuration stays in force; vigie check-config shows every fault';
  const again = loadSetup(path, process.env, detectors);
  if (!again.ok) {
    tallies.reloaded(false);
    log.error('config.refused', { faults: again.faults.map(formatFault), todo });
    return;
  }
  try {
    const needRestart = await daemon.reload(again.setup);
    tallies.reloaded(true);
    log.info('config.reloaded', needRestart.length > 0 ? { needRestart } : {});
  } catch (error) {
    tallies.reloaded(false);
    log.error('config.refused', {
      ...(error instanceof DirectoryRefused ? { faults: error.faults } : { error }),
      todo,
    });
  }
}
