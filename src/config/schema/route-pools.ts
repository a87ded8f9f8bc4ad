import { integer } from './scalar.ts';
import { list, section } from './structure.ts';
import { name, poolReference } from './text.ts';

/** Greatest weight of a pool in a route. */
const POOL_WEIGHT_MAX = 1_000;

/** The key that names a route. */
export function routeName() {
  return name(
    'Name in metrics and logs; its place in the list, counted from 1, where none is given.',
  ).optional();
}

/** The keys of a route that send to pools; `what` is sent: a request or a connection. */
export function poolKeys(what: 'request' | 'connection') {
  return {
    pool: poolReference(`Sends the ${what} to this pool.`).optional(),
    pools: list(
      `Sends the ${what} to one of these pools, by weight.`,
      section('A pool and its share.', {
        pool: poolReference('The pool.'),
        weight: integer(
          0,
          POOL_WEIGHT_MAX,
          `Share of the ${what}s, against the sum of all.`,
        ).prefault(1),
      }),
    ).optional(),
  };
}

/** The key of a listener that stands for one last route. */
export function lastPool() {
  return poolReference(
    'Short for one last route, named default, that sends everything else to this pool.',
  ).optional();
}
