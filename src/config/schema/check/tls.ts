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
    'Name for SNI and the certificate; by default the name of the server, else its address.',
  ).optional(),
  ca: filePath('Roots to trust, PEM; by default those that Node carries.').optional(),
  cert: filePath('A certificate to show to the server, PEM. Needs key.').optional(),
  key: filePath('The key of cert, PEM.').optional(),
});

/** Schema of `tls` of a check. */
export const tlsSchema = z
  .union([flag('Whether the check speaks TLS, as the pool does, else with the defaults.'), full])
  .optional()
  .meta({
    description:
      'TLS of the check. By default as the pool, where the check has no port of its own; else off.',
  });

/** `tls` of a check as given. */
export type TlsConfig = z.output<typeof tlsSchema>;

/** What checks take over from the pool and from the place of the file. */
export type CheckSurroundings = {
  /** Absolute path of the folder of the configuration file. */
  readonly folder: string;
  /** TLS as the pool speaks it; null speaks in the clear. */
  readonly poolTls: TlsProbePlan | null;
  /** Whether a check that does not mention TLS speaks it as the pool does. */
  readonly isSamePort: boolean;
};

/** TLS as the plan has it; null is none. */
export function tlsPlan(given: TlsConfig, around: CheckSurroundings): TlsProbePlan | null {
  const { folder, poolTls, isSamePort } = around;
  if (given === undefined) return isSamePort ? poolTls : null;
  if (given === false) return null;
  if (given === true && poolTls !== null) return poolTls;
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
