// Places on servers: each one that is taken is given back, and whoever waits longest gets it.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ByteStream } from '../kit/byte-stream.ts';
import { simpleConfig } from '../kit/config.ts';
import { httpAnswer } from '../kit/origin.ts';
import type { Responder } from '../kit/origin.ts';
import { ask, getBytes, startScene } from '../kit/scene.ts';
import { until } from '../kit/wait.ts';

/** A server that answers requests for /hold… and /slow… when it is told to. */
function holdingServer(): { respond: Responder; letGo: (prefix: string) => void } {
  const gates = ['/hold', '/slow'].map((prefix) => {
    let open = (): void => undefined;
    const opened = new Promise<void>((resolve) => {
      open = resolve;
    });
    return { prefix, opened, open };
  });
  return {
    respond: async ({ target }) => {
      await gates.find(({ prefix }) => target.startsWith(prefix))?.opened;
      return httpAnswer(200, target);
    },
    letGo: (prefix) => gates.find((gate) => gate.prefix === prefix)?.open(),
  };
}

async function statusOn(client: ByteStream): Promise<number> {
  void client.write(getBytes('/'));
  return (await client.readMessage('response')).status;
}

test('a place that another worker gives back is seen also where nothing waits for it', async () => {
  const { respond, letGo } = holdingServer();
  await using scene = await startScene({
    respond,
    top: { workers: 2 },
    pool: { maxConnections: 1, queue: { size: 0 } },
  });
  // Many at once: one worker alone does not take them all.
  const clients: ByteStream[] = [];
  await until(
    async () => {
      clients.push(...(await Promise.all(Array.from({ length: 32 }, () => scene.connect()))));
      const { workers } = await scene.ballast.status();
      return workers.filter(({ connections }) => connections > 0).length === 2;
    },
    { what: 'both workers to have connections' },
  );
  const [holder, ...others] = clients as [ByteStream, ...ByteStream[]];
  void holder.write(getBytes('/hold'));
  await scene.origin.received(1);
  for (const client of others) assert.equal(await statusOn(client), 503);
  letGo('/hold');
  await holder.readMessage('response');
  for (const client of others) assert.equal(await statusOn(client), 200);
  for (const client of clients) client.destroy();
});

test('a reload from no limit to maxConnections leaves the count of places right', async () => {
  const { respond, letGo } = holdingServer();
  await using scene = await startScene({ respond });
  const limited = (maxConnections: number): void => {
    const pool = { maxConnections, queue: { timeout: '300ms' } };
    const servers = [scene.origin.address];
    scene.ballast.writeConfig(simpleConfig({ port: scene.port, servers, pool }));
  };
  const holders: ByteStream[] = [];
  for (let i = 0; i < 3; i++) {
    holders.push(await scene.connect());
    void holders[i]!.write(getBytes(`/hold/${i}`));
  }
  await scene.origin.received(3);
  limited(1);
  assert.ok((await scene.ballast.reload()).ok);
  letGo('/hold');
  for (const holder of holders) await holder.readMessage('response');
  // One place: of two requests at once, one waits.
  const clients = [await scene.connect(), await scene.connect()];
  for (const client of clients) void client.write(getBytes('/slow'));
  await until(() => scene.ballast.metric('ballast_pool_queue_length').then((n) => n === 1), {
    what: 'one request in the queue',
    timeoutMs: 3_000,
  });
  letGo('/slow');
  for (const client of clients) assert.equal((await client.readMessage('response')).status, 200);
  for (const client of [...clients, ...holders]) client.destroy();
});

test('a reload from maxConnections to no limit and back leaves the count of places right', async () => {
  const { respond, letGo } = holdingServer();
  await using scene = await startScene({ respond, pool: { maxConnections: 2 } });
  const configure = async (pool: object): Promise<void> => {
    const servers = [scene.origin.address];
    scene.ballast.writeConfig(simpleConfig({ port: scene.port, servers, pool: { ...pool } }));
    assert.ok((await scene.ballast.reload()).ok);
  };
  const holders: ByteStream[] = [];
  for (let i = 0; i < 2; i++) {
    holders.push(await scene.connect());
    void holders[i]!.write(getBytes(`/hold/${i}`));
  }
  await scene.origin.received(2);
  await configure({});
  letGo('/hold');
  for (const holder of holders) await holder.readMessage('response');
  await configure({ maxConnections: 2, queue: { timeout: '300ms' } });
  assert.equal((await ask(scene.port, getBytes('/after'))).status, 200);
  for (const holder of holders) holder.destroy();
});

test('requests that wait go before requests that come later', async () => {
  await using scene = await startScene({
    respond: ({ target }) => httpAnswer(200, target),
    pool: { maxConnections: 1, queue: { timeout: '20s' } },
  });
  // One client has always a next request ready: none of them may go before the other client's.
  const many = 2_000;
  const busy = await scene.connect();
  void busy.write(getBytes('/busy').repeat(many));
  await scene.origin.received(1);
  const other = await scene.connect();
  const before = scene.origin.requests.length;
  void other.write(getBytes('/other'));
  await other.readMessage('response');
  const place = scene.origin.requests.findIndex(({ target }) => target === '/other');
  assert.ok(place > 0 && place - before < many / 4, `request ${place - before} after its start`);
  for (const client of [busy, other]) client.destroy();
});
