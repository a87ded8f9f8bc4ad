/** `ballast lab demo`: two balancers of which the active one dies every few seconds, and who notices. */
import type { ChildProcess } from 'node:child_process';
import { createInterface } from 'node:readline';
import { BALLAST_KERNEL } from './contenders/ballast.ts';
import { SERVICE, type Setting } from './contenders/contender.ts';
import { signal } from './contenders/processes.ts';
import { reportLine, type DemoReport } from './demo-report.ts';
import { ip, pidsIn } from './network.ts';
import { withSetting, startServers, untilOwner } from './run-scenario.ts';
import { INSIDE } from './two-sided.ts';
import { withHosts } from './user-namespace.ts';

const NODE = [process.execPath, '--disable-warning=ExperimentalWarning'];
const CLIENT = new URL('demo-client.ts', import.meta.url).pathname;
const CONNECTIONS = 100;
/** From a fault to the verdict: new connections try again after a second. */
const VERDICT_MS = 2_500;

export type DemoChoice = {
  /** Deaths after which it ends; 0: it goes on until it is interrupted. */
  readonly rounds: number;
  readonly everyMs: number;
};

type Death = { readonly what: string; readonly act: (setting: Setting, node: string) => void };

const all = ({ network }: Setting, node: string): readonly number[] =>
  pidsIn(network.host(node).netns);

const DEATHS: readonly Death[] = [
  {
    what: 'loses power',
    act: (setting, node) => {
      setting.network.cutPower(node);
      signal(all(setting, node), 'SIGKILL');
    },
  },
  {
    what: 'has all its processes killed (kill -9)',
    act: (setting, node) => signal(all(setting, node), 'SIGKILL'),
  },
  {
    what: 'hangs with all its processes (kill -STOP)',
    act: (setting, node) => signal(all(setting, node), 'SIGSTOP'),
  },
];

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/** Runs it. Sets exit code 1 where a connection was lost. */
export function runDemo(choice: DemoChoice): Promise<void> {
  return withHosts(() => withSetting((setting) => new Demo(setting, choice).run()));
}

class Demo {
  readonly #setting: Setting;
  readonly #choice: DemoChoice;
  readonly #beganMs = performance.now();
  readonly #isTerminal = process.stdout.isTTY;
  #last: DemoReport = { open: 0, lost: 0, opened: 0, failed: 0, gapMs: 0 };
  #gapMs = 0;

  constructor(setting: Setting, choice: DemoChoice) {
    this.#setting = setting;
    this.#choice = choice;
  }

  async run(): Promise<void> {
    const { network } = this.#setting;
    this.#say('builds a client, two balancers and four servers, each on a host of its own');
    await startServers(network);
    for (const node of ['lb1', 'lb2']) await BALLAST_KERNEL.start(this.#setting, node);
    await untilOwner(network, 'lb1');
    const heard = this.#startClient();
    await heard;
    this.#say(`lb1 has ${SERVICE}: ${reportLine(this.#last)}`);
    for (let round = 0; this.#choice.rounds === 0 || round < this.#choice.rounds; round++) {
      await pause(Math.max(0, this.#choice.everyMs - VERDICT_MS));
      await this.#die(DEATHS[round % DEATHS.length]!);
    }
    if (this.#last.lost > 0) process.exitCode = 1;
    this.#say(`ends: ${reportLine(this.#last)}`);
  }

  async #die({ what, act }: Death): Promise<void> {
    const { network } = this.#setting;
    const [active, backup] = network.owners(SERVICE).includes('lb1')
      ? (['lb1', 'lb2'] as const)
      : (['lb2', 'lb1'] as const);
    this.#say(`${active} ${what}`);
    this.#gapMs = 0;
    act(this.#setting, active);
    await untilOwner(network, backup);
    await pause(VERDICT_MS);
    const seconds = (this.#gapMs / 1_000).toFixed(2);
    this.#say(`${backup} has the address; longest silence ${seconds} s; ${reportLine(this.#last)}`);
    await this.#revive(active);
    this.#say(`${active} is back, as a backup`);
  }

  /** As after a reboot: nothing of it is left, and it starts anew. */
  async #revive(node: string): Promise<void> {
    const { network } = this.#setting;
    signal(all(this.#setting, node), 'SIGKILL');
    const { netns } = network.host(node);
    for (const [device, address] of [
      ['eth0', SERVICE],
      ['eth1', INSIDE.ipv4],
    ] as const) {
      ip(['-n', netns, 'addr', 'flush', 'dev', device, 'to', `${address}/32`]);
    }
    network.run(node, 'nft', 'flush', 'ruleset');
    network.restorePower(node);
    await BALLAST_KERNEL.start(this.#setting, node);
  }

  #startClient(): Promise<void> {
    const child: ChildProcess = this.#setting.network.start(
      'client',
      [...NODE, CLIENT, SERVICE, String(CONNECTIONS)],
      { stdio: ['ignore', 'pipe', 'inherit'] },
    );
    return new Promise((resolve) => {
      createInterface({ input: child.stdout! }).on('line', (line) => {
        this.#last = JSON.parse(line) as DemoReport;
        this.#gapMs = Math.max(this.#gapMs, this.#last.gapMs);
        if (this.#isTerminal) process.stdout.write(`\r\x1b[K         ${reportLine(this.#last)}`);
        resolve();
      });
    });
  }

  #say(text: string): void {
    const seconds = ((performance.now() - this.#beganMs) / 1_000).toFixed(1);
    const start = this.#isTerminal ? '\r\x1b[K' : '';
    process.stdout.write(`${start}${seconds.padStart(6)} s  ${text}\n`);
  }
}
