/** The certificate of the rows over TLS. */
import { spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { CertificateFiles } from './contenders/contender.ts';

const NAME = 'bench.example';

/** Writes a key (ECDSA with P-256) and a certificate that it has signed itself into `dir`. */
export function makeCertificate(dir: string): CertificateFiles {
  const files = {
    cert: join(dir, 'cert.pem'),
    key: join(dir, 'key.pem'),
    both: join(dir, 'both.pem'),
  };
  const kind = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-noenc', '-days', '30'];
  const name = ['-subj', `/CN=${NAME}`, '-addext', `subjectAltName=DNS:${NAME}`];
  const out = ['-keyout', files.key, '-out', files.cert];
  const made = spawnSync('openssl', ['req', '-x509', ...kind, ...name, ...out], {
    encoding: 'utf8',
  });
  if (made.status !== 0) throw new Error(`openssl req failed: ${made.stderr}`);
  writeFileSync(files.both, readFileSync(files.cert, 'utf8') + readFileSync(files.key, 'utf8'));
  return files;
}
