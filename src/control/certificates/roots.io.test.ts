import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import test from 'node:test';
import { getCACertificates, rootCertificates } from 'node:tls';
import { TempDir } from '../../../test/kit/temp-dir.ts';
import { certificatesSkip as skip, TestCertificates } from '../health/test-certificates.ts';

/** Roots that a process believes whose system has this bundle. */
function rootsWith(bundle: string): { plane: string; checks: string } {
  using dir = new TempDir();
  const program = dir.file('roots.ts');
  const roots = new URL('roots.ts', import.meta.url).href;
  writeFileSync(
    program,
    `import { getCACertificates } from 'node:tls';
    import { believeUsualRoots, usualRoots } from '${roots}';
    const plane = new TextDecoder().decode(usualRoots());
    believeUsualRoots();
    const checks = getCACertificates('default').join('\\n');
    console.log(JSON.stringify({ plane, checks }));`,
  );
  const env = { ...process.env, SSL_CERT_FILE: bundle };
  const text = execFileSync(process.execPath, [program], {
    env,
    encoding: 'utf8',
    maxBuffer: 8 << 20,
  });
  return JSON.parse(text) as { plane: string; checks: string };
}

/** Lines may be of any length. */
const bare = (pem: string): string => pem.replaceAll(/\s/g, '');

test('usualRoots are those of Node and of the system, for servers and for checks', { skip }, () => {
  using made = new TestCertificates();
  const own = readFileSync(made.ca.cert, 'utf8');
  const { plane, checks } = rootsWith(made.ca.cert);
  for (const pem of [own, rootCertificates[0]!]) {
    assert.ok(bare(plane).includes(bare(pem)));
    assert.ok(bare(checks).includes(bare(pem)));
  }
});

test('usualRoots are those of Node alone where the system has none', () => {
  const { plane } = rootsWith('/nonexistent');
  const count = plane.split('BEGIN CERTIFICATE').length - 1;
  assert.equal(count, new Set(getCACertificates('default').map(bare)).size);
});
