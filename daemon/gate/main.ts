import type { Setup } from '../config/setup.ts';
import { Directory } from '../identity/directory.ts';
import { serviceManager } from '../service-manager.ts';
import { createLog, type LogLevel } from '../telemetry/log.ts';
import { GateService, gateRedis } from './service.ts';

/**
 * The gate without the daemon, until SIGTERM or SIGINT. It reads the same configuration, directory file and Redis keys; what was put into
 * the directory by the API, and who is registered where, it does not know.
 */
export function runGate({ config, directory: data, policies, emergency }: Setup): void {
  const log = createLog({ level: config.log.level as LogLevel });
  const directory = Directory.empty();
  directory.replace(data, new Set(policies.keys()));
  const redis = gateRedis({ url: config.redis.url ?? '', password: config.redis.password });
  const service = new GateService({ config, directory, redis, emergency: () => emergency, log });
  const manager = serviceManager(process.env, (error) => log.warn('gate.not-told', { error }));
  service.start();
  manager?.ready();
  let stopping = false;
  const stop = async (signal: string): Promise<void> => {
    if (stopping) return;
    stopping = true;
    manager?.stopping();
    log.info('gate.stopping', { signal });
    await service.stop();
    redis.disconnect();
    log.info('gate.stopped', { ...service.counters });
    process.exit(0);
  };
  process.on('SIGTERM', () => void stop('SIGTERM'));
  process.on('SIGINT', () => void stop('SIGINT'));
}
