import assert from 'node:assert/strict';
import { test } from 'node:test';
import { LISTENER_METER, POOL_METER, SERVER_METER } from '../../base/meters.ts';
import { checkPlan, ipv4, planOf, poolPlan, serverPlan } from '../health/test-plan.ts';
import type { MetersReader } from '../meters-reader.ts';
import { quantileMs } from './quantile.ts';
import { SAMPLES_MAX, TrafficBook } from './traffic.ts';

const POOL = 7;
const SERVER = 9;

function bench() {
  const values = new Map<string, number>();
  const meters = {
    sum: (slot: number, field: number) => values.get(`${slot}.${field}`) ?? 0,
  } as unknown as MetersReader;
  const bare = planOf([
    poolPlan('web', checkPlan(), [serverPlan('web', 'a', ipv4('10.0.0.1', 1))]),
  ]);
  let plan = {
    ...bare,
    pools: bare.pools.map((pool) => ({
      ...pool,
      slot: POOL,
      servers: pool.servers.map((server) => ({ ...server, slot: SERVER })),
    })),
  };
  const book = new TrafficBook(() => plan, meters);
  return {
    book,
    add: (slot: number, field: number, count: number) => {
      const key = `${slot}.${field}`;
      values.set(key, (values.get(key) ?? 0) + count);
    },
    removePools: () => {
      plan = { ...plan, pools: [] };
    },
  };
}

test('TrafficBook gives rates per second, errors and times of each interval', () => {
  const { book, add } = bench();
  book.sample(1_000);
  add(POOL, POOL_METER.requests, 40);
  add(SERVER, SERVER_METER.failures, 4);
  add(POOL, POOL_METER.latencyBuckets + 3, 40);
  book.sample(3_000);
  book.sample(5_000);
  const series = book.series('pool', 'web')!;
  assert.deepEqual(series.times, [3_000, 5_000]);
  assert.deepEqual(series.rates, [20, 0]);
  assert.deepEqual(series.errorRates, [2, 0]);
  assert.deepEqual(series.p50Ms, [0.75, null]);
  assert.deepEqual(book.series('pool', 'web', 3_000)!.times, [5_000]);
  assert.equal(book.latest('pool', 'web')!.rate, 0);
});

test('TrafficBook keeps SAMPLES_MAX samples, and forgets what has left the plan', () => {
  const { book, removePools } = bench();
  for (let i = 1; i <= SAMPLES_MAX + 5; i++) book.sample(i * 2_000);
  const { times } = book.series('pool', 'web')!;
  assert.equal(times.length, SAMPLES_MAX);
  assert.equal(times.at(-1), (SAMPLES_MAX + 5) * 2_000);
  removePools();
  book.sample(1e9);
  assert.equal(book.series('pool', 'web'), null);
  assert.notEqual(book.series('balancer', ''), null);
});

test('quantileMs finds its place within a bucket, and says null of nothing', () => {
  const buckets = new Array<number>(18).fill(0);
  assert.equal(quantileMs(buckets, 0.5), null);
  buckets[0] = 100;
  assert.equal(quantileMs(buckets, 0.5), 0.05);
  buckets[17] = 1;
  assert.equal(quantileMs(buckets, 1), 30_000);
});

test('the meters of listeners and pools do not overlap their other fields', () => {
  assert.ok(LISTENER_METER.latencySumUs > LISTENER_METER.drops + 19);
  assert.ok(POOL_METER.latencySumUs > POOL_METER.noServerUp);
});
