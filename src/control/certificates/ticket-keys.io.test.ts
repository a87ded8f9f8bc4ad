import assert from 'node:assert/strict';
import { readFileSync, statSync, writeFileSync } from 'node:fs';
import { test } from 'node:test';
import type { Plan } from '../../config/plan.ts';
import { TempDir } from '../../../test/kit/temp-dir.ts';
import { until } from '../../../test/kit/wait.ts';
import { Outlet } from '../outlet.ts';
import { createProductLog } from '../product-log.ts';
import { ROTATE_MS, TICKET_KEYS_FILE, TicketKeys } from './ticket-keys.ts';

/** As much of a plan as is looked at. */
function planWith(stateFolder: string | null, tickets = true): Plan {
  return { stateFolder, listeners: [{ tls: { tickets } }] } as unknown as Plan;
}

class Scene implements Disposable {
  readonly dir = new TempDir();
  readonly told: (readonly string[])[] = [];
  nowMs = 1_800_000_000_000;
  readonly keys = this.another();

  another(): TicketKeys {
    const outlet = Outlet.file(this.dir.file('log'));
    return new TicketKeys({
      log: createProductLog({ outlet, level: 'debug', format: 'json' }),
      tell: ({ keys }) => this.told.push(keys),
      now: () => this.nowMs,
    });
  }

  get file(): string {
    return this.dir.file(TICKET_KEYS_FILE);
  }

  [Symbol.dispose](): void {
    this.keys.stop();
    this.dir[Symbol.dispose]();
  }
}

test('TicketKeys makes no key while no listener gives tickets', () => {
  using it = new Scene();
  it.keys.use(planWith(null, false));
  assert.deepEqual(it.told, []);
});

test('TicketKeys makes one random key of 80 bytes and tells it once', () => {
  using it = new Scene();
  it.keys.use(planWith(null));
  it.keys.use(planWith(null));
  it.keys.look();
  assert.deepEqual(
    it.told.map((keys) => keys.map((key) => Buffer.from(key, 'base64').length)),
    [[80]],
  );
});

test('TicketKeys puts a new key first after 12 h and keeps three', () => {
  using it = new Scene();
  it.keys.use(planWith(null));
  for (let turn = 0; turn < 4; turn++) {
    it.nowMs += ROTATE_MS;
    it.keys.look();
  }
  assert.deepEqual(
    it.told.map((keys) => keys.length),
    [1, 2, 3, 3, 3],
  );
  assert.deepEqual(it.told[4]!.slice(1), it.told[3]!.slice(0, 2));
});

test('TicketKeys keeps its keys over a restart, in a file for the owner alone', async () => {
  using it = new Scene();
  it.keys.use(planWith(it.dir.path));
  await until(() => existing(it.file), { what: 'the file' });
  assert.equal(statSync(it.file).mode & 0o777, 0o600);
  it.nowMs += ROTATE_MS - 1;
  const next = it.another();
  next.use(planWith(it.dir.path));
  assert.deepEqual(it.told[1], it.told[0]);
  next.stop();
});

test('TicketKeys takes no key from the file that is older than 36 h', async () => {
  using it = new Scene();
  it.keys.use(planWith(it.dir.path));
  await until(() => existing(it.file), { what: 'the file' });
  it.nowMs += 3 * ROTATE_MS;
  const next = it.another();
  next.use(planWith(it.dir.path));
  assert.equal(it.told[1]!.length, 1);
  assert.notEqual(it.told[1]![0], it.told[0]![0]);
  next.stop();
});

test('TicketKeys makes new keys where the file makes no sense, and does not log what it holds', () => {
  using it = new Scene();
  writeFileSync(it.file, '{"format":1,"keys":[{"key":"c2VjcmV0' + '\n');
  it.keys.use(planWith(it.dir.path));
  assert.equal(it.told[0]!.length, 1);
  assert.doesNotMatch(readFileSync(it.dir.file('log'), 'utf8'), /c2VjcmV0/);
});

test('TicketKeys hands its keys to a successor', () => {
  using it = new Scene();
  it.keys.use(planWith(null));
  const next = it.another();
  next.importKeys(JSON.parse(JSON.stringify(it.keys.exportKeys())));
  next.use(planWith(null));
  assert.deepEqual(it.told[1], it.told[0]);
  assert.equal(it.told.length, 2);
  next.stop();
});

test('TicketKeys makes new keys where a predecessor hands over nothing of sense', () => {
  using it = new Scene();
  for (const kept of [null, 7, { format: 2 }, { format: 1, keys: [{}, { key: 'eA==' }, null] }]) {
    const next = it.another();
    next.importKeys(kept);
    next.use(planWith(null));
    assert.equal(it.told.at(-1)!.length, 1, JSON.stringify(kept));
    next.stop();
  }
});

function existing(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false }) !== undefined;
}
