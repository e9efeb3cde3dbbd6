import { wallClock } from './capture-clock.ts';
import type { VigieConfig } from './config/schema.ts';
import { HepReceiver } from './ingest/hep-server.ts';
import type { Packet } from './ingest/packet.ts';
import { readTlsFiles, type TlsMaterial } from './ingest/tls-files.ts';

/** The receiver that the configuration asks for; it does not listen yet. */
export function hepReceiver(
  config: VigieConfig,
  sink: (packet: Packet) => void,
  onError: (error: Error) => void,
): HepReceiver {
  const { hep } = config.ingest;
  return new HepReceiver({
    udp: hep.udp,
    tcp: hep.tcp,
    tls: hep.tls.listen === null ? null : { listen: hep.tls.listen, ...tlsMaterial(config) },
    authKey: hep.authKey,
    agents: hep.agents,
    receiveBufferBytes: hep.receiveBufferBytes,
    maximumConnections: hep.maximumConnections,
    maximumConnectionsOfAddress: hep.maximumConnectionsOfAddress,
    stalledMs: hep.idleTimeout as number,
    gapLimitMs: config.brake.gap.silence as number,
    clock: wallClock,
    sink,
    onError,
  });
}

/** The loader has seen that the files are well; that they changed since is all that can be wrong. */
export function tlsMaterial({ ingest }: Pick<VigieConfig, 'ingest'>): TlsMaterial {
  const { certificate, key, clientAuthority } = ingest.hep.tls;
  const read = readTlsFiles({ certificate: certificate ?? '', key: key ?? '', clientAuthority });
  if (!read.ok) throw new Error(`ingest.hep.tls.${read.option}: ${read.what}; ${read.todo}`);
  return read.material;
}
