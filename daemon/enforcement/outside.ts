import type { VigieConfig } from '../config/schema.ts';
import type { CallEnder } from './call-ender.ts';
import { CommandEnforcer, type CommandSettings } from './command-enforcer.ts';
import type { Enforcer } from './enforcer.ts';
import type { RedisClient } from './functions.ts';
import type { EventLog } from './hooks.ts';
import { KamailioCallEnder } from './kamailio/call-ender.ts';
import { HttpRpc } from './kamailio/http-rpc.ts';
import { KamailioTable } from './kamailio/kamailio-table.ts';
import type { KamailioRpc } from './kamailio/rpc.ts';
import { UdpRpc } from './kamailio/udp-rpc.ts';
import { Nftables } from './nftables.ts';
import type { Suspension } from './suspension.ts';
import type { SuspensionStore } from './suspension-store.ts';
import type { WantedKeys } from './wanted-keys.ts';

export interface KamailioSettings {
  /** `http://host:port/path` (jsonrpcs over xhttp) or `udp://address:port` (its datagram socket). */
  readonly url: string;
  readonly table: string;
  /** False: it looks suspensions up in Redis, and is told only which calls in progress to end. */
  readonly push: boolean;
  readonly token: string | null;
}

/** What carries suspensions out besides the Redis keys. */
export interface OutsideSettings {
  readonly kamailio: readonly KamailioSettings[];
  readonly commands: readonly CommandSettings[];
  /** Empty: none. */
  readonly nftables: readonly string[];
}

/** What an enforcer reads the open suspensions with. */
export interface EnforcerSources {
  readonly redis: RedisClient;
  readonly store: Pick<SuspensionStore, 'blocking' | 'eachOpen'>;
  readonly wanted: WantedKeys;
  readonly holds: (suspension: Suspension) => boolean;
  readonly clock: () => number;
  readonly log: EventLog;
  readonly onApplied: (enforcer: string, seconds: number) => void;
}

/** A table is small talk between two processes: what takes longer is away. */
const rpcTimeoutMs = 1_000;

export function outsideFrom({ enforcement }: Pick<VigieConfig, 'enforcement'>): OutsideSettings {
  return {
    kamailio: enforcement.kamailio,
    commands: enforcement.commands.map(({ timeout, ...command }) => ({
      ...command,
      timeoutMs: timeout as number,
    })),
    nftables: enforcement.nftables.command,
  };
}

export function outsideEnforcers(settings: OutsideSettings, sources: EnforcerSources): readonly Enforcer[] {
  const { wanted, clock, log, onApplied } = sources;
  return [
    ...settings.kamailio
      .filter(({ push }) => push)
      .map(
        (one) =>
          new KamailioTable({
            name: nameOf(one),
            rpc: rpcOf(one),
            table: one.table,
            wanted,
            clock,
            log,
            onApplied,
          }),
      ),
    ...settings.commands.map((one) => new CommandEnforcer({ ...sources, settings: one })),
    ...(settings.nftables.length > 0
      ? [new Nftables({ command: settings.nftables, wanted, clock, log, onApplied })]
      : []),
  ];
}

/** One for each Kamailio: only one of them has the call. */
export function outsideCallEnders(settings: OutsideSettings): readonly CallEnder[] {
  return settings.kamailio.map((one) => new KamailioCallEnder(nameOf(one), rpcOf(one)));
}

function rpcOf({ url, token }: KamailioSettings): KamailioRpc {
  return url.startsWith('udp:')
    ? new UdpRpc(url, { timeoutMs: rpcTimeoutMs })
    : new HttpRpc(url, { token, timeoutMs: rpcTimeoutMs });
}

function nameOf({ url }: KamailioSettings): string {
  return `kamailio:${new URL(url).host}`;
}
