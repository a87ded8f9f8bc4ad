/** Random histories of a cluster, and what must hold in each of them. */
import type { ElectionOptions } from './words.ts';
import { LEASE_MS, seeded, Simulation, type Rng, type SimNode } from './simulation-testkit.ts';

/** Faults happen until here; then all is repaired. */
const FAULTS_END_MS = 6_000;
/** Within so long after the repair there is one owner, and stays one. */
export const SETTLE_MS = 3_000;
const END_MS = FAULTS_END_MS + SETTLE_MS + 1_000;
/**
 * Longest time that two nodes which can hear each other both have the address: the lease of one
 * that cannot let it go, and the time in which the other has found it gone or dead.
 */
export const TWO_OWNERS_MS_MAX = LEASE_MS + 500;

/**
 * The same where the guardians of both run and hear each other, and none is about to leave: a
 * claimant that does not hear the active one is believed after eight of its advertisements, and
 * some may be lost.
 */
export const TWO_RUNNING_INTERVALS_MAX = 14;
export const TWO_RUNNING_MS_MAX = 300;

/**
 * Longest time without an owner while all nodes are well and hear each other: from the first moment
 * of that on, with intervals of 100 ms and four misses.
 */
export const NO_OWNER_MS_MAX = 1_000;

export type Verdict = {
  readonly seed: number;
  /** "" when all is well. */
  readonly fault: string;
  readonly log: readonly string[];
  readonly longestTwoMs: number;
  readonly longestNoneMs: number;
};

type Pick = <T>(list: readonly T[]) => T;

/** One history of `seed`, from its start to its end. */
export function runHistory(seed: number): Verdict {
  const rng = seeded(seed ^ 0x5bd1e995);
  const pick: Pick = (list) => list[Math.floor(rng() * list.length)]!;
  const sim = new Simulation(seed, options(rng, pick));
  sim.hasWitness = rng() < 0.7;
  const log: string[] = [];
  const watch = new OwnerWatch(sim);
  sim.onOwners = (owners, nowMs) => watch.look(owners, nowMs);
  for (const node of sim.nodes) sim.at(rng() * 300, () => sim.start(node));
  const faults = 1 + Math.floor(rng() * 6);
  for (let i = 0; i < faults; i++) {
    const atMs = 600 + rng() * (FAULTS_END_MS - 700);
    sim.at(atMs, () => log.push(`${atMs.toFixed(1)} ${strike(sim, rng, pick)}`));
  }
  sim.at(FAULTS_END_MS, () => repair(sim));
  sim.runUntil(END_MS);
  const all = [...log, ...sim.nodes.flatMap((node) => node.log)];
  all.sort((a, b) => Number.parseFloat(a) - Number.parseFloat(b));
  const { fault, longestTwoMs, longestNoneMs } = watch;
  return { seed, fault, log: all, longestTwoMs, longestNoneMs };
}

function options(rng: Rng, pick: Pick): ElectionOptions[] {
  const intervalMs = pick([20, 50, 100, 100]);
  const preempt = rng() < 0.25;
  const count = pick([2, 3]);
  return Array.from({ length: count }, () => ({
    peers: Array.from({ length: count }, (_, i) => String(i)),
    priority: pick([100, 100, 120, 150, 254]),
    intervalMs,
    misses: intervalMs === 20 ? 8 : pick([3, 4]),
    preempt,
    preemptDelayMs: 0,
  }));
}

/** Each undoes itself after a while, or at the repair. */
function strike(sim: Simulation, rng: Rng, pick: Pick): string {
  const node = pick(sim.nodes);
  const name = `node${node.index}`;
  const lastsMs = 20 + rng() * rng() * 4_000;
  const later = (run: () => void): void => sim.at(sim.nowMs + lastsMs, run);
  const forHowLong = `for ${lastsMs.toFixed(0)} ms`;
  switch (Math.floor(rng() * 12)) {
    case 0:
      sim.powerOff(node);
      later(() => powerOn(sim, node));
      return `power of ${name} lost ${forHowLong}`;
    case 1: {
      const downMs = 20 + rng() * 200;
      sim.kill(node);
      sim.at(sim.nowMs + downMs, () => sim.start(node));
      return `guardian of ${name} killed for ${downMs.toFixed(0)} ms`;
    }
    case 2:
      sim.stopProcess(node);
      later(() => sim.resumeProcess(node));
      return `guardian of ${name} stopped ${forHowLong}`;
    case 3:
    case 4: {
      const from = node.index;
      const to = pick(sim.links[from]!.map((_, i) => i).filter((i) => i !== from));
      sim.links[from]![to]!.isCut = true;
      later(() => (sim.links[from]![to]!.isCut = false));
      return `frames from ${from} to ${to} lost ${forHowLong}`;
    }
    case 5:
      for (let i = 0; i < sim.links.length; i++) {
        sim.links[i]![node.index]!.isCut = sim.links[node.index]![i]!.isCut = true;
      }
      later(() => heal(sim, node.index));
      return `${name} cut off ${forHowLong}`;
    case 6: {
      const loss = pick([0.1, 0.3]);
      for (const row of sim.links) for (const link of row) link.loss = loss;
      return `loss of ${loss} everywhere`;
    }
    case 7:
      node.service = pick(['refused', 'reset', 'silent']);
      sim.tell(node, { kind: 'fitness', fitness: { kind: 'unfit', reason: 'worker' } });
      later(() => makeFit(sim, node));
      return `service of ${name} ${node.service} ${forHowLong}`;
    case 8:
      sim.tell(node, { kind: 'fitness', fitness: { kind: 'fit', drop: 60 } });
      later(() => makeFit(sim, node));
      return `priority of ${name} falls by 60 ${forHowLong}`;
    case 9: {
      const link = pick(sim.links[pick(sim.nodes).index]!);
      link.isDeaf = true;
      later(() => (link.isDeaf = false));
      return `advertisements lost on a link ${forHowLong}`;
    }
    case 10:
      sim.tell(node, { kind: 'move' });
      return `${name} is to give the address away`;
    default:
      sim.duplicates = 0.2;
      sim.delayMs = 5;
      sim.jitterMs = 30;
      return 'delay with jitter, and duplicates';
  }
}

function makeFit(sim: Simulation, node: SimNode): void {
  node.service = 'ok';
  sim.tell(node, { kind: 'fitness', fitness: { kind: 'fit', drop: 0 } });
}

function powerOn(sim: Simulation, node: SimNode): void {
  if (node.isOn) return;
  node.isOn = true;
  node.service = 'ok';
  sim.start(node);
}

function heal(sim: Simulation, index: number): void {
  for (let i = 0; i < sim.links.length; i++) {
    sim.links[i]![index]!.isCut = sim.links[index]![i]!.isCut = false;
  }
}

function repair(sim: Simulation): void {
  sim.duplicates = 0;
  sim.delayMs = 0.2;
  sim.jitterMs = 0.3;
  for (const row of sim.links) {
    for (const link of row) {
      link.isCut = false;
      link.loss = 0;
      link.isDeaf = false;
    }
  }
  for (const node of sim.nodes) {
    powerOn(sim, node);
    sim.resumeProcess(node);
    sim.start(node);
    makeFit(sim, node);
  }
}

const isWhole = ({ nodes, links }: Simulation): boolean =>
  nodes.every(
    ({ isOn, process, state }) => isOn && process === 'running' && state.fitness.kind === 'fit',
  ) && links.every((row) => row.every((link) => !link.isCut && !link.isDeaf && link.loss === 0));

/** Who has the address, looked at whenever time goes on. */
class OwnerWatch {
  readonly #sim: Simulation;
  fault = '';
  longestTwoMs = 0;
  longestNoneMs = 0;
  longestRunningMs = 0;
  #twoSinceMs = -1;
  #runningSinceMs = -1;
  #noneSinceMs = -1;

  constructor(sim: Simulation) {
    this.#sim = sim;
  }

  look(owners: readonly number[], nowMs: number): void {
    if (this.#hasTwo(owners)) {
      if (this.#twoSinceMs < 0) this.#twoSinceMs = nowMs;
      const lasted = nowMs - this.#twoSinceMs;
      if (lasted > this.longestTwoMs) this.longestTwoMs = lasted;
      if (lasted > TWO_OWNERS_MS_MAX) {
        this.#fail(`two owners, ${owners.join(' and ')}, for ${lasted} ms at ${nowMs}`);
      }
    } else {
      this.#twoSinceMs = -1;
    }
    this.#lookForRunning(owners, nowMs);
    this.#lookForNone(owners, nowMs);
    if (nowMs > FAULTS_END_MS + SETTLE_MS && owners.length !== 1) {
      this.#fail(`${owners.length} owners at ${nowMs}, long after the repair`);
    }
  }

  /** Nobody waits for the lease of a guardian that runs. */
  #lookForRunning(owners: readonly number[], nowMs: number): void {
    const { nodes, links } = this.#sim;
    const running = owners.filter(
      (i) => nodes[i]!.process === 'running' && nodes[i]!.state.name !== 'leaving',
    );
    if (!this.#hasTwo(running, true)) {
      this.#runningSinceMs = -1;
      return;
    }
    if (this.#runningSinceMs < 0) this.#runningSinceMs = nowMs;
    const lasted = nowMs - this.#runningSinceMs;
    if (lasted > this.longestRunningMs) this.longestRunningMs = lasted;
    const { intervalMs } = nodes[0]!.options;
    // With loss, more of the eight are needed: the whole bound counts then.
    if (links.some((row) => row.some((link) => link.loss > 0))) return;
    if (lasted <= TWO_RUNNING_INTERVALS_MAX * intervalMs + TWO_RUNNING_MS_MAX) return;
    this.#fail(`two owners that run, ${owners.join(' and ')}, for ${lasted} ms at ${nowMs}`);
  }

  #lookForNone(owners: readonly number[], nowMs: number): void {
    if (owners.length > 0 || !isWhole(this.#sim)) {
      this.#noneSinceMs = -1;
      return;
    }
    if (this.#noneSinceMs < 0) this.#noneSinceMs = nowMs;
    const lasted = nowMs - this.#noneSinceMs;
    if (lasted > this.longestNoneMs) this.longestNoneMs = lasted;
    if (lasted > NO_OWNER_MS_MAX) this.#fail(`no owner for ${lasted} ms at ${nowMs}`);
  }

  /** Two that hear each other, in one direction at least. */
  #hasTwo(owners: readonly number[], bothWays = false): boolean {
    if (owners.length < 2) return false;
    const { links } = this.#sim;
    for (const a of owners) {
      for (const b of owners) {
        if (a === b || links[a]![b]!.isCut) continue;
        if (!bothWays || !links[b]![a]!.isCut) return true;
      }
    }
    return false;
  }

  #fail(text: string): void {
    if (this.fault === '') this.fault = text;
  }
}
