import assert from 'node:assert/strict';
import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import { test } from 'node:test';
import { TempDir } from '../../../../test/kit/temp-dir.ts';
import { planOf } from '../facts-testkit.ts';
import { fileFacts } from './files.ts';

test('fileFacts tells secrets from what anybody may read, and looks into folders of keys', () => {
  using dir = new TempDir();
  for (const name of ['b.yaml', 'a.crt', 'a.key', 'ocsp.der', 'db.pw']) {
    writeFileSync(dir.file(name), '');
    chmodSync(dir.file(name), 0o644);
  }
  mkdirSync(dir.file('many'));
  for (const name of ['x.crt', 'x.key', 'y.pem']) writeFileSync(dir.file(`many/${name}`), '');
  mkdirSync(dir.file('state'));
  writeFileSync(dir.file('state/ticket-keys.json'), '');
  const plan = planOf({
    state: dir.file('state'),
    certificates: {
      one: {
        cert: dir.file('a.crt'),
        key: dir.file('a.key'),
        ocsp: { file: dir.file('ocsp.der') },
      },
      more: { folder: dir.file('many') },
    },
    pools: {
      web: {
        servers: ['127.0.0.1:1'],
        check: { redis: { passwordFile: dir.file('db.pw') } },
      },
    },
    listeners: { web: { bind: '127.0.0.1:8443', tls: ['one', 'more'], pool: 'web' } },
  });
  const secrets = new Map(
    fileFacts(plan, dir.file('b.yaml')).map(({ path, isSecret }) => [
      path.slice(dir.path.length + 1),
      isSecret,
    ]),
  );
  assert.deepEqual(Object.fromEntries(secrets), {
    'b.yaml': false,
    'a.crt': false,
    'a.key': true,
    'ocsp.der': false,
    'many/x.key': true,
    'many/y.pem': true,
    'db.pw': true,
    'state/ticket-keys.json': true,
  });
});
