import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Command } from 'commander';
import { localTokenFile } from '../daemon/admin/local-token.ts';
import { configFile } from '../daemon/config/load.ts';
import { requireSetup } from './config.ts';
import { talk } from './output.ts';

/** What an operator does next, with the addresses that are in force. */
export function welcome(facts: {
  readonly udp: string | null;
  readonly tcp: string | null;
  readonly admin: string;
  readonly redis: string;
  readonly mode: string;
  readonly policy: string;
  readonly config: string;
  /** File with the token to sign in with. */
  readonly token: string;
}): string {
  const { udp, tcp, admin, redis, mode, policy, config, token } = facts;
  const hep = udp ?? tcp ?? '';
  const port = /:(\d+)/.exec(redis.replace(/^\w+:\/\//, ''))?.[1] ?? '6379';
  return `
Vigie is running. It listens to your proxy and judges by policy ${policy}, mode ${mode}${mode === 'observe' ? ' (it acts on nothing)' : ''}.

  console   http://${admin}/   sign in with the token in ${token}
  HEP in    ${[udp === null ? '' : `udp ${udp}`, tcp === null ? '' : `tcp ${tcp}`].filter((text) => text !== '').join(', ')}
  API       http://${admin}/v1/openapi.json
  metrics   http://${admin}/metrics   health: http://${admin}/readyz
  Redis     ${redis}
  config    ${config}

What to do next:
  1. Send it your signalling. Kamailio (the whole of it: deploy/kamailio/README.md):
       loadmodule "siptrace.so"
       modparam("siptrace", "duplicate_uri", "sip:${hep}")
       modparam("siptrace", "hep_mode_on", 1)
       modparam("siptrace", "hep_version", 3)
       modparam("siptrace", "trace_init_mode", 1)
       modparam("siptrace", "trace_mode", 1)
       modparam("siptrace", "trace_on", 1)
     OpenSIPS, FreeSWITCH, drachtio, heplify: anything that sends HEPv3 to ${hep}.
  2. Name your proxies and carriers under network, and your lines under directory, in ${config};
     check it with: npx vigie check-config ${config}      and reload: kill -HUP ${process.pid}
  3. See what it sees:  curl -s http://${admin}/readyz      npx vigie explain line NUMBER      npx vigie suspensions list
  4. When you trust what it reports, set policies.mode to enforce, and let the proxy ask Redis (port ${port}):
     deploy/kamailio/vigie.cfg has the lines.
Without a proxy at hand: npm run quickstart -- --demo

Its log follows, one JSON object a line. Ctrl-C ends it.
`;
}

/** The embedded Redis keeps its port in a file, for the proxy's sake. */
function embeddedRedis(directory: string): string {
  const port = readFileSync(join(directory, 'redis', 'port'), 'utf8').trim();
  return `127.0.0.1:${port} (its own, data in ${join(directory, 'redis')})`;
}

export function quickstartCommand(): Command {
  return new Command('quickstart')
    .description('run the daemon and say where it listens and what to do next')
    .option('--config <file>', 'configuration (default: VIGIE_CONFIG, else config/vigie.yaml)')
    .action(async ({ config }: { config?: string }) => {
      const path = config ?? null;
      requireSetup(path);
      const { run } = await import('../daemon/main.ts');
      const daemon = await run({ config: path });
      const { policies, redis } = daemon.setup.config;
      talk(
        welcome({
          udp: daemon.receiver.udpAddress(),
          tcp: daemon.receiver.tcpAddress(),
          admin: daemon.adminAddress() ?? '',
          redis: redis.url ?? embeddedRedis(redis.directory),
          mode: policies.mode,
          policy: policies.default,
          config: configFile(path, process.env),
          token: localTokenFile(redis.directory),
        }),
      );
    });
}
