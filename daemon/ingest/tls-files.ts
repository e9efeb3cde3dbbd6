import { createPrivateKey, X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createSecureContext } from 'node:tls';

/** PEM texts of a TLS listener. */
export interface TlsMaterial {
  /** Our certificate and those between it and its authority. */
  readonly certificate: string;
  readonly key: string;
  /** Authorities of which every client must show a certificate; null: none is asked for. */
  readonly clientAuthority: string | null;
}

/** Paths, as the configuration has them. */
export interface TlsFiles {
  readonly certificate: string;
  readonly key: string;
  readonly clientAuthority: string | null;
}

export type TlsFilesRead =
  | { readonly ok: true; readonly material: TlsMaterial }
  | {
      readonly ok: false;
      /** The option whose file it is. */
      readonly option: keyof TlsFiles;
      readonly what: string;
      readonly todo: string;
    };

/** Reads the files and sees whether they belong together. What the key's file says is never repeated. */
export function readTlsFiles(files: TlsFiles): TlsFilesRead {
  const texts: Partial<Record<keyof TlsFiles, string>> = {};
  for (const option of ['certificate', 'key', 'clientAuthority'] as const) {
    const path = files[option];
    if (path === null) continue;
    try {
      texts[option] = readFileSync(path, 'utf8');
    } catch (error) {
      const reason = (error as NodeJS.ErrnoException).code ?? 'cannot be read';
      return { ok: false, option, what: `${path}: ${reason}`, todo: 'name a file that the daemon may read' };
    }
  }
  const { certificate = '', key = '', clientAuthority = null } = texts;
  const bad = (option: keyof TlsFiles, what: string, todo: string): TlsFilesRead => ({
    ok: false,
    option,
    what: `${files[option]} ${what}`,
    todo,
  });
  const own = readCertificate(certificate);
  if (own === null) return bad('certificate', 'is no certificate', 'write it as PEM, the chain after it');
  try {
    if (!own.checkPrivateKey(createPrivateKey(key)))
      return bad(
        'key',
        'is not the key of the certificate',
        'name the key that the certificate was made for',
      );
  } catch {
    return bad('key', 'is no private key', 'write it as PEM, without a passphrase');
  }
  if (clientAuthority !== null && readCertificate(clientAuthority) === null)
    return bad('clientAuthority', 'is no certificate', "write the authority's as PEM");
  try {
    createSecureContext({ cert: certificate, key });
  } catch {
    return bad('certificate', 'cannot be used', 'write the certificate first, then the chain, all as PEM');
  }
  return { ok: true, material: { certificate, key, clientAuthority } };
}

function readCertificate(pem: string): X509Certificate | null {
  try {
    return new X509Certificate(pem);
  } catch {
    return null;
  }
}
