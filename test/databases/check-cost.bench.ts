/**
 * Processor time of one check of each kind that speaks a protocol, against real servers on this
 * machine: that of the process that checks, not of the servers.
 *
 *   node --disable-warning=ExperimentalWarning test/databases/check-cost.bench.ts
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import pg from 'pg';
import type { ProbePlan } from '../../src/config/plan-check.ts';
import { ipv4, TCP_PROBE } from '../../src/control/health/test-plan.ts';
import {
  grpcPlan,
  mysqlPlan,
  postgresPlan,
  probeOnce,
  redisPlan,
  secret,
} from '../../src/control/health/test-probe-plans.ts';
import { DatabaseCertificates } from './certificates.ts';
import { MariadbServer } from './mariadb-server.ts';
import { PostgresServer } from './postgres-server.ts';
import { RedisServer } from './redis-server.ts';

const WARM_UP = 200;
const CHECKS = 500;
const ROUNDS = 5;

type Row = readonly [string, () => Promise<unknown>];

function print(text: string): void {
  process.stdout.write(`${text}\n`);
}

/** µs of processor time of each call: the least of several rounds, as others share the machine. */
async function cost(call: () => Promise<unknown>): Promise<number> {
  for (let i = 0; i < WARM_UP; i++) await call();
  let least = Infinity;
  for (let round = 0; round < ROUNDS; round++) {
    const before = process.cpuUsage();
    for (let i = 0; i < CHECKS / ROUNDS; i++) await call();
    const { user, system } = process.cpuUsage(before);
    least = Math.min(least, ((user + system) * ROUNDS) / CHECKS);
  }
  return least;
}

function check(port: number, plan: ProbePlan): () => Promise<void> {
  return async () => {
    const result = await probeOnce(ipv4('127.0.0.1', port), plan);
    if (!result.passed) throw new Error(`${plan.kind}: ${result.reason} ${result.detail}`);
  };
}

/** A process of its own, so that what it does is not counted. */
const GRPC_SERVER = `
const server = require('node:http2').createServer();
server.on('stream', (stream) => {
  stream.resume().on('end', () => {
    const head = { ':status': 200, 'content-type': 'application/grpc' };
    stream.respond(head, { waitForTrailers: true });
    stream.on('wantTrailers', () => stream.sendTrailers({ 'grpc-status': '0' }));
    stream.end(Buffer.from([0, 0, 0, 0, 2, 8, 1]));
  });
});
server.listen(0, '127.0.0.1', () => console.log(server.address().port));
`;

using tls = new DatabaseCertificates();
await using postgres = await PostgresServer.startPrimary({ tls });
await using mariadb = await MariadbServer.start();
await using redis = await RedisServer.start();
const grpc = spawn(process.execPath, ['-e', GRPC_SERVER], { stdio: ['ignore', 'pipe', 'inherit'] });
const [line] = (await once(grpc.stdout, 'data')) as [Buffer];
const kept = new pg.Client({
  host: '127.0.0.1',
  port: postgres.port,
  user: 'trusted',
  database: 'postgres',
});
await kept.connect();

const trusted = { user: 'trusted', password: null };
const md5 = { user: 'md5', password: secret('secret of md5') };
const primary = { role: 'primary' } as const;
const rows: readonly Row[] = [
  ['tcp', check(postgres.port, TCP_PROBE)],
  ['redis, PING', check(redis.port, redisPlan())],
  ['redis, role', check(redis.port, redisPlan(primary))],
  ['mysql, role', check(mariadb.port, mysqlPlan(primary))],
  ['grpc', check(Number(line.toString()), grpcPlan())],
  ['postgres, trust, role', check(postgres.port, postgresPlan({ ...trusted, ...primary }))],
  ['postgres, md5, role', check(postgres.port, postgresPlan({ ...md5, ...primary }))],
  ['postgres, SCRAM, role', check(postgres.port, postgresPlan(primary))],
  [
    'postgres, SCRAM, role, TLS',
    check(postgres.port, postgresPlan({ ...primary, tls: tls.trusting })),
  ],
  ['a query on a kept connection', async () => kept.query('SELECT pg_is_in_recovery()')],
];
for (const [name, call] of rows) {
  print(
    `${name.padEnd(32)} ${Math.round(await cost(call))
      .toString()
      .padStart(6)} µs`,
  );
}
await kept.end();
grpc.kill();
