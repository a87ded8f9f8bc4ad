import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { after, test } from 'node:test';
import { SECRET_BYTES_MAX, readSecret } from './secret.ts';
import type { Secret } from './secret.ts';

const folder = mkdtempSync(join(tmpdir(), 'ballast-secret-'));
after(() => rmSync(folder, { recursive: true }));

async function fromFile(content: string | null, name = 'pw'): Promise<Secret> {
  const path = join(folder, name);
  if (content !== null) writeFileSync(path, content);
  return readSecret({ kind: 'file', path });
}

function detail(secret: Secret): string {
  assert.equal(secret.ok, false);
  return secret.ok ? '' : secret.detail;
}

test('readSecret gives a text as it is', async () => {
  assert.deepEqual(await readSecret({ kind: 'text', text: ' a b ' }), { ok: true, text: ' a b ' });
});

test('readSecret reads a file anew at each call, without white space at its end', async () => {
  assert.deepEqual(await fromFile(' pässword \r\n\n'), { ok: true, text: ' pässword' });
  assert.deepEqual(await fromFile('changed'), { ok: true, text: 'changed' });
});

test('readSecret reads a variable of the environment', async (t) => {
  process.env['BALLAST_TEST_SECRET'] = 's3cret ';
  t.after(() => delete process.env['BALLAST_TEST_SECRET']);
  const plan = { kind: 'env', name: 'BALLAST_TEST_SECRET' } as const;
  assert.deepEqual(await readSecret(plan), { ok: true, text: 's3cret ' });
  process.env['BALLAST_TEST_SECRET'] = '';
  assert.match(detail(await readSecret(plan)), /"BALLAST_TEST_SECRET" of the password is empty/);
  delete process.env['BALLAST_TEST_SECRET'];
  assert.match(detail(await readSecret(plan)), /"BALLAST_TEST_SECRET" of the password is not set/);
});

test('readSecret says of a file why it cannot be read, and never waits on it', async () => {
  assert.match(detail(await fromFile(null, 'none')), /the password from the file ".*none": ENOENT/);
  assert.match(detail(await fromFile(' \n')), /is empty$/);
  assert.match(detail(await readSecret({ kind: 'file', path: folder })), /not a regular file/);
  const pipe = join(folder, 'pipe');
  assert.equal(spawnSync('mkfifo', [pipe]).status, 0);
  assert.match(detail(await readSecret({ kind: 'file', path: pipe })), /not a regular file/);
  const endless = { kind: 'file', path: '/dev/zero' } as const;
  assert.match(detail(await readSecret(endless)), /not a regular file/);
  if (process.getuid?.() === 0) return;
  chmodSync(join(folder, 'pw'), 0);
  assert.match(detail(await fromFile(null)), /EACCES/);
});

test('readSecret takes files up to its limit', async () => {
  const most = 'x'.repeat(SECRET_BYTES_MAX);
  assert.equal((await fromFile(most)).ok, true);
  assert.match(detail(await fromFile(`${most}x`)), /more than 4096 bytes/);
});
