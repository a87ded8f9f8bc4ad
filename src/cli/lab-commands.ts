/** `ballast lab …` as the command line knows it. */
import { InvalidArgumentError, type Command } from 'commander';

const HELP = `
Builds hosts in network namespaces (a client, two balancers, four servers), lets something fail, and
measures what clients see: new connections every 10 ms, established ones, who answers for the
address. Removes all of it afterwards, also after Ctrl-C. Root, or a user namespace, is needed.
Contenders that are not installed are named and left out.

Examples:
  ballast lab list
  ballast lab run power-loss
  ballast lab run agent-hung --contender ballast --contender haproxy-tuned
  ballast lab compare --runs 3 --out build/lab
  ballast lab demo
`;

const DEMO_HELP = `
A hundred connections go through the kernel of the active balancer (mode: kernel) and stay; new ones
come all the time. In turn it loses power, is killed, or hangs; the other one takes over. Exits 1
where a connection was lost.
`;

type Options = {
  readonly contender: readonly string[];
  readonly only?: readonly string[];
  readonly runs: number;
  readonly connections: number;
  readonly watch?: number;
  readonly json?: boolean;
  readonly out?: string;
};

const collect = (value: string, before: readonly string[]): readonly string[] => [...before, value];

function count(value: string): number {
  const number = Number(value);
  if (Number.isInteger(number) && number >= 1 && number <= 1_000) return number;
  throw new InvalidArgumentError('a whole number from 1 to 1000 is needed');
}

function wholeNumber(value: string): number {
  const number = Number(value);
  if (Number.isInteger(number) && number >= 0 && number <= 1_000_000) return number;
  throw new InvalidArgumentError('a whole number is needed');
}

/** Adds `lab list`, `lab run`, `lab compare` and `lab demo`. */
export function addLabCommands(program: Command): void {
  const lab = program
    .command('lab')
    .description('let balancers fail on purpose, and measure it')
    .addHelpText('after', HELP);
  lab
    .command('list')
    .description('name all scenarios and contenders')
    .action(async () => (await import('../lab/lab.ts')).listLab());
  add(lab.command('run <scenario>').description('run one scenario')).action(
    async (scenario: string, options: Options) => run([scenario], options),
  );
  add(lab.command('compare').description('run scenarios with all contenders'))
    .option('--only <scenario>', 'this one alone; may be given again', collect, [])
    .action(async (options: Options) => run(options.only ?? [], options));
  addDemo(lab);
}

/** Adds `lab demo`. */
function addDemo(lab: Command): void {
  lab
    .command('demo')
    .description('two balancers of which the active one dies every few seconds, and who notices')
    .option('--rounds <n>', 'deaths after which it ends; 0: Ctrl-C ends it', wholeNumber, 0)
    .option('--every <seconds>', 'from one to the next', wholeNumber, 6)
    .addHelpText('after', DEMO_HELP)
    .action(async ({ rounds, every }: { readonly rounds: number; readonly every: number }) => {
      const { runDemo } = await import('../lab/demo.ts');
      await runDemo({ rounds, everyMs: every * 1_000 });
    });
}

function add(command: Command): Command {
  return command
    .option('--contender <name>', 'this one alone; may be given again', collect, [])
    .option('--runs <n>', 'how often; the middle one counts', count, 1)
    .option('--connections <n>', 'established connections of each kind', count, 50)
    .option('--watch <seconds>', 'how long to look; left out: as the scenario has it', count)
    .option('--json', 'print the data as JSON')
    .option('--out <folder>', 'write the report there: HTML, Markdown and JSON');
}

async function run(scenarios: readonly string[], options: Options): Promise<void> {
  const { runLab } = await import('../lab/lab.ts');
  await runLab({
    scenarios,
    contenders: options.contender,
    runs: options.runs,
    each: options.connections,
    watchMs: options.watch === undefined ? null : options.watch * 1_000,
    isJson: options.json === true,
    out: options.out ?? null,
  });
}
