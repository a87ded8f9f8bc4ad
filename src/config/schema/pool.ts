import { z } from 'zod';
import { sourceAddress } from './address.ts';
import { agentSchema } from './agent.ts';
import { balanceSchema } from './balance.ts';
import { checkSchema } from './check.ts';
import { passiveSchema } from './passive.ts';
import { proxySendSchema } from './proxy-protocol.ts';
import { integer, word } from './scalar.ts';
import { serverTlsSchema } from './server-tls.ts';
import { CONNECTIONS_MAX, serverSchema } from './server.ts';
import { keepAlive, userTimeout } from './socket.ts';
import { status } from './status.ts';
import { list, optionalSection, section } from './structure.ts';
import { duration, percent, size } from './units.ts';

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
  balance: balanceSchema,
  servers: list('The servers: addresses, or maps with an address.', serverSchema),
  tls: serverTlsSchema,
  check: checkSchema.optional(),
  agent: agentSchema.optional(),
  passive: passiveSchema.optional(),
  slowStart: duration(
    'A server that comes back takes its full share only after this time; 0s is at once.',
    0,
  ).prefault('0s'),
  onDown: word(
    ['keep', 'close'],
    'What happens to connections to a server that has failed: tcp, udp and tunnels. By default close where the check is postgres, mysql or redis, else keep.',
  ).optional(),
  connectTimeout: duration('For a connection to a server: then another one is tried.').prefault(
    '2s',
  ),
  source: sourceAddress(
    'Local address that connections to servers come from; the kernel chooses where it is left out.',
  ).optional(),
  proxyProtocol: proxySendSchema.optional(),
  keepAlive: keepAlive('servers'),
  userTimeout: userTimeout('servers'),
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
