/** A daemon that hands one finding over and dies by SIGKILL at the given point. Arguments: Redis URL, webhook URL, point. */
import { setTimeout as sleep } from 'node:timers/promises';
import { Redis } from 'ioredis';
import { enforcementDefaults } from '../../daemon/enforcement/config.ts';
import { Enforcement } from '../../daemon/enforcement/enforcement.ts';
import { finding, receiver } from './setting.ts';

const [url = '', hook = '', point = ''] = process.argv.slice(2);

let armed = false;
function dieAt(here: string): void {
  if (armed && here === point) process.kill(process.pid, 'SIGKILL');
}

const enforcement = new Enforcement({
  redis: new Redis(url, { lazyConnect: true }),
  settings: {
    ...enforcementDefaults,
    // Read when the notices are queued: the proposal is recorded then, nothing else.
    get webhooks() {
      dieAt('proposed');
      return [receiver('ops', hook)];
    },
  },
  clock: Date.now,
  log: { info: () => {}, warn: () => {}, error: () => {} },
  isProtected: () => false,
  resetBaseline: async () => {},
  hooks: { onTransition: (to) => dieAt(to) },
  enforcers: [
    {
      name: 'dying',
      // After the Redis keys, which are written at the same time, and before the notice of the act.
      apply: async () => {
        if (point !== 'blocked') return;
        const redis = new Redis(url);
        while ((await redis.exists('vigie:blocked:line:0123')) === 0) await sleep(2);
        dieAt('blocked');
      },
      withdraw: async () => {},
      list: async () => [],
      reconcile: async () => 0,
      health: async () => ({ healthy: true, detail: '' }),
    },
  ],
});
armed = true;
enforcement.onFinding(finding('0123'));
