import { z } from 'zod';
import { acmeSchema } from './acme.ts';
import { scalar, word, wrongType } from './scalar.ts';
import type { Scalar } from './scalar.ts';
import { section } from './structure.ts';
import { filePath } from './text.ts';

/** The keys of which a certificate has exactly one: where it comes from. */
export const CERTIFICATE_SOURCES = ['cert', 'folder', 'acme'] as const;

const ocspSchema = z
  .union([
    word(['off', 'fetch'], 'off staples none; fetch asks the responder that it names.'),
    section('A response that something else fetches.', {
      file: filePath('The response, DER; read anew when it changes.'),
    }),
  ])
  .prefault('off')
  .meta({ description: 'The OCSP response that is stapled, so that clients need not ask for it.' });

/** Schema of one entry of `certificates`. */
export const certificateSchema = section('A certificate: exactly one of cert, folder and acme.', {
  cert: filePath(
    'The certificate and what leads from it to a root, PEM; read anew when it changes.',
  ).optional(),
  key: filePath('Its key, PEM; left out where the file of the certificate holds it.').optional(),
  folder: filePath(
    'A folder of them: NAME.crt or NAME.pem, the key in NAME.key or in the same file.',
  ).optional(),
  acme: acmeSchema.optional(),
  ocsp: ocspSchema,
});

/** An entry of `certificates` with its defaults filled in. */
export type CertificateConfig = z.output<typeof certificateSchema>;

/** A schema for the name of an entry of `certificates`; whether it exists is a rule. */
export function certificateReference(description: string): Scalar<string> {
  return scalar({ title: 'certificate', type: 'string' }, description, (value) =>
    typeof value === 'string' ? value : wrongType(value, 'the name of a certificate'),
  );
}
