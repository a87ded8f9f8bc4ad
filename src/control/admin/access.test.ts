import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Outlet } from '../outlet.ts';
import { createProductLog } from '../product-log.ts';
import { TokenGate } from './access.ts';
import { CLIENTS_MAX, Refusals, REFUSALS_MAX, REFUSALS_WINDOW_MS } from './refusals.ts';
import { TokenList } from './token-list.ts';

const WRITER = 'w'.repeat(20);
const READER = 'r'.repeat(20);
const TEXT = `# for people\nwrite ${WRITER}\n\nread ${READER}\n`;

function bench() {
  const lines: string[] = [];
  const outlet = { write: (bytes: Uint8Array) => lines.push(String(bytes)) } as unknown as Outlet;
  const log = createProductLog({ outlet, level: 'debug', format: 'json' });
  const gate = new TokenGate(() => TokenList.parse(TEXT, 'tokens'), log);
  const status = (
    token: string | null,
    asked: { method?: string; path?: string } = {},
    nowMs = 0,
  ) =>
    gate.check(
      {
        method: asked.method ?? 'GET',
        path: asked.path ?? '/v1/status',
        authorization: token === null ? undefined : `Bearer ${token}`,
        client: '10.0.0.9',
      },
      nowMs,
    )?.status ?? 200;
  return { lines, status };
}

test('TokenGate lets readers look and writers change', () => {
  const { status } = bench();
  assert.equal(status(READER), 200);
  assert.equal(status(WRITER, { method: 'PATCH', path: '/v1/servers' }), 200);
  assert.equal(status(READER, { method: 'PATCH', path: '/v1/servers' }), 403);
  assert.equal(status(READER, { method: 'POST', path: '/reload' }), 403);
});

test('TokenGate gives the text of the configuration to writers alone', () => {
  const { status } = bench();
  assert.equal(status(READER, { path: '/v1/config' }), 403);
  assert.equal(status(WRITER, { path: '/v1/config' }), 200);
});

test('TokenGate asks everybody, but for the page that asks for a token and the health', () => {
  const { status } = bench();
  assert.equal(status(null), 401);
  assert.equal(status(null, { path: '/metrics' }), 401);
  for (const path of ['/', '/ui', '/healthz']) assert.equal(status(null, { path }), 200);
});

test('TokenGate listens to nobody who has sent many wrong tokens, for a while', () => {
  const { status, lines } = bench();
  for (let i = 0; i < REFUSALS_MAX; i++) assert.equal(status(`wrong-${'x'.repeat(20)}`), 401);
  assert.equal(status(WRITER), 429);
  assert.equal(status(WRITER, {}, REFUSALS_WINDOW_MS), 200);
  assert.equal(lines.length, REFUSALS_MAX);
  assert.match(lines[0]!, /10\.0\.0\.9/);
  assert.doesNotMatch(lines.join(''), /wrong-|xxx/);
});

test('TokenGate does not count requests without a token: a page that asks has none yet', () => {
  const { status } = bench();
  for (let i = 0; i < 2 * REFUSALS_MAX; i++) assert.equal(status(null), 401);
  assert.equal(status(WRITER), 200);
});

test('Refusals remembers a bounded number of clients', () => {
  const refusals = new Refusals();
  for (let client = 0; client <= CLIENTS_MAX; client++) {
    for (let i = 0; i < REFUSALS_MAX; i++) refusals.note(`c${client}`, 0);
  }
  assert.equal(refusals.waitMs('c0', 1), 0);
  assert.equal(refusals.waitMs(`c${CLIENTS_MAX}`, 1), REFUSALS_WINDOW_MS - 1);
});

test('TokenList knows its tokens by their whole text', () => {
  const list = TokenList.parse(`${TEXT}${'p'.repeat(16)}\n`, 'tokens');
  assert.equal(list.roleOf(WRITER), 'write');
  assert.equal(list.roleOf(READER), 'read');
  assert.equal(list.roleOf('p'.repeat(16)), 'write');
  for (const other of ['', WRITER.slice(1), `${WRITER}w`, WRITER.toUpperCase()]) {
    assert.equal(list.roleOf(other), null);
  }
  assert.equal(list.best, WRITER);
});

for (const [what, text] of [
  ['nothing', '# only a comment\n'],
  ['a short token', 'write short\n'],
  ['another word', `admin ${WRITER}\n`],
  ['three words', `write ${WRITER} x\n`],
  ['a byte that is no text', `write ${WRITER}\u00e9\n`],
  ['too many', `${WRITER}\n`.repeat(65)],
] as const) {
  test(`TokenList refuses a file with ${what}, without repeating it`, () => {
    assert.throws(
      () => TokenList.parse(text, 'tokens'),
      (error: Error & { code?: string }) =>
        error.code === 'BAL_ADMIN_TOKENS' && !error.message.includes('www'),
    );
  });
}
