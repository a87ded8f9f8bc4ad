import { resolve } from 'node:path';
import { z } from 'zod';
import type { TlsProbePlan } from '../../plan-check.ts';
import { bareHost } from '../host.ts';
import { flag } from '../scalar.ts';
import { section } from '../structure.ts';
import { filePath } from '../text.ts';

const full = section('TLS of a check.', {
  verify: flag(
    'Whether the certificate of the server must be valid, and valid for serverName.',
  ).prefault(true),
  serverName: bareHost(
    'Name for SNI and the certificate; by default the address of the server.',
  ).optional(),
  ca: filePath('Roots to trust, PEM; by default those that Node carries.').optional(),
  cert: filePath('A certificate to show to the server, PEM. Needs key.').optional(),
  key: filePath('The key of cert, PEM.').optional(),
});

/** Schema of `tls` of a check. */
export const tlsSchema = z
  .union([flag('Whether the check speaks TLS, with the defaults of the map.'), full])
  .optional()
  .meta({ description: 'TLS; true takes the defaults of the map. Off by default.' });

/** `tls` of a check as given. */
export type TlsConfig = z.output<typeof tlsSchema>;

/** TLS as the plan has it; null is none. `folder` is that of the configuration file. */
export function tlsPlan(given: TlsConfig, folder: string): TlsProbePlan | null {
  if (given === undefined || given === false) return null;
  const settings = given === true ? full.parse({}) : given;
  const path = (file: string | undefined): string =>
    file === undefined ? '' : resolve(folder, file);
  return {
    verify: settings.verify,
    serverName: settings.serverName ?? '',
    caFile: path(settings.ca),
    certFile: path(settings.cert),
    keyFile: path(settings.key),
  };
}
