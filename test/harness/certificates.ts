/** Certificates of a test: two authorities, and what they signed; keys are made anew each time. */
import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';

export interface Signed {
  readonly certificate: string;
  readonly key: string;
}

export interface Authority extends Signed {
  /** Paths of a new certificate for `name` and 127.0.0.1, and of its key. */
  sign(name: string): Signed;
}

function openssl(...parameters: string[]): void {
  execFileSync('openssl', parameters, { stdio: ['ignore', 'ignore', 'pipe'] });
}

const newKey = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes'];

/** An authority of its own, its files in `directory`. */
export function authority(directory: string, name: string): Authority {
  const file = (of: string, kind: string) => join(directory, `${of}.${kind}`);
  const own = { certificate: file(name, 'crt'), key: file(name, 'key') };
  openssl(
    'req',
    '-x509',
    ...newKey,
    '-days',
    '2',
    '-subj',
    `/CN=${name}`,
    '-keyout',
    own.key,
    '-out',
    own.certificate,
  );
  return {
    ...own,
    sign(of) {
      const signed = { certificate: file(of, 'crt'), key: file(of, 'key') };
      const [request, extensions] = [file(of, 'csr'), file(of, 'ext')];
      writeFileSync(extensions, `subjectAltName=DNS:${of},IP:127.0.0.1\nbasicConstraints=CA:FALSE\n`);
      openssl('req', ...newKey, '-subj', `/CN=${of}`, '-keyout', signed.key, '-out', request);
      const by = ['-CA', own.certificate, '-CAkey', own.key, '-CAcreateserial', '-days', '2'];
      openssl('x509', '-req', '-in', request, ...by, '-extfile', extensions, '-out', signed.certificate);
      return signed;
    },
  };
}
