import type { Administrative, Observed } from './health.ts';

/** What decides about one server; each column has one owner, none overwrites another. */
export type Columns = {
  /** The configuration's, or the operator's in its place; 0 takes no new requests. */
  readonly weight: number;
  /** The configuration's: serves only where no other server does. */
  readonly isBackup: boolean;
  /** The operator's: drain and maintenance take no new requests. */
  readonly administrative: Administrative;
  /** The active check's. */
  readonly observed: Observed;
  /** Passive health's: out for a while. */
  readonly isEjected: boolean;
};

/** Those that serve, the best first: the first of these that any server of a pool is in. */
const TIERS = [
  'up',
  'up-backup',
  'unknown',
  'unknown-backup',
  'ejected',
  'ejected-backup',
  'none',
] as const;

/** Which servers of a pool may be chosen. */
export type Tier = (typeof TIERS)[number];

/**
 * The whole rule of availability.
 *
 * A server is *eligible* with a weight above 0 and the administrative state ready. Of the eligible
 * servers those that are up (falling ones included) are usable; where none is up, the backups that
 * are; where none of these is up either, those of which nothing is known: a balancer that has just
 * started serves before its first verdicts. Ejected ones are the last resort: failures in passing
 * are no proof, and must not make a pool empty that its checks hold for well. Where all are known to
 * be down, nothing is usable and the request ends with `no-server-up`: there is no panic mode that
 * sends to servers that are known to be dead.
 *
 * Called for a pool when one of its servers changes, not per request.
 */
export function availabilityTier(servers: Iterable<Columns>): Tier {
  let best = TIERS.length - 1;
  for (const server of servers) {
    const own = TIERS.indexOf(tierOf(server));
    if (own < best) best = own;
    if (best === 0) break;
  }
  return TIERS[best]!;
}

/** Whether this server takes new requests, given the tier of its pool. */
export function isUsable(server: Columns, tier: Tier): boolean {
  return tier !== 'none' && tierOf(server) === tier;
}

/** A falling server is still up; a rising one is not up yet. */
export function isObservedUp(observed: Observed): boolean {
  return observed === 'up' || observed === 'falling';
}

/** Where a server stands among those of its pool. */
export function tierOf(server: Columns): Tier {
  const { weight, administrative, observed, isBackup, isEjected } = server;
  const isUp = isObservedUp(observed);
  if (weight <= 0 || administrative !== 'ready' || !(isUp || observed === 'unknown')) return 'none';
  if (isEjected) return isBackup ? 'ejected-backup' : 'ejected';
  if (isUp) return isBackup ? 'up-backup' : 'up';
  return isBackup ? 'unknown-backup' : 'unknown';
}
