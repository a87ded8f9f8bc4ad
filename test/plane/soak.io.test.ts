// Random mixtures of everything that clients and servers do, and what must hold afterwards.
// SOAK_SEED repeats the choices of a run; the moments at which they meet are never the same.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Ballast } from '../kit/ballast.ts';
import type { Tree } from '../kit/config.ts';
import { NO_FORWARDING } from '../kit/config.ts';
import { freePort } from '../kit/free-ports.ts';
import { descriptorCountOf } from '../kit/processes.ts';
import { delay, until } from '../kit/wait.ts';
import { chaosClient } from './chaos-client.ts';
import { startChaosServer } from './chaos-server.ts';
import { Random } from './random.ts';

const SOAK_MS = 20_000;
const CLIENTS = 24;

function configOf(port: number, servers: readonly string[], round: number): Tree {
  const limited = { maxConnections: 3 + (round % 3), queue: { size: 8, timeout: '300ms' } };
  return {
    workers: 1,
    listeners: {
      web: {
        bind: `127.0.0.1:${port}`,
        forwarded: NO_FORWARDING,
        timeouts: { head: '2s', bodyIdle: '1s', keepAlive: '2s', write: '1s' },
        maxRequests: 40,
        routes: [
          { paths: ['/limited/*'], pool: 'limited', timeouts: ROUTE_LIMITS },
          { paths: ['/own/*'], respond: { status: 200, body: 'own' } },
          { pool: 'web', timeouts: ROUTE_LIMITS },
        ],
      },
    },
    pools: {
      web: {
        // A server that comes and goes.
        servers: round % 2 === 0 ? servers : servers.slice(1),
        retry: { statuses: [503], attempts: 2 },
        idle: { timeout: '500ms' },
      },
      limited: { servers, ...limited, idle: { timeout: '500ms' } },
    },
  };
}

const ROUTE_LIMITS = { firstByte: '1s', bodyIdle: '1s', tunnel: '1s' };

/** Gauges that are 0 when nothing is under way. */
const GAUGES = [
  'ballast_connections',
  'ballast_upstream_connections',
  'ballast_buffer_bytes',
  'ballast_listener_connections',
  'ballast_listener_requests_active',
  'ballast_pool_requests_active',
  'ballast_pool_queue_length',
  'ballast_server_requests_active',
  'ballast_server_connections_idle',
  'ballast_exceptions_total',
  'ballast_worker_restarts_total',
] as const;

test('after any mixture of traffic nothing is left, and every answer was its request’s', async () => {
  const seed = Number(process.env['SOAK_SEED'] ?? Math.floor(Math.random() * 2 ** 31));
  const random = new Random(seed);
  await using first = await startChaosServer(new Random(random.int(2 ** 31)));
  await using second = await startChaosServer(new Random(random.int(2 ** 31)));
  const servers = [first.address, second.address];
  const port = await freePort();
  await using ballast = await Ballast.start(configOf(port, servers, 0));
  const [worker] = (await ballast.workerPids()) as [number];
  const descriptors = descriptorCountOf(worker);
  const end = performance.now() + SOAK_MS;
  const faults: string[] = [];
  const tally = new Map<string, number>();
  const clients = Array.from({ length: CLIENTS }, (_, i) =>
    chaosClient({ id: i, port, end, random: new Random(random.int(2 ** 31)), faults, tally }),
  );
  let round = 0;
  while (performance.now() < end) {
    await delay(500);
    ballast.writeConfig(configOf(port, servers, ++round));
    const { ok, message } = await ballast.reload();
    assert.ok(ok, message);
  }
  await Promise.all(clients);
  const context = `seed ${seed}, ${JSON.stringify([...tally].sort())}\n${ballast.stderr.slice(-2_000)}`;
  assert.deepEqual(faults.slice(0, 5), [], context);
  const left = async (): Promise<string[]> => {
    const values = await Promise.all(GAUGES.map((name) => ballast.metric(name)));
    return GAUGES.flatMap((name, i) => (values[i] === 0 ? [] : [`${name} ${values[i]}`]));
  };
  // The longest limit of the configuration, and some more.
  await until(async () => (await left()).length === 0, {
    what: 'idleness',
    timeoutMs: 6_000,
  }).catch(() => undefined);
  assert.deepEqual(await left(), [], context);
  assert.equal(descriptorCountOf(worker), descriptors, context);
  const { pools } = await ballast.status();
  for (const pool of pools) {
    assert.equal(pool.requestsLive, 0);
    assert.equal(pool.queueLength, 0);
    for (const server of pool.servers) assert.equal(server.requestsLive, 0);
  }
  const answered = tally.get('answered') ?? 0;
  assert.ok(answered > 500, `only ${answered} requests were answered: ${context}`);
});
