/** Two nodes, an active one and its backup, for tests. */
import assert from 'node:assert/strict';
import { Simulation, type SimNode } from './simulation-testkit.ts';
import type { ElectionOptions } from './words.ts';

/** The defaults of the configuration. */
export const DEFAULT: ElectionOptions = {
  priority: 100,
  intervalMs: 20,
  misses: 8,
  preempt: false,
  preemptDelayMs: 0,
  peers: [],
};

/** Two nodes of a cluster in made-up time. */
export type Scene = { readonly sim: Simulation; readonly a: SimNode; readonly b: SimNode };

/** What came of a while. */
export type Watched = { twoMs: number; noneMs: number; moves: number };

/** Node a is active, with the higher priority unless told; b is its backup. */
export function pair(
  given: { a?: Partial<ElectionOptions>; b?: Partial<ElectionOptions> } = {},
): Scene {
  const options = [
    { ...DEFAULT, priority: 150, ...given.a },
    { ...DEFAULT, ...given.b },
  ];
  const sim = new Simulation(7, options);
  const [a, b] = sim.nodes as [SimNode, SimNode];
  sim.start(a);
  sim.start(b);
  sim.runUntil(1_000);
  assert.deepEqual(sim.owners(), [0]);
  return { sim, a, b };
}

/** Runs until `endMs` and adds up how long there were two owners, or none. */
export function watch(sim: Simulation, endMs: number): Watched {
  const seen: Watched = { twoMs: 0, noneMs: 0, moves: 0 };
  let before: readonly number[] = sim.owners();
  let sinceMs = sim.nowMs;
  sim.onOwners = (owners, nowMs) => {
    if (before.length > 1) seen.twoMs += nowMs - sinceMs;
    if (before.length === 0) seen.noneMs += nowMs - sinceMs;
    if (owners.some((one) => !before.includes(one))) seen.moves++;
    before = owners;
    sinceMs = nowMs;
  };
  sim.runUntil(endMs);
  return seen;
}
