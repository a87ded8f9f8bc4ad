/** Servers by what people write: `pool/server`, where `*` stands for any characters. */
import { BallastError } from '../../base/errors.ts';
import { orList, suggestion } from '../../config/suggest.ts';
import type { Plan } from '../../config/plan.ts';

/** Names that are compared with a misspelt one: the comparison takes time that others wait for. */
const COMPARED_MAX = 500;
/** Names that an error lists. */
const LISTED_MAX = 8;

/**
 * The keys of the servers that `pattern` means, in the order of the plan. The name of a server may
 * itself hold slashes. Throws BAL_SERVER_UNKNOWN, with near names, where there is none.
 */
export function findServers(plan: Plan, pattern: string): string[] {
  const isAny = pattern.includes('*');
  const matches = isAny ? matcher(pattern) : (key: string) => key === pattern;
  const found: string[] = [];
  for (const pool of plan.pools) {
    for (const { key } of pool.servers) if (matches(key)) found.push(key);
  }
  if (found.length > 0) return found;
  const message = isAny
    ? `no server matches ${JSON.stringify(pattern)}`
    : `there is no server ${JSON.stringify(pattern)}`;
  throw new BallastError('BAL_SERVER_UNKNOWN', message, { hint: hintFor(plan, pattern) });
}

function matcher(pattern: string): (key: string) => boolean {
  // Piece by piece, not by a regular expression: many stars must not take long.
  const pieces = pattern.split('*');
  const first = pieces.shift()!;
  const last = pieces.pop()!;
  return (key) => {
    if (!key.startsWith(first)) return false;
    let at = first.length;
    for (const piece of pieces) {
      const found = key.indexOf(piece, at);
      if (found < 0) return false;
      at = found + piece.length;
    }
    return key.length - last.length >= at && key.endsWith(last);
  };
}

function hintFor(plan: Plan, pattern: string): string {
  const slash = pattern.indexOf('/');
  const poolName = slash < 0 ? pattern : pattern.slice(0, slash);
  const pool = plan.pools.find(({ key }) => key === poolName);
  if (pool === undefined) {
    const names = plan.pools.slice(0, COMPARED_MAX).map(({ key }) => key);
    if (slash < 0) return `a server is written POOL/SERVER, and the pools are ${listed(names)}`;
    return `there is no pool ${JSON.stringify(poolName)}: ${suggestion(poolName, names)}`;
  }
  const keys = pool.servers.map(({ key }) => key);
  if (keys.length === 0) return `the pool "${poolName}" has no server at present`;
  const near = suggestion(pattern, keys.slice(0, COMPARED_MAX));
  if (near.startsWith('did you mean')) return near;
  return `the servers of "${poolName}" are ${listed(keys)}`;
}

function listed(names: readonly string[]): string {
  if (names.length > LISTED_MAX) return `${names.slice(0, LISTED_MAX).join(', ')}, …`;
  return orList(names).replace(/ or ([^ ]*)$/, ' and $1');
}
