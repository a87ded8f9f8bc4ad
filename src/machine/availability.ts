import type { Administrative, Observed } from './health.ts';

/** The three columns that decide about one server; each has one owner, none overwrites another. */
export type Columns = {
  /** The configuration's: its weight; 0 takes no new requests. */
  readonly weight: number;
  /** The operator's: drain and maintenance take no new requests. */
  readonly administrative: Administrative;
  /** The active check's. */
  readonly observed: Observed;
};

/**
 * Which servers of a pool may be chosen: those that are up; where none is up, those of which
 * nothing is known; where all are known to be down, none.
 */
export type Tier = 'up' | 'unknown' | 'none';

/**
 * The whole rule of availability.
 *
 * A server is *eligible* with a weight above 0 and the administrative state ready. Of the eligible
 * servers those that are up (falling ones included) are usable. Where none of them is up, the
 * unknown ones are the last resort: a balancer that has just started serves before its first
 * verdicts. Where all are known to be down, nothing is usable and the request ends with
 * `no-server-up`: there is no panic mode that sends to servers that are known to be dead.
 *
 * Called for a pool when one of its servers changes, not per request.
 */
export function availabilityTier(servers: Iterable<Columns>): Tier {
  let tier: Tier = 'none';
  for (const server of servers) {
    if (!isEligible(server)) continue;
    if (isObservedUp(server.observed)) return 'up';
    if (server.observed === 'unknown') tier = 'unknown';
  }
  return tier;
}

/** Whether this server takes new requests, given the tier of its pool. */
export function isUsable(server: Columns, tier: Tier): boolean {
  if (!isEligible(server)) return false;
  if (tier === 'up') return isObservedUp(server.observed);
  return tier === 'unknown' && server.observed === 'unknown';
}

/** A falling server is still up; a rising one is not up yet. */
export function isObservedUp(observed: Observed): boolean {
  return observed === 'up' || observed === 'falling';
}

function isEligible(server: Columns): boolean {
  return server.weight > 0 && server.administrative === 'ready';
}
