import { z } from 'zod';
import type { BindPlan } from '../plan.ts';
import { addressText, serverAddress } from './address.ts';
import { checkSchema } from './check.ts';
import { LATER_BALANCE } from '../later-words.ts';
import { integer, word } from './scalar.ts';
import { status } from './status.ts';
import { list, optionalSection, section } from './structure.ts';
import { name } from './text.ts';
import { duration, percent, size } from './units.ts';

/** Greatest weight of a server. */
export const WEIGHT_MAX = 256;

const CONNECTIONS_MAX = 1_000_000;

const server = z.union([
  serverAddress('Address: 10.0.0.11:8080, "[2001:db8::1]:8080" or unix:/path.'),
  section('A server with settings of its own.', {
    address: serverAddress('Address: 10.0.0.11:8080, "[2001:db8::1]:8080" or unix:/path.'),
    name: name('Name in metrics and commands; the address where none is given.').optional(),
    weight: integer(
      0,
      WEIGHT_MAX,
      'Share of the requests; a server of weight 0 takes no new ones.',
    ).prefault(1),
    maxConnections: integer(
      0,
      CONNECTIONS_MAX,
      'Requests at once over all workers; 0 is no limit. By default that of the pool.',
    ).optional(),
  }),
]);

const queue = optionalSection('Requests that wait while all servers are at maxConnections.', {
  size: integer(0, 1_000_000, 'Waiting requests per worker; past it, 503 at once.').prefault(1_024),
  timeout: duration('Longest wait; past it, 503.').prefault('5s'),
});

const idle = optionalSection('Connections to servers that are kept for the next request.', {
  perServer: integer(0, 65_536, 'Connections per server and worker; 0 keeps none.').prefault(64),
  timeout: duration('Longest time without a request.').prefault('30s'),
  maxAge: duration('Age past which a connection is not used again.').prefault('1h'),
  maxRequests: integer(0, 1_000_000_000, 'Requests on one connection; 0 is no limit.').prefault(0),
});

const retry = optionalSection('Further tries on another server.', {
  attempts: integer(0, 16, 'Further tries after the first; 0 is none.').prefault(2),
  statuses: z
    .array(status('A status.', 400, 599))
    .prefault([])
    .meta({ description: 'Statuses of an answer that are tried again; idempotent methods only.' }),
  budget: percent("Retries against the pool's live requests.").prefault('20%'),
  budgetMin: integer(0, 1_000_000, 'Retries at once that are always allowed.').prefault(3),
  buffer: size('Size of a request that is kept to be sent again.', 0, 1_048_576).prefault('64KiB'),
});

/** Schema of one entry of `pools`. */
export const poolSchema = section('A pool: servers that can do the same work.', {
  balance: word(
    ['round-robin', 'random-of-two'],
    'How a server is chosen: in turn, smoothly by weight; or the less busy of two drawn by weight.',
    LATER_BALANCE,
  ).prefault('round-robin'),
  servers: list('The servers: addresses, or maps with an address.', server),
  check: checkSchema.optional(),
  connectTimeout: duration('For a connection to a server: then another one is tried.').prefault(
    '2s',
  ),
  queue,
  idle,
  retry,
  maxConnections: integer(
    0,
    CONNECTIONS_MAX,
    'maxConnections of those servers that give none; 0 is no limit.',
  ).prefault(0),
});

/** A pool with its defaults filled in. */
export type PoolConfig = z.output<typeof poolSchema>;

/** The settings of one server. */
export type ServerSettings = {
  readonly address: BindPlan;
  readonly name: string;
  readonly weight: number;
  /** Undefined takes that of the pool. */
  readonly maxConnections: number | undefined;
};

/** The settings of a server, whether it was given as an address or as a map. */
export function serverSettings(given: PoolConfig['servers'][number]): ServerSettings {
  if (!('address' in given)) {
    return { address: given, name: addressText(given), weight: 1, maxConnections: undefined };
  }
  const { address, name: own, weight, maxConnections } = given;
  return { address, name: own ?? addressText(address), weight, maxConnections };
}
