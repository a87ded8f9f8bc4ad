// A primary dies behind Ballast, its replica is promoted: writes follow, and never meet a replica.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import pg from 'pg';
import { Ballast } from '../kit/ballast.ts';
import type { Tree } from '../kit/config.ts';
import { freePort } from '../kit/free-ports.ts';
import { until, within } from '../kit/wait.ts';
import { POSTGRES_PROGRAM, PostgresServer } from './postgres-server.ts';
import { PostgresWriter } from './postgres-writer.ts';
import { REDIS_PROGRAM, RedisServer } from './redis-server.ts';
import { connectRedis } from './redis-client.ts';
import { missingProgram } from './unprivileged.ts';

const EVERY_MS = 200;
/** SQLSTATE of a write on a server that takes none. */
const READ_ONLY = '25006';

const addressOf = ({ port }: { readonly port: number }): string => `127.0.0.1:${port}`;

/** One listener before one pool, checked every 200 ms; one result decides. */
function config(port: number, servers: readonly { port: number }[], check: Tree): Tree {
  return {
    workers: 2,
    listeners: { db: { bind: `127.0.0.1:${port}`, protocol: 'tcp', pool: 'db' } },
    pools: {
      db: {
        servers: servers.map(addressOf),
        check: { ...check, every: `${EVERY_MS}ms`, rise: 1, fall: 1, start: 'down' },
      },
    },
  };
}

const POSTGRES = {
  postgres: {
    user: 'monitor',
    password: 'secret of monitor',
    database: 'postgres',
    role: 'primary',
  },
  timeout: '1s',
};

/**
 * Notes by how much this machine is late, so that a limit for the product holds on one that does
 * too much at once: the longest gap between ticks that are due each 10 ms.
 */
class Lateness implements Disposable {
  maxMs = 0;
  #lastMs = performance.now();
  readonly #timer = setInterval(() => {
    const now = performance.now();
    this.maxMs = Math.max(this.maxMs, now - this.#lastMs - 10);
    this.#lastMs = now;
  }, 10);

  [Symbol.dispose](): void {
    clearInterval(this.#timer);
  }
}

const postgres = { skip: missingProgram(POSTGRES_PROGRAM) };

test('postgres: writes follow a promotion in two intervals', postgres, async () => {
  await using primary = await PostgresServer.startPrimary();
  await using replica = await primary.startReplica();
  const port = await freePort();
  await using ballast = await Ballast.start(config(port, [primary, replica], POSTGRES));
  await ballast.serverState(addressOf(primary), 'up');
  await ballast.serverState(addressOf(replica), 'down');
  await using writer = new PostgresWriter(port);
  await until(() => writer.writes.length > 20, { what: 'writes on the primary' });

  await primary.kill();
  await ballast.serverState(addressOf(primary), 'down');
  // Nobody takes writes now: clients are told at once, and the replica is not among who they meet.
  await until(() => writer.failures.length > 5, { what: 'failures without a primary' });
  using lateness = new Lateness();
  await replica.promote();
  const promotedMs = performance.now();
  const first = await until(() => writer.writeAfter(promotedMs, replica.port), {
    what: 'a write on the new primary',
  });
  const afterMs = first.endedMs - promotedMs;
  const limitMs = 2 * EVERY_MS + lateness.maxMs;
  assert.ok(afterMs <= limitMs, `written after ${afterMs} ms, the limit is ${limitMs} ms`);

  const more = writer.writes.length + 20;
  await until(() => writer.writes.length > more, { what: 'more writes on the new primary' });
  const refused = writer.failures.filter(({ code }) => code === READ_ONLY);
  assert.deepEqual(refused, []);
  const ports = new Set(writer.writes.map((write) => write.port));
  assert.deepEqual([...ports], [primary.port, replica.port]);
  // A session of the killed server may end the write that it is at; none outlives the promotion.
  assert.equal(writer.writeAfter(promotedMs, primary.port), undefined);
});

test('postgres: who is on a hung or demoted primary is cut', postgres, async () => {
  await using primary = await PostgresServer.startPrimary();
  const port = await freePort();
  const check = { ...POSTGRES, timeout: '300ms' };
  await using ballast = await Ballast.start(config(port, [primary], check));
  const address = addressOf(primary);
  await ballast.serverState(address, 'up');

  const connect = async (): Promise<{ client: pg.Client; ended: Promise<unknown> }> => {
    const options = { host: '127.0.0.1', port, user: 'trusted', database: 'postgres' };
    const client = new pg.Client(options);
    client.on('error', () => undefined);
    await client.connect();
    return { client, ended: new Promise((resolve) => void client.once('end', resolve)) };
  };
  // It hangs with a query that nobody will answer.
  const waiting = await connect();
  const query = waiting.client.query('SELECT pg_sleep(600)').then(
    () => 'an answer',
    (error: Error) => error.message,
  );
  await until(
    async () => {
      const active = "SELECT 1 FROM pg_stat_activity WHERE query LIKE 'SELECT pg_sleep%'";
      return (await primary.run(active)).length > 0;
    },
    { what: 'the query to run' },
  );
  primary.signal('SIGSTOP');
  try {
    await within(waiting.ended, 'the client of a primary that hangs to be cut');
    assert.match(await query, /ECONNRESET|terminated/);
    await ballast.serverState(address, 'down');
  } finally {
    primary.signal('SIGCONT');
  }
  await ballast.serverState(address, 'up');

  // It steps down.
  const idle = await connect();
  await primary.run('ALTER SYSTEM SET default_transaction_read_only TO on');
  await primary.run('SELECT pg_reload_conf()');
  await within(idle.ended, 'the client of a primary that stepped down to be cut');
  await ballast.serverState(address, 'down');
  const line = await ballast.accessLine((entry) => entry.reason === 'server-down');
  assert.equal(line.server, address);
});

const redis = { skip: missingProgram(REDIS_PROGRAM) };

test('redis: writes follow a promotion, and never meet a replica', redis, async () => {
  await using primary = await RedisServer.start(['--repl-diskless-sync-delay', '0']);
  await using replica = await RedisServer.start(['--replicaof', `127.0.0.1 ${primary.port}`]);
  const port = await freePort();
  const check = { redis: { role: 'primary' }, timeout: '1s' };
  await using ballast = await Ballast.start(config(port, [primary, replica], check));
  await ballast.serverState(addressOf(primary), 'up');
  await ballast.serverState(addressOf(replica), 'down');

  using client = await connectRedis(port);
  assert.deepEqual(await client.run(['SET', 'key', '1']), { kind: 'text', text: 'OK' });
  // The primary hangs: whoever is connected is cut, whoever comes is turned away.
  primary.signal('SIGSTOP');
  await within(client.closed, 'the client of a primary that hangs to be cut');
  await ballast.serverState(addressOf(primary), 'down');
  await assert.rejects(connectRedis(port).then((late) => late.run(['SET', 'key', '2'])));

  using lateness = new Lateness();
  await replica.run(['REPLICAOF', 'NO', 'ONE']);
  const promotedMs = performance.now();
  await until(
    async () => {
      try {
        using next = await connectRedis(port);
        const answer = await next.run(['SET', 'key', '3']);
        assert.deepEqual(answer, { kind: 'text', text: 'OK' });
        return true;
      } catch (error) {
        if (error instanceof assert.AssertionError) throw error;
        return false;
      }
    },
    { what: 'a write on the new primary', everyMs: 5 },
  );
  const afterMs = performance.now() - promotedMs;
  const limitMs = 2 * EVERY_MS + lateness.maxMs;
  assert.ok(afterMs <= limitMs, `written after ${afterMs} ms, the limit is ${limitMs} ms`);
  assert.deepEqual(await replica.run(['GET', 'key']), { kind: 'text', text: '3' });
});
