/** Where a command finds the balancer it is to speak to. */
import { BallastError } from '../base/errors.ts';
import { ADMIN_DEFAULT } from './admin-client.ts';

export type AdminChoice = {
  readonly file: string | undefined;
  readonly admin: string | undefined;
};

/** The address of `--admin`, else that of the configuration file, else the default. */
export async function adminAddress({ file, admin }: AdminChoice): Promise<string> {
  if (admin !== undefined) return admin;
  if (file === undefined) return ADMIN_DEFAULT;
  const { readConfig } = await import('./config-file.ts');
  const { plan } = await readConfig(file);
  if (plan === null) {
    throw new BallastError('BAL_ADMIN_UNREACHABLE', `"${file}" has mistakes`, {
      hint: `give the admin address with --admin, and see "ballast check ${file}"`,
    });
  }
  if (plan.admin === null) {
    throw new BallastError('BAL_ADMIN_UNREACHABLE', `"${file}" has "admin: off"`, {
      hint: 'without an admin server, reload with "kill -HUP" and read the log for the state',
    });
  }
  const { bindText } = await import('../sys/sockets.ts');
  return bindText(plan.admin);
}
