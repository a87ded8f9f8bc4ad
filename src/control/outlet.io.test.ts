import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { constants, openSync, closeSync, readFileSync, readSync, renameSync } from 'node:fs';
import test from 'node:test';
import { TempDir } from '../../test/kit/temp-dir.ts';
import { Outlet, OUTLET_BYTES_MAX } from './outlet.ts';

const LIMIT_MS = 5_000;
const line = (text: string): Buffer => Buffer.from(`${text}\n`);

test('Outlet writes lines to a file in their order and appends to what is there', async () => {
  using dir = new TempDir();
  const path = dir.file('log');
  for (const round of ['a', 'b']) {
    const outlet = Outlet.file(path);
    for (let n = 0; n < 3; n++) outlet.write(line(`${round}${n}`));
    await outlet.end(LIMIT_MS);
  }
  assert.equal(readFileSync(path, 'utf8'), 'a0\na1\na2\nb0\nb1\nb2\n');
});

test('Outlet goes on in a new file after the old one was renamed and it was reopened', async () => {
  using dir = new TempDir();
  const path = dir.file('log');
  const outlet = Outlet.file(path);
  outlet.write(line('old'));
  await outlet.flush(LIMIT_MS);
  renameSync(path, `${path}.1`);
  outlet.reopen();
  outlet.write(line('new'));
  await outlet.end(LIMIT_MS);
  assert.equal(readFileSync(`${path}.1`, 'utf8'), 'old\n');
  assert.equal(readFileSync(path, 'utf8'), 'new\n');
});

test('Outlet drops and counts lines that a stalled destination cannot take', async () => {
  using dir = new TempDir();
  const path = dir.file('fifo');
  execFileSync('mkfifo', [path]);
  const reader = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
  const outlet = Outlet.file(path);
  const piece = Buffer.alloc(1 << 20, 'x\n');
  const lines = piece.length / 2;
  const pieces = 3 * (OUTLET_BYTES_MAX / piece.length);
  for (let n = 0; n < pieces; n++) outlet.write(piece);
  await outlet.flush(LIMIT_MS);
  const kept = readAll(reader) / 2;
  assert.ok(outlet.linesLost > 0);
  assert.equal(kept + outlet.linesLost, pieces * lines);
  closeSync(reader);
  await outlet.end(LIMIT_MS);
});

test('Outlet refuses a FIFO that nobody reads instead of waiting for a reader', () => {
  using dir = new TempDir();
  execFileSync('mkfifo', [dir.file('fifo')]);
  assert.throws(() => Outlet.file(dir.file('fifo')), { code: 'ENXIO' });
});

function readAll(fd: number): number {
  const buffer = Buffer.alloc(1 << 20);
  let total = 0;
  try {
    for (;;) {
      const got = readSync(fd, buffer);
      if (got === 0) return total;
      total += got;
    }
  } catch {
    return total;
  }
}
