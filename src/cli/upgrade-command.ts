/** `ballast upgrade` as the command line knows it. */
import type { Command } from 'commander';
import { addAdminOptions, adminChoice, type AdminFlags } from './admin-options.ts';
import { parseTime } from './time-option.ts';

const UPGRADE_HELP = `
The running balancer starts the program that is on the disk now, at the path and with the arguments
that it was started with, hands over its listening sockets and what it knows of the servers, and ends
when its own connections have, after "drain" at the latest. Nothing is refused meanwhile. Where the
new program is not ready in time, it is ended, and nothing has changed: exits 1 and says why.
FILE only tells where the balancer's admin address is; without FILE and --admin it is
unix:/run/ballast/admin.sock.

Examples:
  ballast upgrade ballast.yaml
  ballast upgrade --admin 127.0.0.1:9900 --timeout 2m
`;

type Options = AdminFlags & { readonly timeout?: number };

/** Adds `upgrade`. */
export function addUpgradeCommand(program: Command): void {
  const summary = 'hand over to the version that is installed now';
  addAdminOptions(program.command('upgrade [file]').description(summary))
    .option(
      '--timeout <time>',
      'time that the new program has to be ready, 60s by default',
      parseTime,
    )
    .addHelpText('after', UPGRADE_HELP)
    .action(async (file: string | undefined, options: Options) => {
      const { upgrade } = await import('./upgrade.ts');
      await upgrade({ ...adminChoice(file, options), timeoutMs: options.timeout });
    });
}
