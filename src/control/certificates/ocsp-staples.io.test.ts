// Responses from files and from `openssl ocsp` as responder.
import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import { readFileSync, statSync, writeFileSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import test from 'node:test';
import { freePort } from '../../../test/kit/free-ports.ts';
import { TempDir } from '../../../test/kit/temp-dir.ts';
import { until } from '../../../test/kit/wait.ts';
import { OCSP_BYTES_MAX } from '../../codec/ocsp.ts';
import type { OcspPlan } from '../../config/plan-tls.ts';
import type { Plan } from '../../config/plan.ts';
import { Outlet } from '../outlet.ts';
import { createProductLog } from '../product-log.ts';
import { fetchOcsp } from './ocsp-fetch.ts';
import { OcspStaples, RETRY_MIN_MS } from './ocsp-staples.ts';
import { OcspAuthority, opensslSkip as skip, subjectOf } from './ocsp-testkit.ts';
import type { Pair } from './read-pair.ts';

const DAY_MS = 86_400_000;

class Scene implements Disposable {
  readonly dir = new TempDir();
  nowMs = Date.now();

  staples(fetch = fetchOcsp): OcspStaples {
    const outlet = Outlet.file(this.dir.file('log'));
    const log = createProductLog({ outlet, level: 'debug', format: 'json' });
    return new OcspStaples({ log, fetch, now: () => this.nowMs });
  }

  get log(): string {
    return readFileSync(this.dir.file('log'), 'utf8');
  }

  plan(pair: Pair, ocsp: OcspPlan): Plan {
    const certificates = [{ key: pair.source.key, ocsp }];
    return { certificates, stateFolder: this.dir.path } as unknown as Plan;
  }

  [Symbol.dispose](): void {
    this.dir[Symbol.dispose]();
  }
}

test(
  'OcspStaples asks the responder of the certificate, and keeps what it says',
  { skip },
  async () => {
    await using authority = new OcspAuthority();
    using it = new Scene();
    const port = await freePort();
    const pair = authority.issue('a', { serial: '1001', url: `http://127.0.0.1:${port}/` });
    await authority.serve(port);
    const staples = it.staples();
    await staples.use(it.plan(pair, { kind: 'fetch' }), [pair]);
    await until(() => staples.staple(pair.fingerprint), { what: 'a staple' });
    assert.equal(staples.view(pair.fingerprint).state, 'stapled');
    const file = it.dir.file(`ocsp/${pair.fingerprint}`);
    await until(() => statSync(file, { throwIfNoEntry: false }), { what: 'the kept response' });
    staples.stop();
    const next = it.staples(() => assert.fail('must not ask again'));
    await next.use(it.plan(pair, { kind: 'fetch' }), [pair]);
    assert.deepEqual(next.staple(pair.fingerprint), staples.staple(pair.fingerprint));
  },
);

test('OcspStaples reads a file anew when it changes', { skip }, async () => {
  await using authority = new OcspAuthority();
  using it = new Scene();
  const pair = authority.issue('a', { serial: '1001' });
  const path = it.dir.file('a.ocsp');
  const staples = it.staples();
  const plan = it.plan(pair, { kind: 'file', path });
  await staples.use(plan, [pair]);
  assert.match(staples.view(pair.fingerprint).problem, /there is no such file/);
  const first = authority.answer(subjectOf(pair));
  writeFileSync(path, first);
  await staples.use(plan, [pair]);
  assert.deepEqual(Buffer.from(staples.staple(pair.fingerprint)!), first);
  const { version } = staples;
  writeFileSync(path, 'broken');
  await staples.use(plan, [pair]);
  assert.deepEqual(Buffer.from(staples.staple(pair.fingerprint)!), first);
  assert.match(staples.view(pair.fingerprint).problem, /cannot be stapled: it is no OCSP response/);
  assert.equal(staples.version, version);
});

test('OcspStaples renews at half of the time, and drops what has expired', { skip }, async () => {
  await using authority = new OcspAuthority();
  using it = new Scene();
  const pair = authority.issue('a', { serial: '1001' });
  const good = authority.answer(subjectOf(pair));
  let asked = 0;
  const staples = it.staples(() => {
    asked += 1;
    return asked === 1 ? Promise.resolve(good) : Promise.reject(new Error('it is away'));
  });
  await staples.use(it.plan(pair, { kind: 'fetch' }), [pair]);
  await until(() => staples.staple(pair.fingerprint), { what: 'a staple' });
  it.nowMs += 3 * DAY_MS;
  staples.look();
  assert.equal(asked, 1);
  it.nowMs += DAY_MS;
  staples.look();
  await until(() => staples.view(pair.fingerprint).problem, { what: 'the failure' });
  assert.equal(asked, 2);
  assert.equal(staples.view(pair.fingerprint).state, 'stapled');
  it.nowMs += RETRY_MIN_MS / 2;
  staples.look();
  assert.equal(asked, 2, 'it waits before it asks again');
  it.nowMs += 4 * DAY_MS;
  staples.look();
  assert.equal(staples.staple(pair.fingerprint), null);
  assert.match(it.log, /no OCSP response for \\"a\\": it is away: the one before is stapled still/);
});

test('OcspStaples staples nothing for a revoked certificate, and says so', { skip }, async () => {
  await using authority = new OcspAuthority();
  using it = new Scene();
  const pair = authority.issue('a', { serial: '1001', said: 'R' });
  const answer = authority.answer(subjectOf(pair));
  const staples = it.staples(() => Promise.resolve(answer));
  await staples.use(it.plan(pair, { kind: 'fetch' }), [pair]);
  await until(() => staples.view(pair.fingerprint).problem, { what: 'the problem' });
  assert.match(staples.view(pair.fingerprint).problem, /the certificate is revoked/);
  assert.equal(staples.staple(pair.fingerprint), null);
});

test('fetchOcsp gives up on answers that are too long, of another status, or cut off', async () => {
  const server = createServer((request, response) => {
    request.resume();
    if (request.url === '/long') response.end(Buffer.alloc(OCSP_BYTES_MAX + 1));
    else if (request.url === '/gone') response.writeHead(404).end();
    else {
      response.writeHead(200, { 'content-length': 100 });
      response.write('part', () => response.destroy());
    }
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const none = new Uint8Array(1);
  const id = { nameHash: none, keyHash: none, serial: none };
  const ask = (path: string) => fetchOcsp(`http://127.0.0.1:${port}${path}`, id);
  await assert.rejects(ask('/long'), /sent more than 65536 bytes/);
  await assert.rejects(ask('/gone'), /answered with status 404/);
  await assert.rejects(ask('/cut'), /127\.0\.0\.1:\d+ failed/);
  await assert.rejects(fetchOcsp('ldap://a.test/', id), /makes no sense/);
  server.close();
});
