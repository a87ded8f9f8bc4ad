/** The load generator for HTTPS must see a handshake or an answer that is not the one it means. */
import assert from 'node:assert/strict';
import { execFile, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import type { RequestListener } from 'node:http';
import { createServer } from 'node:https';
import type { ServerOptions } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'node:test';
import type { TLSSocket } from 'node:tls';
import { promisify } from 'node:util';
import { portOf } from '../test/kit/free-ports.ts';
import { makeCertificate } from './certificate.ts';
import type { LoadReport } from './load.ts';
import { root } from './tools.ts';

const run = promisify(execFile);
const dir = mkdtempSync(join(tmpdir(), 'ballast-tls-load-'));
const program = join(dir, 'tls-load');
const source = join(root, 'bench/c/tls-load.c');
const compiled = spawnSync('cc', ['-O2', '-o', program, source, '-lssl', '-lcrypto']);
const hasOpenssl = spawnSync('openssl', ['version']).status === 0;
const canRun = compiled.status === 0 && hasOpenssl;
const skip = canRun ? false : "no C compiler (cc), OpenSSL's headers (libssl-dev) or openssl here";
test.after(() => {
  rmSync(dir, { recursive: true, force: true });
});

type Given = { readonly listener?: RequestListener; readonly options?: ServerOptions };

async function loadOn(
  mode: string,
  { listener = (_, answer) => answer.end('0123456789'), options = {} }: Given,
): Promise<LoadReport> {
  const { cert, key } = makeCertificate(dir);
  const pair = { cert: readFileSync(cert), key: readFileSync(key) };
  const server = createServer({ ...pair, ...options }, listener);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  try {
    const args = [`mode=${mode}`, 'connections=2', 'warmup=0.2', 'seconds=0.4', 'expect=10'];
    const { stdout } = await run(program, [`port=${portOf(server)}`, ...args]);
    return JSON.parse(stdout) as LoadReport;
  } finally {
    server.closeAllConnections();
    server.close();
  }
}

test('tls-load counts whole answers as right', { skip }, async () => {
  for (const mode of ['keep', 'full']) {
    const report = await loadOn(mode, {});
    assert.ok(report.answered > 0, `${mode}: ${report.firstError}`);
    assert.equal(report.errors + report.wrong + report.warmupErrors, 0, report.firstError);
  }
});

test('tls-load counts an answer of another length as wrong', { skip }, async () => {
  const report = await loadOn('keep', { listener: (_, answer) => answer.end('012345678') });
  assert.equal(report.answered, 0);
  assert.ok(report.wrong > 0);
});

test(
  'tls-load resumes sessions, and counts one that is not resumed as wrong',
  { skip },
  async () => {
    const seen = new Set<boolean>();
    const report = await loadOn('resume', {
      listener(request, answer) {
        seen.add((request.socket as TLSSocket).isSessionReused());
        answer.end('0123456789');
      },
    });
    // Node gives no new ticket after it has resumed: the third connection of a place has none.
    assert.ok(seen.has(true));
    assert.ok(report.answeredInAll > 0 && report.wrong > 0);
  },
);

test('tls-load takes no other group, cipher or version than it means', { skip }, async () => {
  for (const options of [
    { ecdhCurve: 'P-256' },
    { ciphers: 'TLS_AES_256_GCM_SHA384' },
    { maxVersion: 'TLSv1.2' },
  ] as const) {
    const report = await loadOn('full', { options });
    assert.equal(report.answered, 0, JSON.stringify(options));
    assert.ok(report.errors > 0);
  }
});
