// Routes choose by host, path, method, header and query; they redirect, answer and rewrite.
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { after, before, test } from 'node:test';
import { Ballast } from '../kit/ballast.ts';
import { NO_FORWARDING } from '../kit/config.ts';
import { freePort, freePorts } from '../kit/free-ports.ts';
import { field, fieldValues } from '../kit/http-message.ts';
import type { Message } from '../kit/http-message.ts';
import { httpAnswer, Origin } from '../kit/origin.ts';
import { ask, getBytes } from '../kit/scene.ts';
import { TempDir } from '../kit/temp-dir.ts';

/** Server `a`, `b` and `c` answer with their own letter and record what they got. */
const origins = new Map<string, Origin>();
let ballast: Ballast;
let port = 0;
let pagesPort = 0;
const pages = new TempDir();

const ROUTES = [
  { name: 'exact-host', hosts: ['shop.example.com'], pool: 'a' },
  { name: 'wildcard', hosts: ['*.example.com'], pool: 'b' },
  { name: 'exact-path', paths: ['/exact'], pool: 'a' },
  { name: 'prefix', paths: ['/api/*'], pool: 'b' },
  { name: 'regex', paths: ['~^/item/[0-9]+$'], pool: 'a' },
  { name: 'method', paths: ['/method'], methods: ['PUT'], pool: 'b' },
  { name: 'header', paths: ['/header'], headers: { 'x-canary': 'yes' }, pool: 'b' },
  { name: 'query', paths: ['/query'], query: { v: '~^2' }, pool: 'b' },
  { name: 'split', paths: ['/split'], pools: [{ pool: 'a', weight: 3 }, { pool: 'b' }] },
  { name: 'to-https', paths: ['/secure/*'], redirect: 'https' },
  {
    name: 'moved',
    paths: ['/old/*'],
    redirect: { status: 308, prefix: '/new', host: 'n.example' },
  },
  { name: 'answer', paths: ['/robots.txt'], respond: { body: 'no\n', headers: { 'X-By': 'us' } } },
  {
    name: 'rewrite',
    paths: ['/v1/*'],
    pool: 'b',
    rewrite: {
      host: 'inner.example',
      prefix: '/internal',
      request: { remove: ['Cookie'], set: { 'X-Set': 'new' }, add: { 'X-Add': 'more' } },
      response: { remove: ['Server'], set: { 'X-Frame-Options': 'DENY' } },
    },
  },
  { name: 'default', pool: 'c' },
];

before(async () => {
  for (const name of ['a', 'b', 'c']) {
    const fields = ['Server: secret', 'X-Frame-Options: SAMEORIGIN'];
    origins.set(name, await Origin.startHttp(() => httpAnswer(200, name, fields)));
  }
  [port, pagesPort] = (await freePorts(2)) as [number, number];
  writeFileSync(pages.file('502.html'), '<h1>sorry</h1>');
  const pools = Object.fromEntries(
    [...origins].map(([name, { address }]) => [name, { servers: [address] }]),
  );
  const listeners = {
    web: { bind: `127.0.0.1:${port}`, forwarded: NO_FORWARDING, routes: ROUTES },
    pages: {
      bind: `127.0.0.1:${pagesPort}`,
      errorPages: { '502': pages.file('502.html') },
      reasonHeader: false,
      routes: [{ paths: ['/dead'], pool: 'dead' }],
    },
  };
  const dead = { servers: [`127.0.0.1:${await freePort()}`] };
  ballast = await Ballast.start({ workers: 1, listeners, pools: { ...pools, dead } });
});

after(async () => {
  await ballast?.[Symbol.asyncDispose]();
  for (const origin of origins.values()) await origin.stop();
  pages[Symbol.dispose]();
});

const get = (target: string, ...fields: string[]): Promise<Message> =>
  ask(port, getBytes(target, ...fields));
const bodyOf = async (target: string, ...fields: string[]): Promise<string> =>
  (await get(target, ...fields)).body.toString();

test('hosts: exact before wildcard before any, without regard to case and port', async () => {
  assert.equal(await bodyOf('/', 'Host: shop.example.com'), 'a');
  assert.equal(await bodyOf('/', 'Host: SHOP.example.com:8080'), 'a');
  assert.equal(await bodyOf('/', 'Host: www.example.com'), 'b');
  assert.equal(await bodyOf('/', 'Host: a.b.example.com'), 'b');
  assert.equal(await bodyOf('/', 'Host: example.com'), 'c');
  assert.equal(await bodyOf('/', 'Host: other'), 'c');
});

test('paths: exact, prefix on segment borders, regular expression', async () => {
  assert.equal(await bodyOf('/exact'), 'a');
  assert.equal(await bodyOf('/exact/'), 'c');
  assert.equal(await bodyOf('/api'), 'b');
  assert.equal(await bodyOf('/api/x?y'), 'b');
  assert.equal(await bodyOf('/apis'), 'c');
  assert.equal(await bodyOf('/item/42'), 'a');
  assert.equal(await bodyOf('/item/x'), 'c');
});

test('paths are matched in canonical form, and that form is sent on (RFC 3986 §6.2.2)', async () => {
  const b = origins.get('b')!;
  assert.equal(await bodyOf('/x/../%61pi//y?q=%41'), 'b');
  assert.equal(b.requests.at(-1)!.target, '/api/y?q=%41');
});

test('methods, headers and query parameters choose a route', async () => {
  assert.equal((await ask(port, 'PUT /method HTTP/1.1\r\nHost: a\r\n\r\n')).body.toString(), 'b');
  assert.equal(await bodyOf('/method'), 'c');
  assert.equal(await bodyOf('/header', 'X-Canary: yes'), 'b');
  assert.equal(await bodyOf('/header', 'X-Canary: no'), 'c');
  assert.equal(await bodyOf('/query?a=1&v=2.1'), 'b');
  assert.equal(await bodyOf('/query?v=1'), 'c');
});

test('several pools share a route by weight', async () => {
  const seen: string[] = [];
  for (let i = 0; i < 40; i++) seen.push(await bodyOf('/split'));
  const share = seen.filter((body) => body === 'a').length;
  assert.ok(share > 20 && share < 40, `a got ${share} of 40 at weight 3 of 4`);
});

test('redirects keep what they do not change', async () => {
  const https = await get('/secure/x?y=1', 'Host: h.example:8080');
  assert.equal(https.status, 307);
  assert.equal(field(https, 'location'), 'https://h.example/secure/x?y=1');
  const moved = await get('/old/page?q');
  assert.equal(moved.status, 308);
  assert.equal(field(moved, 'location'), 'http://n.example/new/page?q');
});

test('a route answers by itself', async () => {
  const answer = await get('/robots.txt');
  assert.equal(answer.status, 200);
  assert.equal(answer.body.toString(), 'no\n');
  assert.equal(field(answer, 'x-by'), 'us');
  const head = await ask(port, 'HEAD /robots.txt HTTP/1.1\r\nHost: a\r\n\r\n', 'head-response');
  assert.equal(field(head, 'content-length'), '3');
});

test('a route rewrites host, path and fields both ways', async () => {
  const answer = await get('/v1/users?id=1', 'Cookie: secret', 'X-Set: old', 'X-Add: one');
  const request = origins.get('b')!.requests.at(-1)!;
  assert.equal(request.target, '/internal/users?id=1');
  assert.deepEqual(fieldValues(request, 'host'), ['inner.example']);
  assert.equal(field(request, 'cookie'), undefined);
  assert.deepEqual(fieldValues(request, 'x-set'), ['new']);
  assert.deepEqual(fieldValues(request, 'x-add'), ['one', 'more']);
  assert.equal(field(answer, 'server'), undefined);
  assert.deepEqual(fieldValues(answer, 'x-frame-options'), ['DENY']);
});

test('no route is 404, with the reason', async () => {
  const answer = await ask(pagesPort, getBytes('/nowhere'));
  assert.equal(answer.status, 404);
  const line = await ballast.accessLine(({ reason }) => reason === 'no-route');
  assert.equal(line.path, '/nowhere');
});

test('error pages replace our own answers; the reason header can be switched off', async () => {
  const answer = await ask(pagesPort, getBytes('/dead'));
  assert.equal(answer.status, 502);
  assert.equal(answer.body.toString(), '<h1>sorry</h1>');
  assert.match(field(answer, 'content-type') ?? '', /^text\/html/);
  assert.equal(field(answer, 'ballast-reason'), undefined);
  await ballast.accessLine(({ reason }) => reason === 'connect-failed');
});
