/** The load generator must see what is wrong, or the figures that rest on it mean nothing. */
import assert from 'node:assert/strict';
import { execFile, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import type { RequestListener } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'node:test';
import { promisify } from 'node:util';
import { portOf } from '../test/kit/free-ports.ts';
import type { LoadReport } from './load.ts';
import { root } from './tools.ts';

const run = promisify(execFile);
const dir = mkdtempSync(join(tmpdir(), 'ballast-load-'));
const program = join(dir, 'load');
const compiled = spawnSync('cc', ['-O2', '-o', program, join(root, 'bench/c/load.c')]);
const skip = compiled.status === 0 ? false : 'no C compiler (cc) here';
test.after(() => {
  rmSync(dir, { recursive: true, force: true });
});

async function loadOn(listener: RequestListener, options: readonly string[]): Promise<LoadReport> {
  const server = createServer(listener);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  try {
    const args = [`port=${portOf(server)}`, 'warmup=0.1', 'expect=10', ...options];
    const { stdout } = await run(program, args);
    return JSON.parse(stdout) as LoadReport;
  } finally {
    server.closeAllConnections();
    server.close();
  }
}

/** Within the measured window of an open load of 500 requests a second. */
const PAUSED_REQUEST = 300;
const closed = ['mode=closed', 'connections=2', 'seconds=0.2'];

test('load counts whole answers by length and by chunks as right', { skip }, async () => {
  for (const fields of [{ 'content-length': '10' }, { 'transfer-encoding': 'chunked' }]) {
    const report = await loadOn((_, answer) => {
      answer.writeHead(200, fields);
      answer.write('01234');
      answer.end('56789');
    }, closed);
    assert.ok(report.answered > 0);
    assert.equal(report.errors + report.wrong + report.warmupErrors, 0, report.firstError);
  }
});

test('load counts an answer of another length or status as wrong', { skip }, async () => {
  const short = await loadOn((_, answer) => answer.end('012345678'), closed);
  assert.equal(short.answered, 0);
  assert.ok(short.wrong > 0);
  const failed = await loadOn((_, answer) => {
    answer.writeHead(503);
    answer.end('0123456789');
  }, closed);
  assert.equal(failed.answered, 0);
  assert.ok(failed.wrong > 0);
});

test('load counts a connection cut within an answer as an error', { skip }, async () => {
  const report = await loadOn((_, answer) => {
    answer.writeHead(200, { 'content-length': '10' });
    answer.write('01234', () => answer.destroy());
  }, closed);
  assert.equal(report.answered, 0);
  assert.ok(report.errors > 0);
});

test('load sees a pause of the server in the quantiles of an open load', { skip }, async () => {
  let answered = 0;
  const report = await loadOn(
    (_, answer) => {
      answered += 1;
      const until = answered === PAUSED_REQUEST ? performance.now() + 400 : 0;
      while (performance.now() < until);
      answer.end('0123456789');
    },
    ['mode=open', 'rate=500', 'connections=4', 'seconds=1.5'],
  );
  assert.equal(report.errors + report.wrong, 0, report.firstError);
  // 500 requests a second were due in the 0.4 s without an answer: about a quarter of all.
  assert.ok(report.p90Us > 100_000, `p90 ${report.p90Us} µs`);
  assert.ok(report.p50Us < 100_000, `p50 ${report.p50Us} µs`);
});
