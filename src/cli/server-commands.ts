/** The commands that act on servers of a running balancer, as the command line knows them. */
import { InvalidArgumentError, type Command } from 'commander';
import { addAdminOptions, adminChoice, type AdminFlags } from './admin-options.ts';
import type { ServerChoice } from './change-servers.ts';
import { parseTime } from './time-option.ts';

/** Greatest weight of a server. */
const WEIGHT_MAX = 256;
/** `ballast drain --wait` without --timeout, in ms. */
export const DRAIN_WAIT_MS = 60_000;

const SERVER_HELP = `
A server is written POOL/SERVER as "ballast status" shows it; "*" stands for any characters
("web/*"; quote it for the shell). What is asked for holds through reloads and deaths of workers, and
over a restart where the configuration has "state".
`;

const DRAIN_HELP = `
Nothing new is sent to the server; requests and sessions that it has go on, and so does its check.
With --wait, returns when nothing is left on it, and exits 1 where something is after the time-out
(it stays drained). "ballast ready" ends it.
${SERVER_HELP}
Examples:
  ballast drain web/10.0.0.11:8080
  ballast drain pg/db1 ballast.yaml --wait --timeout 5m && systemctl restart postgresql
`;

const MAINTENANCE_HELP = `
As "ballast drain", and its check stops too. Where its pool has "onDown: close", sessions and tunnels
on it are closed. "ballast ready" ends it; the check then begins anew.
${SERVER_HELP}`;

const READY_HELP = `
Ends drain and maintenance; a weight set by "ballast weight" stays.
${SERVER_HELP}`;

const WEIGHT_HELP = `
WEIGHT is 0 to ${WEIGHT_MAX}, or "default" for that of the configuration. 0 takes nothing new.
${SERVER_HELP}
Examples:
  ballast weight web/big 5
  ballast weight web/big default
`;

type Options = AdminFlags & { readonly json?: boolean };
type DrainOptions = Options & { readonly wait?: boolean; readonly timeout?: number };

/** Adds `drain`, `ready`, `maintenance` and `weight`. */
export function addServerCommands(program: Command): void {
  command(program, 'drain <server> [file]', 'send nothing new to a server', DRAIN_HELP)
    .option('--wait', 'return when nothing is left on it')
    .option('--timeout <time>', 'longest wait, 60s where none is given', parseTime)
    .action(async (server: string, file: string | undefined, options: DrainOptions) => {
      const { drain } = await import('./drain.ts');
      const waits = options.wait === true || options.timeout !== undefined;
      const waitMs = waits ? (options.timeout ?? DRAIN_WAIT_MS) : null;
      await drain({ ...choiceOf(server, file, options), waitMs });
    });
  command(
    program,
    'ready <server> [file]',
    'end drain and maintenance of a server',
    READY_HELP,
  ).action(async (server: string, file: string | undefined, options: Options) => {
    await (await import('./ready.ts')).ready(choiceOf(server, file, options));
  });
  command(program, 'maintenance <server> [file]', 'take a server out', MAINTENANCE_HELP).action(
    async (server: string, file: string | undefined, options: Options) => {
      await (await import('./maintenance.ts')).maintenance(choiceOf(server, file, options));
    },
  );
  command(program, 'weight <server>', 'give a server another weight', WEIGHT_HELP)
    .argument('<weight>', '', parseWeight)
    .argument('[file]')
    .action(async (server: string, value: number | null, file?: string, options: Options = {}) => {
      const { weight } = await import('./weight.ts');
      await weight({ ...choiceOf(server, file, options), weight: value });
    });
}

function command(program: Command, usage: string, summary: string, help: string): Command {
  return addAdminOptions(program.command(usage).description(summary))
    .option('--json', 'print what was done as JSON')
    .addHelpText('after', help);
}

function choiceOf(server: string, file: string | undefined, options: Options): ServerChoice {
  return { ...adminChoice(file, options), server, isJson: options.json === true };
}

/** A weight, or null for `default`. */
function parseWeight(text: string): number | null {
  if (text === 'default') return null;
  const weight = /^\d{1,4}$/.test(text) ? Number(text) : WEIGHT_MAX + 1;
  if (weight <= WEIGHT_MAX) return weight;
  throw new InvalidArgumentError(`Allowed are 0 to ${WEIGHT_MAX}, and "default".`);
}
