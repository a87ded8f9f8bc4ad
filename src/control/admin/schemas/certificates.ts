/** What the API says of certificates. */
import { z } from '@hono/zod-openapi';

const word = (description: string) => z.string().openapi({ description });
const count = (description: string) => z.number().int().min(0).openapi({ description });

/** One certificate; never its key. */
export const certificateSchema = z
  .object({
    name: word('Key of the configuration, and of a folder the name of the file: `site/shop`.'),
    source: z.enum(['files', 'folder', 'acme']),
    state: z.enum(['served', 'expired', 'held', 'broken']).openapi({
      description:
        'held serves what was there before its files were broken; broken serves nothing.',
    }),
    names: z.array(z.string()).readonly(),
    issuer: word('Who issued it.'),
    keyType: word('rsa, ecdsa or ed25519.'),
    fingerprint: word('SHA-256 of the certificate, hex.'),
    serialNumber: word('Hex.'),
    notBefore: word('ISO 8601; "" where it is not known.'),
    notAfter: word('ISO 8601; "" where it is not known.'),
    daysLeft: z.number().nullable().openapi({ description: 'Whole days; below 0 after the end.' }),
    certFile: word('Path of the certificate.'),
    keyFile: word('Path of its key.'),
    problem: word('What is wrong with the files now; "" is nothing.'),
    hint: word('What would help.'),
    warnings: z.array(z.string()).readonly(),
    ocsp: z
      .object({
        state: z.enum(['off', 'stapled', 'missing']),
        until: word('Until when the response holds; "" without one.'),
        problem: word('Why there is none, or no newer one.'),
      })
      .openapi('Ocsp'),
  })
  .openapi('Certificate');

/** The part of the status. */
export const certificatesSchema = z
  .object({
    total: count('Certificates that are served.'),
    expired: count('Those of them that are expired.'),
    broken: count('Certificates, CAs and CRLs whose files cannot be used now.'),
    first: z.array(certificateSchema).readonly(),
  })
  .openapi('Certificates');
