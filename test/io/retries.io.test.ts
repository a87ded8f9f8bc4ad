// What is tried again, where, and how often.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { freePort } from '../kit/free-ports.ts';
import { field } from '../kit/http-message.ts';
import { httpAnswer, Origin } from '../kit/origin.ts';
import type { Message } from '../kit/http-message.ts';
import { ask, getBytes, postBytes, startScene } from '../kit/scene.ts';
import { startPair } from '../kit/pair.ts';

test('a server that refuses connections costs no request: another one is tried', async () => {
  const dead = `127.0.0.1:${await freePort()}`;
  await using scene = await startScene();
  await using pair = await startPair([dead, scene.origin.address]);
  for (let i = 0; i < 10; i++) {
    const bytes = i % 2 === 0 ? getBytes('/') : postBytes('/', 'body');
    assert.equal((await ask(pair.port, bytes)).status, 200);
  }
  assert.ok((await pair.ballast.metric('ballast_pool_retries_total')) >= 4);
  const line = await pair.ballast.accessLine(({ retries }) => retries > 0);
  assert.equal(line.server, scene.origin.address);
});

test('when no server can be connected to, 502 says so', async () => {
  const dead = [`127.0.0.1:${await freePort()}`, `127.0.0.1:${await freePort()}`];
  await using pair = await startPair(dead);
  const answer = await ask(pair.port, getBytes('/'));
  assert.equal(answer.status, 502);
  assert.equal(field(answer, 'ballast-reason'), 'connect-failed');
});

/** Answers the first request of each connection and closes on the second without an answer. */
function closeOnSecond(): (request: Message, connection: object) => string | null {
  const seen = new WeakMap<object, number>();
  return (_request, connection) => {
    const count = (seen.get(connection) ?? 0) + 1;
    seen.set(connection, count);
    return count === 1 ? httpAnswer(200, 'ok') : null;
  };
}

test('a GET on a stale idle connection is sent once more on another one', async () => {
  await using scene = await startScene({ respond: closeOnSecond() });
  assert.equal((await ask(scene.port, getBytes('/1'))).status, 200);
  assert.equal((await ask(scene.port, getBytes('/2'))).status, 200);
  assert.deepEqual(
    scene.origin.requests.map(({ target }) => target),
    ['/1', '/2', '/2'],
  );
  assert.equal(await scene.ballast.metric('ballast_server_stale_reuses_total'), 1);
});

test('a GET on a stale idle connection is sent once more even with retries off', async () => {
  await using scene = await startScene({
    respond: closeOnSecond(),
    pool: { retry: { attempts: 0 } },
  });
  await ask(scene.port, getBytes('/1'));
  assert.equal((await ask(scene.port, getBytes('/2'))).status, 200);
});

test('a POST that a server has read is never sent again (RFC 9110 §9.2.2)', async () => {
  await using scene = await startScene({ respond: closeOnSecond() });
  await ask(scene.port, getBytes('/1'));
  const answer = await ask(scene.port, postBytes('/2', 'body'));
  assert.equal(answer.status, 502);
  assert.equal(field(answer, 'ballast-reason'), 'server-closed');
  assert.equal(scene.origin.requests.filter(({ method }) => method === 'POST').length, 1);
});

test('an idle connection that the server has closed is not used for a POST', async () => {
  await using scene = await startScene({
    script: async (connection, index) => {
      await connection.readMessage('request');
      await connection.write(httpAnswer(200, 'ok'));
      if (index === 0) connection.end();
    },
  });
  await ask(scene.port, getBytes('/1'));
  await scene.origin.connections[0]!.closed();
  assert.equal((await ask(scene.port, postBytes('/2', 'body'))).status, 200);
});

test('a GET that a fresh connection left unanswered is tried on another server', async () => {
  await using closing = await Origin.startHttp(() => null);
  await using good = await Origin.startHttp(() => httpAnswer(200, 'ok'));
  await using pair = await startPair([closing.address, good.address]);
  for (let i = 0; i < 4; i++) {
    const answer = await ask(pair.port, getBytes('/'));
    // A request that a fresh connection swallowed may be retried or failed, never answered twice.
    assert.ok(answer.status === 200 || answer.status === 502, answer.line);
  }
  assert.ok(good.requests.length >= 2);
});

test('chosen statuses are tried again on another server, for safe methods only', async () => {
  await using bad = await Origin.startHttp(() => httpAnswer(503, 'bad'));
  await using good = await Origin.startHttp(() => httpAnswer(200, 'ok'));
  await using pair = await startPair([bad.address, good.address], { retry: { statuses: [503] } });
  for (let i = 0; i < 6; i++) assert.equal((await ask(pair.port, getBytes('/'))).status, 200);
  assert.ok(bad.requests.length >= 2);
  const statuses = new Set<number>();
  for (let i = 0; i < 4; i++) statuses.add((await ask(pair.port, postBytes('/', 'x'))).status);
  assert.deepEqual(statuses, new Set([200, 503]));
});

test('retries never exceed their budget', async () => {
  await using bad = await Origin.startHttp(() => httpAnswer(503, 'bad'));
  await using worse = await Origin.startHttp(() => httpAnswer(503, 'worse'));
  const retry = { statuses: [503], budget: '0%', budgetMin: 0 };
  await using pair = await startPair([bad.address, worse.address], { retry });
  for (let i = 0; i < 5; i++) assert.equal((await ask(pair.port, getBytes('/'))).status, 503);
  assert.equal(bad.requests.length + worse.requests.length, 5);
  assert.equal(await pair.ballast.metric('ballast_pool_retries_total'), 0);
  assert.ok((await pair.ballast.metric('ballast_pool_retries_denied_total')) >= 5);
});

test('a request is tried at most attempts + 1 times', async () => {
  const origins = await Promise.all(
    Array.from({ length: 4 }, () => Origin.startHttp(() => httpAnswer(503, 'bad'))),
  );
  const servers = origins.map(({ address }) => address);
  await using pair = await startPair(servers, { retry: { statuses: [503], attempts: 2 } });
  assert.equal((await ask(pair.port, getBytes('/'))).status, 503);
  assert.equal(
    origins.reduce((sum, { requests }) => sum + requests.length, 0),
    3,
  );
  // Each try goes to a server that was not tried before.
  assert.deepEqual(origins.map(({ requests }) => requests.length).sort(), [0, 1, 1, 1]);
  await Promise.all(origins.map((origin) => origin.stop()));
});
