import assert from 'node:assert/strict';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { z } from 'zod';
import { TestSupervisor } from '../supervisor-testkit.ts';
import { adminApp } from '../admin-app.ts';
import type { ControlView } from '../control-view.ts';
import { apiDocumentText } from './api.ts';
import { API_DOCUMENT, checkAnswer } from './api-testkit.ts';
import type { ReloadReport } from '../reload.ts';
import type { ServerStatus, StatusReport } from '../status-report.ts';
import type { statusSchema } from './schemas/status.ts';
import { listedServerSchema } from './schemas/servers.ts';

const CONFIG = `
admin: 127.0.0.1:0
workers: 1
listeners:
  web: { bind: 127.0.0.1:0, pool: web }
pools:
  web: { servers: [127.0.0.1:1, { name: b, address: 127.0.0.1:2, weight: 3 }] }
  db: { servers: [127.0.0.1:3], check: { tcp: {}, every: 50ms, fall: 1 } }
`;

type Documented = z.output<typeof statusSchema>;
type Rest<T, S> = Readonly<Record<Exclude<keyof T, keyof S>, never>>;
/** Where a line does not compile, a field of the status is missing in the document. */
const UNDOCUMENTED: readonly [
  Rest<StatusReport, Documented>,
  Rest<StatusReport['pools'][number], Documented['pools'][number]>,
  Rest<ServerStatus, Documented['pools'][number]['servers'][number]>,
  Rest<StatusReport['listeners'][number], Documented['listeners'][number]>,
  Rest<StatusReport['workers'][number], Documented['workers'][number]>,
  Rest<ReloadReport, NonNullable<Documented['lastReload']>>,
] = [{}, {}, {}, {}, {}, {}];

type Asked = { readonly method?: string; readonly body?: unknown };

async function started() {
  const bench = await TestSupervisor.start(CONFIG);
  const ask = async (path: string, { method = 'GET', body }: Asked = {}) => {
    const answer = await fetch(`${bench.supervisor.adminAddress}${path}`, {
      method,
      headers: { 'content-type': 'application/json' },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    await checkAnswer(method, path.split('?')[0]!, answer);
    return answer;
  };
  return { bench, ask, [Symbol.asyncDispose]: () => bench[Symbol.asyncDispose]() };
}

test('schema/admin-api.json is what the routes of the API say', () => {
  const path = join(import.meta.dirname, '../../../schema/admin-api.json');
  if (process.env['UPDATE_GOLDEN'] === '1') writeFileSync(path, apiDocumentText());
  assert.equal(existsSync(path) ? readFileSync(path, 'utf8') : '', apiDocumentText());
});

test('every field of the status is in the document', () => {
  assert.deepEqual(UNDOCUMENTED.flatMap(Object.keys), []);
});

test('every route of the app is in the document, and the other way round', () => {
  const served = new Set(
    adminApp({} as ControlView)
      .routes.filter(({ method, path }) => method !== 'ALL' && path.startsWith('/v1'))
      .map(({ method, path }) => `${method} ${path.replaceAll(/:([a-z]+)/g, '{$1}')}`),
  );
  const documented = Object.entries(API_DOCUMENT.paths).flatMap(([path, operations]) =>
    Object.keys(operations).map((method) => `${method.toUpperCase()} ${path}`),
  );
  assert.deepEqual([...served].sort(), documented.sort());
  assert.ok(served.size >= 12, `${served.size}`);
});

test('every route that only reads answers as the document says', async () => {
  await using scene = await started();
  for (const path of [
    '/v1/status',
    '/v1/overview',
    '/v1/metrics',
    '/v1/events',
    '/v1/events?after=1&count=5',
    '/v1/servers',
    '/v1/servers?q=WEB&state=unknown&sort=trouble&limit=1',
    '/v1/pools/web/servers/b',
    '/v1/routes?listener=web&limit=5',
    '/v1/certificates',
    '/v1/errors/BAL_SERVER_UNKNOWN',
    '/v1/openapi.json',
  ]) {
    assert.equal((await scene.ask(path)).status, 200, path);
  }
});

test('the past of the traffic begins soon after the start', async () => {
  await using scene = await started();
  for (;;) {
    const answer = await scene.ask('/v1/traffic?kind=pool&name=db');
    if (answer.status === 200) break;
    assert.equal(answer.status, 404);
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
});

test('what is not there or not right is told by problem documents with codes', async () => {
  await using scene = await started();
  const code = async (path: string, asked: Asked = {}) => {
    const answer = await scene.ask(path, asked);
    const { code: found, status } = (await answer.json()) as { code: string; status: number };
    assert.equal(status, answer.status);
    return `${status} ${found}`;
  };
  const patch = (body: unknown) => ({ method: 'PATCH', body });
  assert.equal(await code('/v1/pools/web/servers/c'), '404 BAL_SERVER_UNKNOWN');
  assert.equal(await code('/v1/pools/web/servers/*'), '404 BAL_SERVER_UNKNOWN');
  assert.equal(await code('/v1/servers?limit=0'), '400 BAL_API_QUERY');
  assert.equal(await code('/v1/traffic?kind=pool&name=nope'), '404 BAL_API_NOT_FOUND');
  assert.equal(await code('/v1/errors/BAL_NOPE'), '404 BAL_API_NOT_FOUND');
  assert.equal(await code('/v1/servers?match=web/*', patch({ weigth: 1 })), '400 BAL_API_BODY');
  assert.equal(await code('/v1/servers?match=web/*', patch({ weight: 257 })), '400 BAL_API_BODY');
  assert.equal(await code('/v1/servers?match=web/*', patch({})), '400 BAL_API_BODY');
  const long = { administrative: 'drain', filling: 'x'.repeat(5_000) };
  assert.equal(await code('/v1/servers?match=web/*', patch(long)), '413 BAL_API_TOO_LARGE');
  const missing = await fetch(`${scene.bench.supervisor.adminAddress}/v1/nope`);
  assert.equal(missing.headers.get('content-type'), 'application/problem+json');
  const other = await fetch(`${scene.bench.supervisor.adminAddress}/v1/reload`);
  assert.equal(`${other.status} ${other.headers.get('allow')}`, '405 POST');
});

test('PATCH of a server and of a pattern changes them', async () => {
  await using scene = await started();
  const one = await scene.ask('/v1/pools/web/servers/b', { method: 'PATCH', body: { weight: 9 } });
  assert.equal(one.status, 200);
  const body = { administrative: 'drain' };
  const all = await scene.ask('/v1/servers?match=web/*', { method: 'PATCH', body });
  const { servers } = (await all.json()) as { servers: readonly unknown[] };
  assert.equal(servers.length, 2);
  const listed = await scene.ask('/v1/servers?pool=web&state=drain');
  const page = z.object({ total: z.number(), servers: z.array(listedServerSchema) });
  const found = page.parse(await listed.json());
  assert.equal(found.total, 2);
  assert.equal(found.servers[1]!.weightEffective, 9);
});

test('POST /v1/reload answers with the report', async () => {
  await using scene = await started();
  const reload = async () => (await scene.ask('/v1/reload', { method: 'POST' })).status;
  assert.equal(await reload(), 200);
  scene.bench.config = 'listeners: 1';
  assert.equal(await reload(), 422);
});

test('a change that a form of any page could send is refused', async () => {
  await using scene = await started();
  const url = `${scene.bench.supervisor.adminAddress}/v1/reload`;
  assert.equal((await fetch(url, { method: 'POST' })).status, 415);
  assert.equal((await fetch(url, { method: 'POST', body: 'a=b' })).status, 415);
});

test('events are streamed as they happen, and after a break those that were missed', async () => {
  await using scene = await started();
  const url = `${scene.bench.supervisor.adminAddress}/v1/events/stream`;
  const change = (administrative: string) =>
    scene.ask('/v1/pools/web/servers/b', { method: 'PATCH', body: { administrative } });
  const read = async (headers: Readonly<Record<string, string>>, text: string) => {
    const answer = await fetch(url, { headers });
    assert.equal(answer.headers.get('content-type'), 'text/event-stream');
    let found = '';
    const decoder = new TextDecoder();
    for await (const chunk of answer.body!) {
      found += decoder.decode(chunk as Uint8Array, { stream: true });
      if (found === `retry: 1000\n\n`) await change('drain');
      if (found.includes(text)) return found;
    }
    return found;
  };
  const first = await read({}, '"to":"drain"');
  const [id = ''] = [...first.matchAll(/^id: (.*)$/gm)].map(([, one]) => one!).slice(-1);
  await change('ready');
  const second = await read({ 'last-event-id': id }, '"to":"ready"');
  assert.equal([...second.matchAll(/^data: /gm)].length, 1);
  assert.doesNotMatch(second, /not all are there/);
});

test('an answer of 500 has a code, and the next request is answered', async () => {
  const view = { status: () => assert.fail('broken') } as unknown as ControlView;
  const app = adminApp(view);
  const answer = await app.request('/v1/status');
  await checkAnswer('GET', '/v1/status', answer);
  assert.equal(
    `${answer.status} ${((await answer.json()) as { code: string }).code}`,
    '500 BAL_API_INTERNAL',
  );
  assert.equal((await app.request('/v1/openapi.json')).status, 200);
});
