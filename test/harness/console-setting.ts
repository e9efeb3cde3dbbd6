/** A daemon with Redis, a directory of three customers with a PBX each, and tokens of every role, for tests of the console. */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { stringify } from 'yaml';
import { hashToken, newToken, type Scope } from '../../daemon/admin/tokens.ts';
import { type HepClient, hepClient, proxyAddress } from './hep-client.ts';
import { startRedis } from './redis.ts';
import { startVigie, type TestVigie } from './vigie.ts';

export const customers = ['acme', 'blue', 'crew', 'dune'] as const;
export type Customer = (typeof customers)[number];

export interface ConsoleSetting {
  readonly vigie: TestVigie;
  readonly tokens: Readonly<Record<'read' | 'lift' | 'admin', string>>;
  /** So many calls of the customer's PBX that the called party refuses, one a second; the first is `from` seconds after the beginning. */
  refusedCalls(customer: Customer, count: number, from?: number): void;
  remove(): Promise<void>;
}

const sourceOf = (customer: Customer): string => `192.0.2.${customers.indexOf(customer) + 11}`;

export async function startConsoleSetting(): Promise<ConsoleSetting> {
  execFileSync(new URL('../../scripts/build-console.sh', import.meta.url).pathname, { stdio: 'inherit' });
  const scratch = mkdtempSync(join(tmpdir(), 'vigie-console-'));
  const tokens = { read: newToken(), lift: newToken(), admin: newToken() };
  const file = join(scratch, 'directory.yaml');
  writeFileSync(
    file,
    stringify({
      customers: customers.map((id) => ({ id })),
      trunks: customers.map((id) => ({
        id: `pbx-${id}`,
        customer: id,
        sources: [sourceOf(id)],
        channels: 30,
      })),
    }),
  );
  const redis = await startRedis();
  const vigie = await startVigie({
    redisUrl: redis.url,
    config: {
      network: { proxies: [proxyAddress] },
      directory: { file },
      policies: { mode: 'enforce' },
      admin: {
        tokens: Object.entries(tokens).map(([name, token]) => ({
          name,
          hash: hashToken(token),
          scopes: [name as Scope],
        })),
      },
    },
    token: tokens.admin,
  });
  const hep: HepClient = await hepClient(vigie.hep);
  const beganMs = Date.now() - 600_000;
  return {
    vigie,
    tokens,
    refusedCalls(customer, count, from = 0) {
      for (let i = 0; i < count; i++) {
        const second = from + i;
        hep.refusedCall(sourceOf(customer), `${customer}${second}`, beganMs + second * 1_000);
      }
    },
    async remove() {
      hep.close();
      await vigie.remove();
      await redis.remove();
      rmSync(scratch, { recursive: true, force: true });
    },
  };
}
