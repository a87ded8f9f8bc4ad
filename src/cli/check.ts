/** `ballast check`: all mistakes of a configuration. */
import { readConfig } from './config-file.ts';
import { EXIT } from './exit-codes.ts';

/** Prints diagnostics to standard error and a summary to standard output. */
export async function check(file: string): Promise<void> {
  const { plan, diagnostics, text } = await readConfig(file);
  process.stderr.write(text);
  if (plan === null) {
    const errors = diagnostics.filter(({ severity }) => severity === 'error').length;
    process.stdout.write(`${file}: ${counted(errors, 'mistake')}\n`);
    process.exitCode = EXIT.refused;
    return;
  }
  const routes = plan.listeners.reduce((sum, listener) => sum + listener.routes.length, 0);
  const servers = plan.pools.reduce((sum, pool) => sum + pool.servers.length, 0);
  const what = [
    counted(plan.listeners.length, 'listener'),
    counted(routes, 'route'),
    counted(plan.pools.length, 'pool'),
    counted(servers, 'server'),
  ];
  process.stdout.write(`${file}: good: ${what.join(', ')}\n`);
}

function counted(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? '' : 's'}`;
}
