/** The commands that change the configuration of a running balancer, as the command line knows them. */
import { InvalidArgumentError, type Command } from 'commander';
import { addAdminOptions, adminChoice, type AdminFlags } from './admin-options.ts';

const RELOAD_HELP = `
Asks the running balancer to read its own configuration file again. FILE only tells where the
balancer's admin address is; without FILE and --admin it is unix:/run/ballast/admin.sock.
Exits 0 when the file is in force in all workers, 1 when nothing was changed, and says why. Where
FILE has mistakes they are printed and nothing is asked of the balancer.

With --dry-run nothing is changed: it prints what would be, and what that means for connections.
Exits 0 when the file would be accepted, 1 when it would be refused.

Examples:
  ballast reload ballast.yaml
  ballast reload --dry-run --admin 127.0.0.1:9900
`;

const HISTORY_HELP = `
The last ten configurations that were in force, the newest first: number, digest, since when, and
who put it in force. With "state" in the configuration they are kept over restarts.

Example:
  ballast history ballast.yaml
`;

const ROLLBACK_HELP = `
Puts the configuration before the present one in force, or the one with NUMBER of "ballast history".
It gets a new number; another "ballast rollback" thus goes forth again. The file is not written:
until it is, "ballast status" says that it is not what is in force, and a reload or a restart puts
the file in force. With --write it is written, too, and what it held is kept beside it (.replaced).

Examples:
  ballast rollback
  ballast rollback 7 ballast.yaml --write
`;

type Options = AdminFlags & { readonly json?: boolean };

type RollbackOptions = Options & { readonly write?: boolean };

/** Adds `reload`, `history` and `rollback`. */
export function addConfigCommands(program: Command): void {
  command(program, 'reload [file]', 'put the changed configuration in force', RELOAD_HELP)
    .option('--dry-run', 'print what would change, and change nothing')
    .action(async (file: string | undefined, options: Options & { dryRun?: boolean }) => {
      const { reload } = await import('./reload.ts');
      await reload({ ...choiceOf(file, options), isDryRun: options.dryRun === true });
    });
  command(program, 'history [file]', 'list the last configurations', HISTORY_HELP).action(
    async (file: string | undefined, options: Options) => {
      await (await import('./history.ts')).history(choiceOf(file, options));
    },
  );
  command(program, 'rollback', 'put an earlier configuration in force', ROLLBACK_HELP)
    .argument('[number]', 'its number; the one before the present one where none is given')
    .argument('[file]')
    .option('--write', 'write it to the configuration file, too')
    .action(async (given?: string, named?: string, options: RollbackOptions = {}) => {
      const { number, file } = numberAndFile(given, named);
      const { rollback } = await import('./rollback.ts');
      await rollback({ ...choiceOf(file, options), number, writes: options.write === true });
    });
}

function command(program: Command, usage: string, summary: string, help: string): Command {
  return addAdminOptions(program.command(usage).description(summary))
    .option('--json', 'print the answer as JSON')
    .addHelpText('after', help);
}

function choiceOf(file: string | undefined, options: Options) {
  return { ...adminChoice(file, options), isJson: options.json === true };
}

/** `7 ballast.yaml`, `7`, `ballast.yaml` or nothing. */
function numberAndFile(first?: string, second?: string): { number: number | null; file?: string } {
  if (first === undefined) return { number: null };
  if (/^\d{1,15}$/.test(first)) return { number: Number(first), ...fileOf(second) };
  if (second === undefined) return { number: null, file: first };
  throw new InvalidArgumentError(`"${first}" is not a number: write NUMBER before FILE.`);
}

function fileOf(file: string | undefined): { file?: string } {
  return file === undefined ? {} : { file };
}
