/** The lab without root: as root of a user namespace of its own. */
import { spawn } from 'node:child_process';
import { BallastError } from '../base/errors.ts';
import { sweepNamespaces } from './network.ts';
import { removeHosts } from './run-scenario.ts';

/** Set in the copy of the program that runs in a user namespace. */
const INSIDE = 'BALLAST_LAB_INSIDE';
const ENDING = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/**
 * Runs `work` where hosts can be made: here, for root; else a copy of the whole program in a user
 * namespace. Hosts are removed when it is interrupted, and those of a run that was killed before.
 */
export async function withHosts(work: () => Promise<void>): Promise<void> {
  if (process.getuid?.() !== 0 && process.env[INSIDE] === undefined) {
    process.exitCode = await inUserNamespace();
    return;
  }
  for (const signal of ENDING) process.once(signal, () => interrupted());
  sweepNamespaces();
  await work();
}

function interrupted(): void {
  process.stderr.write('interrupted: removes the hosts\n');
  removeHosts();
  process.exit(130);
}

/** As root of a user namespace of its own: with its own mounts, so that /run can be written to. */
function inUserNamespace(): Promise<number> {
  const setUp = 'mount -t tmpfs tmpfs /run && mount -t sysfs sysfs /sys 2>/dev/null; exec "$@"';
  const own = [process.execPath, ...process.execArgv, ...process.argv.slice(1)];
  const args = ['-r', '-n', '-m', 'sh', '-c', setUp, 'sh', ...own];
  const child = spawn('unshare', args, {
    stdio: 'inherit',
    env: { ...process.env, [INSIDE]: '1' },
  });
  for (const signal of ENDING) process.on(signal, () => child.kill(signal));
  return new Promise((resolve, reject) => {
    child.once('exit', (code) => resolve(code ?? 1));
    child.once('error', (error) => {
      reject(
        new BallastError('BAL_LAB_NAMESPACES', `cannot make a user namespace: ${error.message}`, {
          hint: 'run it as root, or allow user namespaces (kernel.unprivileged_userns_clone=1)',
        }),
      );
    });
  });
}
