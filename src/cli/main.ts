/** The program: reads the command line and runs one command, loading only what that one needs. */
import { Command, CommanderError } from 'commander';
import { BallastError } from '../base/errors.ts';
import { addAddressCommands } from './address-commands.ts';
import { addConfigCommands } from './config-commands.ts';
import { addAdminOptions, adminChoice, type AdminFlags } from './admin-options.ts';
import { EXIT } from './exit-codes.ts';
import { errorText } from './print.ts';
import { addLabCommands } from './lab-commands.ts';
import { addServerCommands } from './server-commands.ts';
import { addUpgradeCommand } from './upgrade-command.ts';
import { productVersion } from './version.ts';

const EXAMPLES = `
Examples:
  ballast demo                       see a balancer at work, nothing to configure
  ballast check ballast.yaml         all mistakes of a configuration, in one run
  ballast doctor ballast.yaml        what of this machine stands in the way
  ballast run ballast.yaml           balance until SIGTERM
  ballast status ballast.yaml        servers, workers, requests, as a table
  ballast reload ballast.yaml        put the changed file in force
  ballast rollback ballast.yaml      go back to the configuration before
  ballast upgrade ballast.yaml       hand over to the version that is installed now
  ballast drain web/10.0.0.11:8080   send nothing new to a server
  ballast address status ballast.yaml  who has the floating addresses, and why

Exit codes:
  0  done
  1  the configuration has mistakes, what was asked for was refused, or doctor found a problem
  2  the command line is wrong
  3  no balancer answers at the admin address
  70 the supervisor met an error of its own and ended; its workers go on serving
`;

const RUN_HELP = `
One line "ready" with the addresses is written to standard output once every listener accepts; the
log goes to standard error, as JSON unless that is a terminal.

Signals:
  SIGHUP            reads FILE again; a file with mistakes changes nothing
  SIGTERM, SIGINT   accepts no more, lets requests finish for up to "drain" (30 s), exits 0
  a second one      exits now
  SIGUSR1           opens the access log file anew (after logrotate has renamed it)
  SIGUSR2           hands over to the program that is on the disk now, as "ballast upgrade" does

Example:
  ballast run /etc/ballast/ballast.yaml
`;

const STATUS_HELP = `
Where to ask is read from FILE, or given with --admin; without both it is
unix:/run/ballast/admin.sock, the default of a configuration.

Examples:
  ballast status ballast.yaml
  ballast status --admin 127.0.0.1:9900
  ballast status --admin unix:/run/ballast/admin.sock --json
`;

const CHECK_HELP = `
Prints every mistake with file, line and column, what is allowed there, and the line itself. Exits 0
when the file can be run (warnings do not count), else 1.

Example:
  ballast check ballast.yaml && ballast reload ballast.yaml
`;

const DOCTOR_HELP = `
Looks at kernel parameters, limits, addresses, files, folders, disks and clocks, and says of each
that is not as it should be: its value and the one wanted, why it matters, and the line that mends
it. With FILE it knows what the configuration needs. Changes nothing, and needs no root; run it as
the user that Ballast runs as. Exits 1 where there is a problem, else 0: advice does not count.

Examples:
  ballast doctor
  ballast doctor /etc/ballast/ballast.yaml
  ballast doctor ballast.yaml --json
`;

const DEMO_HELP = `
Starts three sample servers and a balancer before them on loopback, sends a little traffic, and lets
one server fail and heal now and then. Prints the addresses to open. Ctrl-C ends all of it.
`;

function build(): Command {
  const program = new Command('ballast')
    .description('A fault-tolerant load balancer for bare metal and Kubernetes.')
    .version(productVersion(), '-V, --version', 'print the version')
    .helpOption('-h, --help', 'print help')
    .helpCommand('help [command]', 'print help of a command')
    .addHelpText('after', EXAMPLES)
    .showHelpAfterError('(ballast --help says what there is)')
    .exitOverride();
  program
    .command('run <file>')
    .description('balance as the configuration FILE says, until SIGTERM')
    .addHelpText('after', RUN_HELP)
    .action(async (file: string) => (await import('./run.ts')).run(file));
  program
    .command('check <file>')
    .description('print all mistakes of a configuration')
    .addHelpText('after', CHECK_HELP)
    .action(async (file: string) => (await import('./check.ts')).check(file));
  program
    .command('doctor [file]')
    .description('say what of this machine stands in the way, and how to mend it')
    .option('--json', 'print all of it as JSON')
    .addHelpText('after', DOCTOR_HELP)
    .action(async (file: string | undefined, options: { json?: boolean }) => {
      await (await import('./doctor.ts')).doctor({ file, isJson: options.json === true });
    });
  const summary = 'print what a running balancer does';
  addAdminOptions(program.command('status [file]').description(summary))
    .option('--json', 'print all of it as JSON')
    .addHelpText('after', STATUS_HELP)
    .action(async (file: string | undefined, options: AdminFlags & { json?: boolean }) => {
      const { status } = await import('./status.ts');
      await status({ ...adminChoice(file, options), isJson: options.json === true });
    });
  addConfigCommands(program);
  addUpgradeCommand(program);
  addServerCommands(program);
  addAddressCommands(program);
  addLabCommands(program);
  program
    .command('demo')
    .description('show a balancer at work on this machine')
    .addHelpText('after', DEMO_HELP)
    .action(async () => (await import('./demo/demo.ts')).demo());
  program
    .command('version')
    .description('print the version')
    .action(() => void process.stdout.write(`ballast ${productVersion()}\n`));
  return program;
}

/** Who reads what is printed may have seen enough (`| head`): these go on, all others end. */
const GOES_ON: ReadonlySet<string> = new Set(['run', 'lab', 'demo']);
process.stdout.on('error', () => {
  if (!GOES_ON.has(process.argv[2] ?? '')) process.exit();
});

try {
  await build().parseAsync();
} catch (error) {
  if (error instanceof CommanderError) {
    // Commander has said what was wrong, or printed the help that was asked for.
    process.exitCode = error.exitCode === 0 ? EXIT.ok : EXIT.usage;
  } else {
    process.stderr.write(errorText(error));
    const isUnreachable = error instanceof BallastError && error.code === 'BAL_ADMIN_UNREACHABLE';
    process.exitCode = isUnreachable ? EXIT.unreachable : EXIT.refused;
  }
}
