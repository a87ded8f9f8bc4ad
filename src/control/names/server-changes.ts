import type { Plan } from '../../config/plan.ts';

/** Keys that one line of the log tells. */
const TOLD_MAX = 20;

/** Keys of servers that a plan has and the one before has not, and the other way round. */
export type ServerChanges = { readonly came: readonly string[]; readonly went: readonly string[] };

/** What is different in the servers of two plans, for the log. */
export function serverChanges(before: Plan, after: Plan): ServerChanges {
  const [had, has] = [serverKeys(before), serverKeys(after)];
  const came = [...has].filter((key) => !had.has(key));
  const went = [...had].filter((key) => !has.has(key));
  return { came: told(came), went: told(went) };
}

function serverKeys(plan: Plan): Set<string> {
  return new Set(plan.pools.flatMap(({ servers }) => servers.map(({ key }) => key)));
}

function told(keys: readonly string[]): readonly string[] {
  const rest = keys.length - TOLD_MAX;
  return rest > 0 ? [...keys.slice(0, TOLD_MAX), `and ${rest} more`] : keys;
}
