import assert from 'node:assert/strict';
import { chmodSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { statSync, symlinkSync, writeFileSync } from 'node:fs';
import { test } from 'node:test';
import { TestSupervisor } from '../supervisor-testkit.ts';
import { checkAnswer } from './api-testkit.ts';

const CONFIG = `# A comment that a person wrote.
admin: 127.0.0.1:0
workers: 1
listeners:
  web: { bind: 127.0.0.1:0, pool: web }
pools:
  web: { servers: [127.0.0.1:1] }
`;

/** Another server, and the comment still there. */
const OTHER = CONFIG.replace('127.0.0.1:1]', '127.0.0.1:2]');

type Asked = {
  readonly method?: string;
  readonly body?: string | Uint8Array<ArrayBuffer>;
  readonly match?: string;
};

async function started() {
  const bench = await TestSupervisor.start(CONFIG);
  const file = bench.dir.file('ballast.yaml');
  writeFileSync(file, CONFIG);
  chmodSync(file, 0o640);
  const ask = async (path: string, { method = 'GET', body, match }: Asked = {}) => {
    const type = path.startsWith('/v1/config?') || path === '/v1/config' ? 'yaml' : 'json';
    const answer = await fetch(`${bench.supervisor.adminAddress}${path}`, {
      method,
      headers: {
        'content-type': `application/${type}`,
        ...(match === undefined ? {} : { 'if-match': match }),
      },
      ...(body === undefined ? {} : { body }),
    });
    await checkAnswer(method, path.split('?')[0]!, answer);
    return answer;
  };
  const put = (body: string | Uint8Array<ArrayBuffer>, match?: string, query = '') =>
    ask(`/v1/config${query}`, { method: 'PUT', body, ...(match === undefined ? {} : { match }) });
  const etag = async () => (await ask('/v1/config')).headers.get('etag')!;
  const inForce = async () => (await bench.status()).pools[0]!.servers[0]!.name;
  return {
    bench,
    file,
    ask,
    put,
    etag,
    inForce,
    [Symbol.asyncDispose]: () => bench[Symbol.asyncDispose](),
  };
}

const codeOf = async (answer: Response) =>
  `${answer.status} ${((await answer.json()) as { code: string }).code}`;

test('GET /v1/config gives the text of the file with an ETag that changes with it', async () => {
  await using scene = await started();
  const answer = await scene.ask('/v1/config');
  assert.equal(await answer.text(), CONFIG);
  const before = await scene.etag();
  writeFileSync(scene.file, OTHER);
  assert.notEqual(await scene.etag(), before);
});

test('PUT /v1/config puts a text in force, and whole into the file with its mode', async () => {
  await using scene = await started();
  const answer = await scene.put(OTHER, await scene.etag());
  assert.equal(answer.status, 200);
  assert.equal(answer.headers.get('etag'), await scene.etag());
  assert.equal(readFileSync(scene.file, 'utf8'), OTHER);
  assert.equal(statSync(scene.file).mode & 0o777, 0o640);
  assert.equal(await scene.inForce(), '127.0.0.1:2');
  assert.deepEqual(
    readdirSync(scene.bench.dir.path).filter((name) => name.endsWith('.tmp')),
    [],
  );
});

test('PUT /v1/config follows a link, and leaves it one', async () => {
  await using scene = await started();
  const real = scene.bench.dir.file('real.yaml');
  writeFileSync(real, CONFIG);
  rmSync(scene.file);
  symlinkSync(real, scene.file);
  assert.equal((await scene.put(OTHER, await scene.etag())).status, 200);
  assert.equal(readFileSync(real, 'utf8'), OTHER);
});

test('PUT /v1/config with a stale ETag changes nothing: 412, and 428 without one', async () => {
  await using scene = await started();
  const etag = await scene.etag();
  writeFileSync(scene.file, `${CONFIG}# by somebody else\n`);
  assert.equal(await codeOf(await scene.put(OTHER, etag)), '412 BAL_API_STALE');
  assert.equal(await codeOf(await scene.put(OTHER)), '428 BAL_API_STALE');
  assert.match(readFileSync(scene.file, 'utf8'), /somebody else/);
  assert.equal(await scene.inForce(), '127.0.0.1:1');
});

test('of two PUTs with the same ETag one is stale', async () => {
  await using scene = await started();
  const etag = await scene.etag();
  const third = CONFIG.replace('127.0.0.1:1]', '127.0.0.1:3]');
  const both = await Promise.all([scene.put(OTHER, etag), scene.put(third, etag)]);
  assert.deepEqual(both.map(({ status }) => status).sort(), [200, 412]);
});

test('PUT /v1/config with mistakes gives all of them with their places, and changes nothing', async () => {
  await using scene = await started();
  const bad = CONFIG.replace('pool: web', 'pool: wbe').replace('workers: 1', 'wrokers: 1');
  const answer = await scene.put(bad, '*');
  const { code, diagnostics } = (await answer.json()) as {
    code: string;
    diagnostics: { code: string; line: number; column: number }[];
  };
  assert.equal(`${answer.status} ${code}`, '422 BAL_API_CONFIG');
  assert.deepEqual(
    diagnostics.filter((one) => one.line === 3 || one.line === 5).map(({ line }) => line),
    [3, 5],
  );
  assert.equal(readFileSync(scene.file, 'utf8'), CONFIG);
  assert.equal(await codeOf(await scene.put(new Uint8Array([0xff]), '*')), '400 BAL_API_BODY');
});

test('PUT /v1/config?dry-run=1 says what would change, and changes nothing', async () => {
  await using scene = await started();
  const answer = await scene.put(OTHER, '*', '?dry-run=1');
  const { ok, changes } = (await answer.json()) as { ok: boolean; changes: { kind: string }[] };
  assert.equal(ok, true);
  assert.ok(changes.some(({ kind }) => kind === 'server'));
  assert.equal(readFileSync(scene.file, 'utf8'), CONFIG);
  assert.equal(await scene.inForce(), '127.0.0.1:1');
});

test('the history has what was put in force, and a rollback goes back', async () => {
  await using scene = await started();
  await scene.put(OTHER, '*');
  const history = (await (await scene.ask('/v1/config/history')).json()) as {
    configurations: { number: number; cause: string }[];
  };
  assert.deepEqual(
    history.configurations.map(({ cause }) => cause),
    ['api', 'start'],
  );
  const back = (body: string) => scene.ask('/v1/config/rollback', { method: 'POST', body });
  assert.equal((await back('{}')).status, 200);
  assert.equal(await scene.inForce(), '127.0.0.1:1');
  assert.equal(await codeOf(await back('{"number":99}')), '404 BAL_HISTORY_UNKNOWN');
  assert.equal(await codeOf(await back('{"numbr":1}')), '400 BAL_API_BODY');
});

test('a reload can be tried dry, and certificates read anew', async () => {
  await using scene = await started();
  const post = (path: string) => scene.ask(path, { method: 'POST' });
  const dry = (await (await post('/v1/reload?dry-run=1')).json()) as { changes: unknown[] };
  assert.deepEqual(dry.changes, []);
  assert.equal((await post('/v1/certificates/refresh')).status, 200);
});

test('POST /v1/drain ends the program once, however often it is asked for', async () => {
  await using scene = await started();
  const drain = () => scene.ask('/v1/drain', { method: 'POST' });
  assert.equal((await drain()).status, 202);
  assert.equal((await drain()).status, 202);
  assert.equal(scene.bench.endsAsked, 1);
});
