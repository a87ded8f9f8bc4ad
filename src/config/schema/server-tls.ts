import { z } from 'zod';
import { bareHost } from './host.ts';
import { flag } from './scalar.ts';
import { alpnName } from './sni.ts';
import { section } from './structure.ts';
import { tlsProfile } from './termination.ts';
import { filePath } from './text.ts';

const full = section('TLS towards the servers.', {
  verify: flag(
    'Whether the certificates of the servers must be valid, and valid for their names.',
  ).prefault(true),
  serverName: bareHost(
    "Name for SNI and the certificate; by default the server's own name, else its address.",
  ).optional(),
  ca: filePath('Roots to trust, PEM; by default those that Node carries.').optional(),
  cert: filePath('A certificate to show to the servers, PEM. Needs key.').optional(),
  key: filePath('The key of cert, PEM.').optional(),
  profile: tlsProfile(),
  alpn: z
    .array(alpnName('A protocol.'))
    .prefault([])
    .meta({ description: 'Protocols offered in ALPN, the best first; none offers none.' }),
});

/** Schema of `tls` of a pool. */
export const serverTlsSchema = z
  .union([flag('Whether servers are spoken to by TLS, with the defaults of the map.'), full])
  .optional()
  .meta({
    description:
      'Speaks TLS to the servers, and lets the check do so; true takes the defaults of the map. Off by default.',
  });

/** `tls` of a pool in one form; null where servers are spoken to in the clear. */
export function serverTlsSettings(
  given: z.output<typeof serverTlsSchema>,
): z.output<typeof full> | null {
  if (given === undefined || given === false) return null;
  return given === true ? full.parse({}) : given;
}
