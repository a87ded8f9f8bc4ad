/** `ballast address …` as the command line knows it. */
import type { Command } from 'commander';
import { addAdminOptions, adminChoice, type AdminFlags } from './admin-options.ts';

const HELP = `
Examples:
  ballast address status ballast.yaml         who has the addresses, and why
  ballast address explain ballast.yaml        who would have them if something failed
  ballast address move front ballast.yaml     give them to another node, losing nothing
`;

const MOVE_HELP = `
The node that takes over serves before this one lets go. Exits 1 where no other node takes the
addresses within a second: they stay here then. Where this node is not active, nothing is done.
`;

type Options = AdminFlags & { readonly json?: boolean };

/** Adds `address status`, `address explain` and `address move`. */
export function addAddressCommands(program: Command): void {
  const address = program
    .command('address')
    .description('floating addresses: look at them, move them')
    .addHelpText('after', HELP);
  const add = (usage: string, summary: string): Command =>
    addAdminOptions(address.command(usage).description(summary)).option(
      '--json',
      'print it as JSON',
    );
  add('status [file]', 'say who has the addresses, and why').action(
    async (file: string | undefined, options: Options) => {
      const { addressStatus } = await import('./address.ts');
      await addressStatus({ ...adminChoice(file, options), isJson: options.json === true });
    },
  );
  add('explain [file]', 'say who would have the addresses if something failed').action(
    async (file: string | undefined, options: Options) => {
      const { addressExplain } = await import('./address.ts');
      await addressExplain({ ...adminChoice(file, options), isJson: options.json === true });
    },
  );
  add('move <name> [file]', 'give addresses to another node')
    .addHelpText('after', MOVE_HELP)
    .action(async (name: string, file: string | undefined, options: Options) => {
      const { addressMove } = await import('./address.ts');
      await addressMove({ ...adminChoice(file, options), name, isJson: options.json === true });
    });
}
