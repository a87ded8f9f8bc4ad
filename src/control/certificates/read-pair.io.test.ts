// Pairs as people have them: other forms of keys, chains out of order, wrong and weak ones.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { generateKeyPairSync } from 'node:crypto';
import { chmodSync, readFileSync, writeFileSync } from 'node:fs';
import test from 'node:test';
import { TempDir } from '../../../test/kit/temp-dir.ts';
import { readPair, type Pair } from './read-pair.ts';

const skip = spawnSync('openssl', ['version']).status === 0 ? false : 'needs openssl';

class Scene implements Disposable {
  readonly dir = new TempDir();

  openssl(...args: string[]): void {
    const { status, stderr } = spawnSync('openssl', args, { encoding: 'utf8', cwd: this.dir.path });
    assert.equal(status, 0, `openssl ${args.join(' ')}: ${stderr}`);
  }

  /** Makes NAME.crt and NAME.key, signed by `by` or by itself. */
  make(name: string, parts: { by?: string; key?: string[]; more?: string[] } = {}): void {
    const key = parts.key ?? ['ec', '-pkeyopt', 'ec_paramgen_curve:P-256'];
    const by =
      parts.by === undefined ? [] : ['-CA', `${parts.by}.crt`, '-CAkey', `${parts.by}.key`];
    const out = ['-keyout', `${name}.key`, '-out', `${name}.crt`, '-days', '2'];
    const subject = ['-subj', `/CN=${name}`];
    this.openssl(
      'req',
      '-x509',
      '-nodes',
      '-newkey',
      ...key,
      ...out,
      ...subject,
      ...by,
      ...(parts.more ?? []),
    );
    chmodSync(this.dir.file(`${name}.key`), 0o600);
  }

  text(file: string): string {
    return readFileSync(this.dir.file(file), 'utf8');
  }

  write(file: string, text: string): void {
    writeFileSync(this.dir.file(file), text, { mode: 0o600 });
  }

  read(cert: string, key: string, isThorough = true): Pair {
    const [certFile, keyFile] = [this.dir.file(cert), this.dir.file(key)];
    return readPair({ name: 'one', key: 'one', certFile, keyFile }, { isThorough });
  }

  [Symbol.dispose](): void {
    this.dir[Symbol.dispose]();
  }
}

const NAMED = ['-addext', 'subjectAltName=DNS:a.test'];

test('readPair puts a chain in order, the certificate of the key first', { skip }, () => {
  using it = new Scene();
  it.make('root');
  it.make('middle', { by: 'root', more: ['-addext', 'basicConstraints=critical,CA:TRUE'] });
  it.make('leaf', { by: 'middle', more: NAMED });
  it.write('chain.pem', it.text('root.crt') + it.text('middle.crt') + it.text('leaf.crt'));
  const pair = it.read('chain.pem', 'leaf.key');
  const ordered = it.text('leaf.crt') + it.text('middle.crt') + it.text('root.crt');
  assert.equal(Buffer.from(pair.chain).toString(), ordered);
  assert.match(pair.warnings.join(), /are not in order; they are served in order/);
  assert.equal(pair.issuer, 'CN=middle');
});

test('readPair warns of a public certificate without its intermediate', { skip }, () => {
  using it = new Scene();
  it.make('root');
  const access = ['-addext', 'authorityInfoAccess=caIssuers;URI:http://c.test/'];
  it.make('leaf', { by: 'root', more: [...NAMED, ...access] });
  assert.match(it.read('leaf.crt', 'leaf.key').warnings.join(), /has no intermediate certificate/);
  it.write('full.pem', it.text('leaf.crt') + it.text('root.crt'));
  assert.deepEqual(it.read('full.pem', 'leaf.key').warnings, []);
});

test('readPair takes keys in every usual form', { skip }, () => {
  using it = new Scene();
  it.make('ec', { more: NAMED });
  it.openssl('ec', '-in', 'ec.key', '-out', 'sec1.key');
  it.openssl('ec', '-in', 'ec.key', '-no_public', '-out', 'bare.key');
  it.make('rsa', { key: ['rsa:2048'], more: NAMED });
  it.openssl('rsa', '-in', 'rsa.key', '-traditional', '-out', 'pkcs1.key');
  it.make('ed', { key: ['ed25519'], more: NAMED });
  const types = [
    it.read('ec.crt', 'ec.key').keyType,
    it.read('ec.crt', 'sec1.key', false).keyType,
    it.read('ec.crt', 'bare.key').keyType,
    it.read('rsa.crt', 'rsa.key').keyType,
    it.read('rsa.crt', 'pkcs1.key', false).keyType,
    it.read('ed.crt', 'ed.key').keyType,
  ];
  assert.deepEqual(types, ['ecdsa', 'ecdsa', 'ecdsa', 'rsa', 'rsa', 'ed25519']);
});

test('readPair refuses the key of another certificate, thorough or not', { skip }, () => {
  using it = new Scene();
  for (const [name, key] of [
    ['a', ['ed25519']],
    ['b', ['ed25519']],
    ['c', undefined],
    ['d', undefined],
  ] as const) {
    it.make(name, key === undefined ? {} : { key: [...key] });
  }
  for (const [cert, key] of [
    ['a', 'b'],
    ['c', 'd'],
    ['a', 'c'],
  ] as const) {
    for (const isThorough of [true, false]) {
      assert.throws(() => it.read(`${cert}.crt`, `${key}.key`, isThorough), {
        code: 'BAL_CERTIFICATE_KEY',
        message: /is not that of the certificate/,
      });
    }
  }
});

test(
  'readPair refuses an encrypted key, in both forms, and says how to take that off',
  { skip },
  () => {
    using it = new Scene();
    it.make('a');
    it.openssl('pkey', '-in', 'a.key', '-aes256', '-passout', 'pass:x', '-out', 'new.key');
    it.openssl('ec', '-in', 'a.key', '-aes256', '-passout', 'pass:x', '-out', 'old.key');
    for (const key of ['new.key', 'old.key']) {
      assert.throws(() => it.read('a.crt', key), {
        code: 'BAL_CERTIFICATE_KEY',
        message: /is encrypted/,
        hint: /openssl pkey -in/,
      });
    }
  },
);

test('readPair refuses RSA below 2048 bits, curves and hashes that nobody takes', { skip }, () => {
  using it = new Scene();
  it.make('short', { key: ['rsa:1024'] });
  it.make('curve', { key: ['ec', '-pkeyopt', 'ec_paramgen_curve:secp256k1'] });
  it.make('root', { key: ['rsa:2048'] });
  it.make('sha1', { by: 'root', key: ['rsa:2048'], more: ['-sha1'] });
  assert.throws(() => it.read('short.crt', 'short.key'), { message: /RSA key has 1024 bits/ });
  assert.throws(() => it.read('curve.crt', 'curve.key'), {
    message: /on the curve 1\.3\.132\.0\.10/,
  });
  assert.throws(() => it.read('sha1.crt', 'sha1.key'), { message: /is signed with SHA-1/ });
});

test('readPair refuses files that hold something else, or a chain too long', { skip }, () => {
  using it = new Scene();
  it.make('a');
  it.write('none', 'nothing');
  it.write('long', it.text('a.crt').repeat(17));
  it.write('bad', '-----BEGIN CERTIFICATE-----\nMAAA\n-----END CERTIFICATE-----\n');
  const cases = [
    ['none', 'a.key', 'BAL_CERTIFICATE_FILE', /holds no certificate/],
    ['a.crt', 'none', 'BAL_CERTIFICATE_KEY', /holds no private key/],
    ['long', 'a.key', 'BAL_CERTIFICATE_LIMIT', /holds 17 certificates/],
    ['bad', 'a.key', 'BAL_CERTIFICATE_FILE', /certificate 1 in ".*" cannot be read/],
    ['.', 'a.key', 'BAL_CERTIFICATE_FILE', /is not a regular file/],
  ] as const;
  for (const [cert, key, code, message] of cases) {
    assert.throws(() => it.read(cert, key), { code, message });
  }
});

test(
  'readPair warns of a key that everybody may read, and of names where none looks',
  { skip },
  () => {
    using it = new Scene();
    it.make('a.test');
    chmodSync(it.dir.file('a.test.key'), 0o644);
    const { warnings, names } = it.read('a.test.crt', 'a.test.key');
    assert.match(warnings.join('\n'), /every user of this machine may read the key/);
    assert.match(warnings.join('\n'), /has no subjectAltName/);
    assert.deepEqual(names, ['a.test']);
    chmodSync(it.dir.file('a.test.key'), 0o640);
    assert.equal(it.read('a.test.crt', 'a.test.key').warnings.length, 1);
  },
);

test('readPair never puts a key into an error', { skip }, () => {
  using it = new Scene();
  it.make('a');
  const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2_048 });
  const whole = String(privateKey.export({ type: 'pkcs8', format: 'pem' }));
  const lines = whole.split('\n');
  for (const broken of [lines.slice(0, 5), [...lines.slice(0, 4), '!!', ...lines.slice(5)]]) {
    const text = broken.join('\n') + (broken.length === 5 ? '\n-----END PRIVATE KEY-----\n' : '');
    it.write('broken.key', text);
    assert.throws(
      () => it.read('a.crt', 'broken.key'),
      (error: Error) => {
        assert.ok(!JSON.stringify(error).includes(lines[1]!) && !error.message.includes(lines[1]!));
        return error.message.includes('cannot be read');
      },
    );
  }
});
