import type { FastifyInstance } from 'fastify';
import { type AdminOptions, buildAdminServer, buildMetricsServer } from './admin/server.ts';
import type { VigieConfig } from './config/schema.ts';

/** The sockets that the HTTP API and, where it has one of its own, /metrics are served from. */
export class HttpListeners {
  readonly #servers: FastifyInstance[] = [];

  /** Rejects if a socket cannot be opened; what is open by then stays so until `close`. */
  async open(
    options: Omit<AdminOptions, 'withMetrics'>,
    { admin, metrics }: Pick<VigieConfig, 'admin' | 'metrics'>,
  ): Promise<void> {
    const all = { ...options, withMetrics: metrics.listen === null };
    await this.#listen(buildAdminServer(all), admin.listen);
    if (metrics.listen !== null) await this.#listen(buildMetricsServer(all), metrics.listen);
  }

  /** Where the HTTP API listens, `host:port`; null before. */
  adminAddress(): string | null {
    const address = this.#servers[0]?.server.address();
    if (!address || typeof address === 'string') return null;
    return address.family === 'IPv6'
      ? `[${address.address}]:${address.port}`
      : `${address.address}:${address.port}`;
  }

  async close(): Promise<void> {
    await Promise.allSettled(this.#servers.map((server) => server.close()));
  }

  async #listen(server: FastifyInstance, listen: string): Promise<void> {
    this.#servers.push(server);
    await server.listen(hostAndPort(listen));
  }
}

function hostAndPort(listen: string): { host: string; port: number } {
  const at = listen.lastIndexOf(':');
  return { host: listen.slice(0, at).replace(/^\[|\]$/g, ''), port: Number(listen.slice(at + 1)) };
}
