// History, rollback and dry run through the admin server of a supervisor.
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { test } from 'node:test';
import type { ReloadReport } from '../reload.ts';
import { TestSupervisor } from '../supervisor-testkit.ts';
import type { DryRunReport } from './config-control.ts';
import type { HistoryReport } from './config-report.ts';

const config = (weight: number, top = ''): string => `
admin: 127.0.0.1:0
workers: 1
log: { access: off }
${top}
listeners:
  web: { bind: 127.0.0.1:0, pool: web }
pools:
  web:
    servers: [{ address: 127.0.0.1:1, weight: ${weight} }]
`;

async function post<T>(it: TestSupervisor, path: string): Promise<{ status: number; body: T }> {
  const response = await fetch(`${it.supervisor.adminAddress}${path}`, { method: 'POST' });
  return { status: response.status, body: (await response.json()) as T };
}

async function history(it: TestSupervisor): Promise<HistoryReport> {
  const response = await fetch(`${it.supervisor.adminAddress}/history`);
  return (await response.json()) as HistoryReport;
}

const weightOf = async (it: TestSupervisor): Promise<number> =>
  (await it.status()).pools[0]!.servers[0]!.weight;

test('rollback puts the configuration before in force, with a number of its own', async () => {
  await using it = await TestSupervisor.start(config(1));
  it.config = config(2);
  assert.equal((await it.supervisor.reload()).number, 2);
  const { status, body } = await post<ReloadReport>(it, '/rollback');
  assert.equal(status, 200);
  assert.deepEqual([body.number, body.cause, body.changed], [3, 'rollback', true]);
  assert.equal(await weightOf(it), 1);
  const { configurations } = await history(it);
  assert.deepEqual(
    configurations.map(({ number, cause, note }) => [number, cause, note]),
    [
      [3, 'rollback', 'to 1'],
      [2, 'reload', ''],
      [1, 'start', ''],
    ],
  );
  assert.equal(configurations[0]!.digest, configurations[2]!.digest);
  // Once more goes forth again; a number goes to that one.
  await post(it, '/rollback');
  assert.equal(await weightOf(it), 2);
  await post(it, '/rollback?number=3');
  assert.equal(await weightOf(it), 1);
});

test('rollback to a number that is not there is refused and says which are', async () => {
  await using it = await TestSupervisor.start(config(1));
  for (const path of ['/rollback', '/rollback?number=9', '/rollback?number=x']) {
    const { status, body } = await post<{ code: string; hint: string }>(it, path);
    assert.deepEqual([status, body.code], [404, 'BAL_HISTORY_UNKNOWN']);
    assert.notEqual(body.hint, '');
  }
});

test('status and history say whether the file is what is in force, and hold no text', async () => {
  await using it = await TestSupervisor.start(config(1));
  const file = it.dir.file('ballast.yaml');
  assert.equal((await it.status()).configuration.onDisk, 'missing');
  writeFileSync(file, config(1));
  assert.equal((await it.status()).configuration.onDisk, 'same');
  it.config = config(2);
  writeFileSync(file, config(2));
  assert.equal((await it.status()).configuration.onDisk, 'changed');
  await it.supervisor.reload();
  const { configuration } = await it.status();
  assert.deepEqual([configuration.number, configuration.onDisk], [2, 'same']);
  await post(it, '/rollback');
  const after = await history(it);
  assert.equal(after.onDisk, 'changed');
  assert.match(after.hint, /"ballast reload".*"ballast rollback 3 --write"/);
  assert.doesNotMatch(JSON.stringify(after), /127\.0\.0\.1:1/);
});

test('a dry run says what would change and changes nothing', async () => {
  await using it = await TestSupervisor.start(config(1));
  const none = await post<DryRunReport>(it, '/reload?dry-run=1');
  assert.deepEqual([none.status, none.body.changes], [200, []]);
  it.config = config(5);
  const some = await post<DryRunReport>(it, '/reload?dry-run=1');
  assert.equal(some.status, 200);
  const [change] = some.body.changes;
  assert.deepEqual(
    [change!.kind, change!.name, change!.change, change!.fields],
    ['server', 'web/127.0.0.1:1', 'changed', [{ field: 'weight', from: '1', to: '5' }]],
  );
  it.config = config(5, 'wrokers: 3');
  const bad = await post<DryRunReport>(it, '/reload?dry-run=1');
  assert.equal(bad.status, 422);
  assert.equal(bad.body.diagnostics[0]!.code, 'BAL_CONFIG_UNKNOWN_KEY');
  assert.equal(await weightOf(it), 1);
  assert.equal((await it.status()).configuration.number, 1);
  assert.equal((await it.status()).lastReload, null);
});
