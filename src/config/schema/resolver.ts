import { z } from 'zod';
import { nameServer } from './address.ts';
import { optionalSection } from './structure.ts';
import { duration } from './units.ts';

/** Least time between two lookups of a name in ms, and least timeout. */
const LEAST_MS = 10;

/** Schema of `resolver`. */
export const resolverSchema = optionalSection('How the names of servers are looked up.', {
  servers: z
    .array(nameServer('A name server; port 53 where none is given.'))
    .prefault([])
    .meta({ description: 'Name servers, asked in turn. Left out: those of /etc/resolv.conf.' }),
  timeout: duration('For one answer of one name server.', LEAST_MS).prefault('2s'),
  ttlMin: duration('Answers are kept at least as long.', LEAST_MS).prefault('1s'),
  ttlMax: duration('Answers are kept at most as long.', LEAST_MS).prefault('5m'),
  keep: duration(
    'How long the last known addresses serve on while answers are empty or fail.',
    0,
  ).prefault('10m'),
});
