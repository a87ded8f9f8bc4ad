/** Where a command finds the balancer it is to speak to. */
import { BallastError } from '../base/errors.ts';
import { ADMIN_DEFAULT } from './admin-client.ts';

export type AdminChoice = {
  readonly file: string | undefined;
  readonly admin: string | undefined;
};

/**
 * The address of `--admin`, else that of the configuration file, else the default. A file with
 * mistakes is nearly always the one just edited: they are printed, and BAL_ADMIN_UNKNOWN is thrown.
 */
export async function adminAddress({ file, admin }: AdminChoice): Promise<string> {
  if (admin !== undefined) return admin;
  if (file === undefined) return ADMIN_DEFAULT;
  const { readConfig } = await import('./config-file.ts');
  const { plan, text } = await readConfig(file);
  if (plan === null) {
    process.stderr.write(text);
    throw new BallastError('BAL_ADMIN_UNKNOWN', `"${file}" has mistakes: nothing was asked`, {
      hint: 'mend them, or give the admin address of the balancer with --admin',
      source: 'configuration',
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
