import { resolve } from 'node:path';
import { z } from 'zod';
import type { AdminPlan } from '../plan-admin.ts';
import type { BindPlan } from '../plan.ts';
import { adminAddress, bindAddress } from './address.ts';
import { section } from './structure.ts';
import { filePath } from './text.ts';

const tls = section('TLS of the admin address; 1.2 and 1.3.', {
  certificate: filePath('Its certificate with those between it and the root, PEM.'),
  key: filePath('The key of the certificate, PEM.'),
  clientCa: filePath(
    'Roots of which each client must show a certificate, PEM. Without it none is asked for.',
  ).optional(),
}).optional();

const full = section('An admin address that asks who is there.', {
  bind: bindAddress('Where it listens: 10.0.0.5:9900, unix:/path.'),
  tokenFile: filePath(
    'A file with a token on each line, "read TOKEN" or "write TOKEN"; each request must have one of them.',
  ).optional(),
  tls,
});

/** Schema of `admin`. */
export const adminSchema = z
  .union([
    adminAddress(
      'Where the admin API, /metrics and the dashboard are served: an address of this machine, or off.',
    ),
    full,
  ])
  .prefault('unix:/run/ballast/admin.sock')
  .meta({
    description:
      'Where the admin API, /metrics and the dashboard are served: an address, off, or a map. An address that others reach needs tokenFile or tls with clientCa.',
  });

/** `admin` as given. */
export type AdminConfig = z.output<typeof adminSchema>;

/** The address of `admin`; null where it is off. */
export function adminBind(given: AdminConfig): BindPlan | null {
  return given === null || !('bind' in given) ? given : given.bind;
}

/** `admin` as the plan has it; `folder` is that of the configuration file. */
export function adminPlan(given: AdminConfig, folder: string): AdminPlan | null {
  if (given === null || !('bind' in given)) return given;
  const { bind, tokenFile, tls: files } = given;
  const path = (file: string | undefined): string =>
    file === undefined ? '' : resolve(folder, file);
  return {
    ...bind,
    access: {
      tokenFile: path(tokenFile),
      tls:
        files === undefined
          ? null
          : {
              certFile: path(files.certificate),
              keyFile: path(files.key),
              clientCaFile: path(files.clientCa),
            },
    },
  };
}
