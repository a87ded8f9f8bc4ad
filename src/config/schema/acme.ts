import type { z } from 'zod';
import { quote } from '../quote.ts';
import { parseDnsName } from './host.ts';
import { Problem, scalar, word, wrongType } from './scalar.ts';
import type { Scalar } from './scalar.ts';
import { oneOrMany, section } from './structure.ts';
import { filePath } from './text.ts';
import { wholeDays } from './units.ts';

/** Directories that have a short name. */
const DIRECTORIES: ReadonlyMap<string, string> = new Map([
  ['letsencrypt', 'https://acme-v02.api.letsencrypt.org/directory'],
  ['letsencrypt-staging', 'https://acme-staging-v02.api.letsencrypt.org/directory'],
]);

const DIRECTORY_HINT = `allowed: ${[...DIRECTORIES.keys()].join(', ')} or the https:// URL of a directory`;

/** Longest address of mail (RFC 5321 §4.5.3.1.3, without the angle brackets). */
const EMAIL_MAX = 254;

function acmeName(description: string): Scalar<string> {
  const hint = 'write one such as shop.example.com';
  return scalar({ title: 'host', type: 'string' }, description, (value) => {
    if (typeof value !== 'string') return wrongType(value, 'a host name', hint);
    if (!value.startsWith('*.')) return parseDnsName(value);
    const message = `${quote(value)} needs the challenge dns-01, which is not available in this version`;
    const remedy = 'name each host, or give a certificate with cert and key';
    return new Problem('BAL_CONFIG_NOT_AVAILABLE', message, remedy);
  });
}

function directory(description: string): Scalar<string> {
  const meta = { title: 'letsencrypt | letsencrypt-staging | URL', type: 'string' } as const;
  return scalar(meta, description, (value) => {
    if (typeof value !== 'string') return wrongType(value, 'a directory', DIRECTORY_HINT);
    const known = DIRECTORIES.get(value);
    if (known !== undefined) return known;
    if (/^https:\/\/[^/\s]/.test(value) && URL.canParse(value)) return value;
    const message = `${quote(value)} is not a directory of ACME`;
    return new Problem('BAL_CONFIG_UNKNOWN_VALUE', message, DIRECTORY_HINT);
  });
}

function emailAddress(description: string): Scalar<string> {
  const hint = 'write one such as ops@example.com';
  return scalar({ title: 'e-mail address', type: 'string' }, description, (value) => {
    if (typeof value !== 'string') return wrongType(value, 'an e-mail address', hint);
    const isAddress = /^[\x21-\x7e]+@[A-Za-z0-9.-]+$/.test(value) && value.length <= EMAIL_MAX;
    if (isAddress && !value.startsWith('mailto:')) return value;
    const message = `${quote(value)} is not an e-mail address`;
    return new Problem('BAL_CONFIG_UNKNOWN_VALUE', message, hint);
  });
}

/** Schema of `acme` of a certificate. */
export const acmeSchema = section(
  'Obtains and renews the certificate by ACME (RFC 8555). By writing it you agree to the terms of the authority.',
  {
    names: oneOrMany('The names of the certificate.', acmeName('A host name.')),
    email: emailAddress('Whom the authority may write to.').optional(),
    directory: directory('The authority.').prefault('letsencrypt'),
    ca: filePath(
      "Roots that the authority's own certificate is verified by, PEM; by default the usual ones.",
    ).optional(),
    challenge: word(
      ['http-01', 'tls-alpn-01'],
      'How it is shown that the names are ours: at port 80 in the clear, or at port 443 under TLS.',
      ['dns-01'],
    ).prefault('http-01'),
    keyType: word(
      ['ecdsa', 'rsa'],
      'Kind of key: ECDSA with P-256, or RSA with 2048 bits.',
    ).prefault('ecdsa'),
    renew: wholeDays(
      'How long before its end it is renewed; of a short life, the last third.',
      1,
      365,
    ).prefault('30d'),
  },
);

/** `acme` with its defaults filled in. */
export type AcmeConfig = z.output<typeof acmeSchema>;
