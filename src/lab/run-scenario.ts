/** One scenario with one contender: build, probe, fault, look, remove. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ChildProcess } from 'node:child_process';
import { createInterface } from 'node:readline';
import { SERVICE, type Contender, type Setting } from './contenders/contender.ts';
import { figuresOf, type Figures } from './figures.ts';
import type { ProbeResult } from './probe-result.ts';
import type { Scenario } from './scenarios.ts';
import { TwoSided } from './two-sided.ts';

const NODE = [process.execPath, '--disable-warning=ExperimentalWarning'];
const script = (name: string): string => new URL(name, import.meta.url).pathname;
/** Before the fault all is well for so long, in ms. */
const CALM_MS = 1_500;
const SETTLE_MS = 1_500;
const ACTIVE_LIMIT_MS = 15_000;

export type RunOptions = {
  /** Established connections of each kind. */
  readonly each: number;
  /** How long it is watched; null: as the scenario has it. */
  readonly watchMs: number | null;
  readonly say: (text: string) => void;
};

export type Run = {
  readonly figures: Figures;
  readonly result: ProbeResult;
  readonly faultMs: number;
};

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/** What is to be removed if the program is ended meanwhile. */
const open = new Set<Setting>();

/** Removes every host that is there. Called when the program is interrupted, too. */
export function removeHosts(): void {
  for (const setting of open) remove(setting);
}

/** Gives `run` hosts and a folder, and removes both. */
export async function withSetting<T>(run: (setting: Setting) => Promise<T>): Promise<T> {
  const setting = { network: new TwoSided(), folder: mkdtempSync(join(tmpdir(), 'ballast-lab-')) };
  open.add(setting);
  try {
    return await run(setting);
  } finally {
    remove(setting);
  }
}

function remove(setting: Setting): void {
  setting.network.close();
  rmSync(setting.folder, { recursive: true, force: true });
  open.delete(setting);
}

/** Runs it once. Throws where the contender cannot be started. */
export function runScenario(
  scenario: Scenario,
  contender: Contender,
  options: RunOptions,
): Promise<Run> {
  return withSetting((setting) => runIn(setting, scenario, contender, options));
}

async function runIn(
  setting: Setting,
  scenario: Scenario,
  contender: Contender,
  options: RunOptions,
): Promise<Run> {
  const { network } = setting;
  const { each, say } = options;
  const watchMs = options.watchMs ?? scenario.watchMs;
  const timers: NodeJS.Timeout[] = [];
  try {
    scenario.prepare?.(setting);
    await startServers(network);
    if (scenario.startsCold === true) return await coldStart(scenario, contender, setting);
    say('starts both nodes');
    await contender.start(setting, 'lb1');
    await untilOwner(network, 'lb1');
    await contender.start(setting, 'lb2');
    await pause(SETTLE_MS);
    const probe = await Probe.start(network, each);
    await pause(CALM_MS);
    say(`${scenario.title}: watches for ${watchMs / 1_000} s`);
    const faultMs = probe.nowMs();
    const after = (ms: number, act: () => void): void => {
      timers.push(setTimeout(act, ms));
    };
    scenario.fault({ setting, contender, after });
    await pause(watchMs);
    network.setRules('');
    const result = await probe.end();
    return { figures: figuresOf(result, faultMs - 100), result, faultMs };
  } finally {
    for (const timer of timers) clearTimeout(timer);
  }
}

/** From nothing to an answer: there is no connection that could be lost. */
async function coldStart(scenario: Scenario, contender: Contender, setting: Setting): Promise<Run> {
  const probe = await Probe.start(setting.network, 0);
  const faultMs = probe.nowMs();
  await Promise.all(['lb1', 'lb2'].map((node) => contender.start(setting, node)));
  const startedMs = probe.nowMs();
  await pause(scenario.watchMs);
  const result = await probe.end();
  // What the programs need to start is not what is compared: the clock begins when they run.
  return { figures: figuresOf(result, startedMs), result, faultMs };
}

/** Starts the servers, and waits until they listen. */
export async function startServers(network: TwoSided): Promise<void> {
  const ready = network.servers.map(async (name) => {
    const child = network.start(name, [...NODE, script('server.ts'), name], {
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    await nextLine(child);
  });
  await Promise.all(ready);
}

/** Waits until a node has the address. Throws where it does not get it. */
export async function untilOwner(network: TwoSided, node: string): Promise<void> {
  const untilMs = performance.now() + ACTIVE_LIMIT_MS;
  while (!network.owners(SERVICE).includes(node)) {
    if (performance.now() > untilMs) throw new Error(`${node} has not become active in time`);
    await pause(50);
  }
}

class Probe {
  readonly #child: ChildProcess;
  readonly #lines: AsyncIterator<string>;
  #beganMs = 0;

  private constructor(child: ChildProcess) {
    this.#child = child;
    this.#lines = createInterface({ input: child.stdout! })[Symbol.asyncIterator]();
  }

  static async start(network: TwoSided, each: number): Promise<Probe> {
    const child = network.start('client', [...NODE, script('probe.ts'), SERVICE, String(each)], {
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    const probe = new Probe(child);
    const line = String((await probe.#lines.next()).value);
    probe.#beganMs = Number(/^open ([\d.]+)$/.exec(line)?.[1]);
    if (Number.isNaN(probe.#beganMs)) throw new Error('the probe has not begun');
    return probe;
  }

  /** By the probe's clock. */
  nowMs(): number {
    return performance.timeOrigin + performance.now() - this.#beganMs;
  }

  async end(): Promise<ProbeResult> {
    this.#child.stdin!.end();
    const line = await this.#lines.next();
    return JSON.parse(String(line.value)) as ProbeResult;
  }
}

async function nextLine(child: ChildProcess): Promise<void> {
  await createInterface({ input: child.stdout! })[Symbol.asyncIterator]().next();
}
