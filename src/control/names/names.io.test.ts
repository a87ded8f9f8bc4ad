// Names in a supervisor whose workers are fakes: what is put in force, and when.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { until } from '../../../test/kit/wait.ts';
import { TestSupervisor } from '../supervisor-testkit.ts';
import { FakeDns, recordsOf } from './dns-server-testkit.ts';
import { FIRST_ANSWERS_MS } from './names.ts';

/** A name server that knows web.test at these addresses, for 0 s. */
class Zone {
  addresses: readonly string[] = [];
  asked = 0;

  async start(): Promise<FakeDns> {
    return FakeDns.start(({ name, type }) => {
      this.asked += 1;
      if (type !== 'A' || name !== 'web.test' || this.addresses.length === 0) return { code: 3 };
      const { answers = [] } = recordsOf(name, 'A', this.addresses);
      return { answers: answers.map((record) => ({ ...record, ttlS: 0 })) };
    });
  }
}

const config = (
  dns: FakeDns,
  parts: { name?: string; pool?: string; keep?: string } = {},
): string => `
admin: 127.0.0.1:0
workers: 1
drain: 1s
log: { access: off }
resolver: { servers: ["127.0.0.1:${dns.server.port}"], ttlMin: 100ms, keep: ${parts.keep ?? '60s'} }
listeners:
  web: { bind: 127.0.0.1:0, pool: ${parts.pool ?? 'web'} }
pools:
  ${parts.pool ?? 'web'}: { servers: ["${parts.name ?? 'web.test'}:80"] }
`;

const keysOf = async (it: TestSupervisor): Promise<string[]> =>
  (await it.ask()).health.map(({ key }) => key);

async function keysAre(it: TestSupervisor, ...keys: string[]): Promise<void> {
  const isSo = async () => (await keysOf(it)).join() === keys.join();
  await until(isSo, { what: keys.join(), everyMs: 20 });
}

const logOf = (it: TestSupervisor): string => readFileSync(it.dir.file('product.log'), 'utf8');
const key = (host: string): string => `web/web.test:80/${host}:80`;

test('Names: a change of addresses is a new plan in the same workers, and a line of the log', async () => {
  const zone = new Zone();
  zone.addresses = ['127.0.0.2'];
  await using dns = await zone.start();
  await using it = await TestSupervisor.start(config(dns));
  await keysAre(it, key('127.0.0.2'));
  const first = await it.ask();
  zone.addresses = ['127.0.0.3', '127.0.0.2'];
  await keysAre(it, key('127.0.0.2'), key('127.0.0.3'));
  const second = await it.ask();
  assert.deepEqual([second.plan, second.pid], [first.plan + 1, first.pid]);
  const line = logOf(it)
    .split('\n')
    .findLast((text) => text.includes('servers by name have changed'))!;
  const { version, came, went } = JSON.parse(line) as Record<string, unknown>;
  assert.deepEqual([version, came, went], [second.plan, [key('127.0.0.3')], []]);
  assert.equal((await it.status()).lastReload, null);
  assert.match(await it.metrics(), /^ballast_name_lookups_total\{outcome="records"\} [1-9]/m);
});

test('Names: answers that say the same change nothing, in whatever order they come', async () => {
  const zone = new Zone();
  zone.addresses = ['127.0.0.2', '127.0.0.3'];
  await using dns = await zone.start();
  await using it = await TestSupervisor.start(config(dns));
  await keysAre(it, key('127.0.0.2'), key('127.0.0.3'));
  const { plan } = await it.ask();
  for (let i = 0; i < 5; i++) {
    zone.addresses = zone.addresses.toReversed();
    const goal = zone.asked + 2;
    await until(() => zone.asked >= goal, { what: 'more questions' });
  }
  assert.equal((await it.ask()).plan, plan);
});

test('Names: what the workers refuse is told and tried again; the servers before stay', async () => {
  const zone = new Zone();
  zone.addresses = ['127.0.0.2'];
  await using dns = await zone.start();
  await using it = await TestSupervisor.start(config(dns));
  await keysAre(it, key('127.0.0.2'));
  zone.addresses = ['127.0.0.66'];
  await until(() => logOf(it).includes('servers by name cannot be changed: a worker refused'), {
    what: 'the refusal in the log',
  });
  assert.deepEqual(await keysOf(it), [key('127.0.0.2')]);
  zone.addresses = ['127.0.0.4'];
  await keysAre(it, key('127.0.0.4'));
});

test('Names: a reload waits for the names that are new, and forgets those that are gone', async () => {
  const zone = new Zone();
  zone.addresses = ['127.0.0.2'];
  await using dns = await zone.start();
  await using it = await TestSupervisor.start(config(dns, { name: 'gone.test' }));
  assert.deepEqual(await keysOf(it), []);
  assert.match(await it.metrics(), /^ballast_names_failing\{state="unresolved"\} 1$/m);
  it.config = config(dns);
  const first = await it.supervisor.reload();
  assert.equal(first.ok, true);
  // In force with the answer at once, not soon after; unless the machine stood still.
  if (first.tookMs < FIRST_ANSWERS_MS) assert.deepEqual(await keysOf(it), [key('127.0.0.2')]);
  await keysAre(it, key('127.0.0.2'));
  assert.match(await it.metrics(), /^ballast_names_failing\{state="unresolved"\} 0$/m);
  assert.match(await it.metrics(), /^ballast_name_questions 2$/m);
  const report = await it.supervisor.reload();
  assert.deepEqual([report.ok, report.changed], [true, false]);
});

test('Names: a reload that is refused leaves the names as they were', async () => {
  const zone = new Zone();
  zone.addresses = ['127.0.0.2'];
  await using dns = await zone.start();
  await using it = await TestSupervisor.start(config(dns));
  it.config = config(dns, { name: 'other.test', pool: 'refuse' });
  const report = await it.supervisor.reload();
  assert.equal(report.ok, false);
  assert.match(await it.metrics(), /^ballast_name_questions 2$/m);
  zone.addresses = ['127.0.0.3'];
  await keysAre(it, key('127.0.0.3'));
});

test('Names: another name server of a new file is asked at once', async () => {
  const zone = new Zone();
  zone.addresses = ['127.0.0.2'];
  await using dns = await zone.start();
  await using dead = await FakeDns.start(() => ({ code: 2 }));
  await using it = await TestSupervisor.start(config(dead));
  assert.deepEqual(await keysOf(it), []);
  it.config = config(dns);
  assert.equal((await it.supervisor.reload()).ok, true);
  await keysAre(it, key('127.0.0.2'));
});

test('Names: a new name is looked up at the name server that comes with it', async () => {
  const zone = new Zone();
  zone.addresses = ['127.0.0.2'];
  await using dns = await zone.start();
  await using old = await FakeDns.start(() => ({ code: 3 }));
  await using it = await TestSupervisor.start(config(old, { name: 'gone.test' }));
  it.config = config(dns);
  const report = await it.supervisor.reload();
  assert.equal(report.ok, true);
  // In force with the answer, and not without servers until it is asked again.
  if (report.tookMs < FIRST_ANSWERS_MS) assert.deepEqual(await keysOf(it), [key('127.0.0.2')]);
  // A reload that is refused asks the one before again.
  const { asked } = zone;
  it.config = config(old, { name: 'other.test', pool: 'refuse' });
  assert.equal((await it.supervisor.reload()).ok, false);
  await until(() => zone.asked > asked, { what: 'a question to the name server in force' });
  assert.deepEqual(await keysOf(it), [key('127.0.0.2')]);
});

test('Names: nothing is looked up any more once it is drained', async () => {
  const zone = new Zone();
  zone.addresses = ['127.0.0.2'];
  await using dns = await zone.start();
  await using it = await TestSupervisor.start(config(dns));
  await keysAre(it, key('127.0.0.2'));
  const changes = logOf(it).split('servers by name have changed').length;
  const drained = it.drain();
  zone.addresses = ['127.0.0.3'];
  await drained;
  const { asked } = zone;
  await new Promise((resolve) => setTimeout(resolve, 400));
  assert.equal(zone.asked, asked);
  assert.equal(logOf(it).split('servers by name have changed').length, changes);
});
