import { constants } from 'node:crypto';
import type { Socket } from 'node:net';
import { createServer, type Server, type TLSSocket, type TlsOptions } from 'node:tls';
import { hostOf } from './address.ts';
import type { TlsMaterial } from './tls-files.ts';

export interface HandshakeLimits {
  /** A handshake that is not done after so long closes its connection; default 10 s. */
  readonly handshakeMs?: number;
  /** Handshakes under way at once; default 32. Connections beyond are closed at once: a handshake is the dearest thing a stranger can ask for. */
  readonly maximumHandshakes?: number;
  /** Of them from one IPv4 address, or from one IPv6 /64, which is what one host has (RFC 6177 section 2); default 8: nobody takes all the room. */
  readonly maximumHandshakesOfPeer?: number;
}

/**
 * TLS 1.2 and 1.3 (RFC 8446) over accepted connections. The connection is accepted by the same server as plain TCP, so that its bounds hold from the
 * first packet on; this turns it into a secured one, or gives it up.
 */
export class TlsHandshakes {
  /** Never listens itself: connections are handed to it. */
  readonly #server: Server;
  readonly #pending = new Map<
    string,
    { readonly raw: Socket; readonly opened: (socket: TLSSocket) => void }
  >();
  readonly #maximum: number;
  readonly #maximumOfPeer: number;
  readonly #onFailed: (error: Error) => void;

  /** @param onFailed told of each handshake that came to nothing: no certificate, a foreign one, no TLS at all, too slow, cut off */
  constructor(material: TlsMaterial, limits: HandshakeLimits, onFailed: (error: Error) => void) {
    this.#maximum = limits.maximumHandshakes ?? 32;
    this.#maximumOfPeer = limits.maximumHandshakesOfPeer ?? 8;
    this.#onFailed = onFailed;
    this.#server = createServer({
      ...contextOf(material),
      handshakeTimeout: limits.handshakeMs ?? 10_000,
      requestCert: material.clientAuthority !== null,
      rejectUnauthorized: material.clientAuthority !== null,
    });
    this.#server.on('secureConnection', (socket) => this.#take(socket)?.opened(socket));
    this.#server.on('tlsClientError', (error, socket) => {
      this.#take(socket);
      this.#onFailed(error);
      socket.destroy();
    });
  }

  get pending(): number {
    return this.#pending.size;
  }

  /** Handshakes under way with one host. */
  pendingOf(host: string): number {
    let own = 0;
    for (const { raw } of this.#pending.values()) if (hostOf(raw.remoteAddress ?? '') === host) own++;
    return own;
  }

  /** Whether one more handshake of this peer is one too many, of all or of its own. */
  fullFor(address: string): boolean {
    return this.#pending.size >= this.#maximum || this.pendingOf(hostOf(address)) >= this.#maximumOfPeer;
  }

  /** Begins a handshake; `opened` is called when it is done, and never if it fails. */
  begin(raw: Socket, opened: (socket: TLSSocket) => void): void {
    const key = peerOf(raw);
    this.#pending.set(key, { raw, opened });
    // A reset by the peer is how connections end; a failed handshake is told by the server.
    raw.on('error', () => {});
    raw.on('close', () => {
      if (this.#pending.get(key)?.raw === raw) this.#pending.delete(key);
    });
    this.#server.emit('connection', raw);
  }

  /** New certificates for the connections to come. Whether clients have to show one stays as it was. */
  renew(material: TlsMaterial): void {
    this.#server.setSecureContext(contextOf(material));
  }

  stop(): void {
    for (const { raw } of this.#pending.values()) raw.destroy();
    this.#pending.clear();
  }

  #take(socket: TLSSocket): { readonly opened: (socket: TLSSocket) => void } | undefined {
    const key = peerOf(socket);
    const found = this.#pending.get(key);
    this.#pending.delete(key);
    return found;
  }
}

const peerOf = ({ remoteAddress, remotePort }: Socket): string => `${remoteAddress} ${remotePort}`;

function contextOf({ certificate, key, clientAuthority }: TlsMaterial): TlsOptions {
  return {
    cert: certificate,
    key,
    ...(clientAuthority === null ? {} : { ca: clientAuthority }),
    minVersion: 'TLSv1.2',
    // A client could ask for handshake after handshake on one connection.
    secureOptions: constants.SSL_OP_NO_RENEGOTIATION,
  };
}
