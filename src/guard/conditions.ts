/** Everything that decides how well this node could serve, and what it comes to. */
import type { TrackPlan } from '../config/plan-addresses.ts';
import type { Fitness } from '../machine/vrrp/words.ts';
import type { Condition, TrackVerdict } from './guard-protocol.ts';

/** The parts of a verdict that are not trackers. */
export type OwnConditions = {
  /** An interface that does not work; null: all do. */
  readonly withoutLink: string | null;
  /** Null where no worker is known yet, or none is needed. */
  readonly workersAlive: number | null;
  /** What the kernel refuses to set; null: nothing. */
  readonly refused: string | null;
  /** By listener; whether connections to it are answered. */
  readonly dataPath: ReadonlyMap<string, boolean>;
};

/** The list that people see, in a fixed order. A tracker without a verdict counts as well. */
export function listConditions(
  own: OwnConditions,
  tracks: readonly TrackPlan[],
  verdicts: ReadonlyMap<string, TrackVerdict>,
): Condition[] {
  const hasLink = own.withoutLink === null;
  const link = hasLink ? 'up' : `${own.withoutLink} is down`;
  const list: Condition[] = [{ key: 'link', isWell: hasLink, cost: 'resign', seen: link }];
  if (own.workersAlive !== null) {
    const seen = own.workersAlive === 1 ? '1 worker alive' : `${own.workersAlive} workers alive`;
    list.push({ key: 'workers', isWell: own.workersAlive > 0, cost: 'resign', seen });
  }
  if (own.refused !== null) {
    list.push({ key: 'addresses', isWell: false, cost: 'resign', seen: own.refused });
  }
  for (const [listener, isWell] of own.dataPath) {
    const seen = isWell ? 'connections are answered' : 'connections are not answered';
    list.push({ key: `data-path:${listener}`, isWell, cost: 'resign', seen });
  }
  for (const { key, weight } of tracks) {
    const verdict = verdicts.get(key) ?? { isWell: true, seen: 'not known yet' };
    list.push({ key, ...verdict, cost: weight === 0 ? 'resign' : weight });
  }
  return list;
}

/** A weight below 0 counts while its condition holds (keepalived's `weight` of either sign). */
export function fitnessOf(conditions: readonly Condition[]): Fitness {
  let drop = 0;
  let reason: string | null = null;
  for (const { key, isWell, cost } of conditions) {
    if (key === 'link' && !isWell) return { kind: 'no-link' };
    if (cost === 'resign') {
      if (!isWell) reason ??= key;
    } else if (!isWell) drop += cost;
  }
  return reason === null ? { kind: 'fit', drop } : { kind: 'unfit', reason };
}

/** Whether two verdicts come to the same. */
export function isSameFitness(a: Fitness, b: Fitness): boolean {
  if (a.kind !== b.kind) return false;
  if (a.kind === 'fit' && b.kind === 'fit') return a.drop === b.drop;
  return a.kind !== 'unfit' || b.kind !== 'unfit' || a.reason === b.reason;
}
