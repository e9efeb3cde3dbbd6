import type { RedisClient } from './functions.ts';

interface Closable {
  close(): Promise<void>;
}

const patienceMs = 2_000;

/**
 * Closes something of BullMQ's, then the connection under it. With Redis away BullMQ waits for its commands for ever; cutting the
 * connection makes them fail. A worker of BullMQ's may then still hold timers of its own, which end with the process.
 */
export async function closeOver(closable: Closable, connection: RedisClient, cut: () => void): Promise<void> {
  const closing = closable.close().catch(() => undefined);
  if (connection.status === 'ready') await within(closing, patienceMs);
  cut();
  await within(closing, patienceMs);
}

async function within(promise: Promise<unknown>, ms: number): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, ms);
  });
  await Promise.race([promise, late]);
  clearTimeout(timer);
}
