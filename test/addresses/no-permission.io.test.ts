// Without the rights that addresses need: one clear line, an exit code, and nothing left behind.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { chownSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';

const BALLAST = new URL('../../bin/ballast', import.meta.url).pathname;
const NOBODY = 65_534;
const isRoot = process.getuid!() === 0;
const who = isRoot ? { uid: NOBODY, gid: NOBODY } : {};
const canRun = spawnSync(BALLAST, ['--version'], { ...who, timeout: 20_000 }).status === 0;
const skip = canRun ? false : 'another user cannot run the program in this folder';

function runAsNobody(more: string, listener = ''): { status: number | null; stderr: string } {
  const folder = mkdtempSync(join(tmpdir(), 'ballast-nobody-'));
  try {
    if (isRoot) chownSync(folder, NOBODY, NOBODY);
    const file = join(folder, 'ballast.yaml');
    const text = `admin: unix:${folder}/admin.sock
workers: 1
listeners:
  web: { bind: "127.0.0.1:${listener === '' ? 0 : 20999}", pool: web${listener} }
pools:
  web: { servers: ["127.0.0.1:9"] }
${more}`;
    writeFileSync(file, text);
    const { status, stderr } = spawnSync(BALLAST, ['run', file], {
      ...who,
      timeout: 20_000,
      encoding: 'utf8',
    });
    return { status, stderr };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

test('addresses without permission: refused with what is needed', { skip }, () => {
  const { status, stderr } = runAsNobody(
    'addresses: { front: { ips: [10.9.9.9/24], interface: lo, vrrp: { id: 5 } } }\n',
  );
  assert.equal(status, 1, stderr);
  assert.match(
    stderr,
    /BAL_ADDRESS_PERMISSION: .*CAP_NET_ADMIN and CAP_NET_RAW are needed\n {2}run as root/,
  );
});

test('mode: kernel without permission: refused with what is needed', { skip }, () => {
  const { status, stderr } = runAsNobody('', ', protocol: tcp, mode: kernel');
  assert.equal(status, 1, stderr);
  assert.match(stderr, /BAL_KERNEL_(RULES|NFT): /);
});
