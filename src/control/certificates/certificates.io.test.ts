// Certificates from their files to the workers, in a supervisor with fake workers.
import assert from 'node:assert/strict';
import { copyFileSync, mkdirSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { lstatSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import test from 'node:test';
import type { CertificatePlan } from '../../config/plan-tls.ts';
import type { Plan } from '../../config/plan.ts';
import { until } from '../../../test/kit/wait.ts';
import { TestCertificates, certificatesSkip } from '../health/test-certificates.ts';
import { OcspAuthority, subjectOf } from './ocsp-testkit.ts';
import { TestSupervisor } from '../supervisor-testkit.ts';

const skip = certificatesSkip;

const CONFIG = `
admin: 127.0.0.1:0
workers: 1
drain: 1s
log: { access: off }
listeners:
  web: { bind: 127.0.0.1:0, pool: web }
pools:
  web: { servers: [127.0.0.1:1] }
`;

/** The plan with these certificates. */
function withCertificates(...certificates: CertificatePlan[]): (plan: Plan) => Plan {
  return (plan) => ({
    ...plan,
    certificates,
    digest: `${plan.digest} ${JSON.stringify(certificates)}`,
  });
}

function filesPlan(key: string, certFile: string, keyFile: string): CertificatePlan {
  return { key, source: { kind: 'files', certFile, keyFile }, ocsp: { kind: 'off' } };
}

function folderPlan(key: string, path: string): CertificatePlan {
  return { key, source: { kind: 'folder', path }, ocsp: { kind: 'off' } };
}

function logOf(it: TestSupervisor): string {
  return readFileSync(it.dir.file('product.log'), 'utf8');
}

test(
  'Supervisor gives workers the certificates of files and folders with the plan',
  { skip },
  async () => {
    using made = new TestCertificates();
    const one = made.issue('DNS:a.test, IP:127.0.0.1');
    const two = made.issue('DNS:B.test, DNS:*.b.test');
    const folder = `${made.folder}/site`;
    mkdirSync(folder);
    copyFileSync(two.cert, `${folder}/b.crt`);
    copyFileSync(two.key, `${folder}/b.key`);
    writeFileSync(
      `${folder}/c.pem`,
      readFileSync(two.key, 'utf8') + readFileSync(two.cert, 'utf8'),
    );
    await using it = await TestSupervisor.start(
      CONFIG,
      withCertificates(filesPlan('one', one.cert, one.key), folderPlan('site', folder)),
    );
    const { store } = await it.ask();
    const names = ['a.test 127.0.0.1', 'b.test *.b.test', 'b.test *.b.test'];
    assert.deepEqual(store, { number: 1, names, files: [], stapled: 0 });
  },
);

test(
  'Supervisor gives a worker that replaces a dead one the certificates in force',
  { skip },
  async () => {
    using made = new TestCertificates();
    const one = made.issue('DNS:a.test');
    await using it = await TestSupervisor.start(
      CONFIG,
      withCertificates(filesPlan('one', one.cert, one.key)),
    );
    await assert.rejects(it.ask('/die'));
    assert.deepEqual((await it.ask()).store.names, ['a.test']);
  },
);

test(
  'Supervisor puts changed certificates in force by a reload of the same file',
  { skip },
  async () => {
    using made = new TestCertificates();
    const one = made.issue('DNS:a.test');
    const two = made.issue('DNS:b.test');
    await using it = await TestSupervisor.start(
      CONFIG,
      withCertificates(filesPlan('one', one.cert, one.key)),
    );
    const unchanged = await it.supervisor.reload();
    assert.deepEqual([unchanged.ok, unchanged.changed], [true, false]);
    copyFileSync(two.cert, one.cert);
    copyFileSync(two.key, one.key);
    const report = await it.supervisor.reload();
    assert.deepEqual([report.ok, report.changed, report.version], [true, true, 1]);
    const { store, plan } = await it.ask();
    assert.deepEqual([store.number, store.names, plan], [2, ['b.test'], 1]);
  },
);

test(
  'Supervisor refuses a reload with a key of another certificate, and serves on',
  { skip },
  async () => {
    using made = new TestCertificates();
    const one = made.issue('DNS:a.test');
    const two = made.issue('DNS:b.test');
    const good = withCertificates(filesPlan('one', one.cert, one.key));
    await using it = await TestSupervisor.start(CONFIG, good);
    it.edit = withCertificates(filesPlan('one', one.cert, two.key));
    const report = await it.supervisor.reload();
    assert.equal(report.ok, false);
    assert.match(report.message, /the key in ".*" is not that of the certificate/);
    assert.deepEqual((await it.ask()).store, {
      number: 1,
      names: ['a.test'],
      files: [],
      stapled: 0,
    });
  },
);

test(
  'Supervisor keeps the certificates of a plan that a worker refuses out of force',
  { skip },
  async () => {
    using made = new TestCertificates();
    const one = made.issue('DNS:a.test');
    const two = made.issue('DNS:b.test');
    await using it = await TestSupervisor.start(
      CONFIG,
      withCertificates(filesPlan('one', one.cert, one.key)),
    );
    it.config = CONFIG.replaceAll('web', 'refuse');
    it.edit = withCertificates(filesPlan('two', two.cert, two.key));
    assert.match((await it.supervisor.reload()).message, /a worker refused/);
    assert.deepEqual((await it.ask()).store.names, ['a.test']);
    await assert.rejects(it.ask('/die'));
    assert.deepEqual((await it.ask()).store.names, ['a.test']);
  },
);

test('Supervisor does not start without a certificate that the plan names', { skip }, async () => {
  const missing = withCertificates(filesPlan('one', '/nonexistent/a.crt', '/nonexistent/a.key'));
  await assert.rejects(TestSupervisor.start(CONFIG, missing), {
    code: 'BAL_CERTIFICATE_FILE',
    message: 'cannot read the certificate from "/nonexistent/a.crt": there is no such file',
  });
});

test(
  'Supervisor leaves a broken pair of a folder out, with an error that tells why',
  { skip },
  async () => {
    using made = new TestCertificates();
    const one = made.issue('DNS:a.test');
    const two = made.issue('DNS:b.test');
    const folder = `${made.folder}/site`;
    mkdirSync(folder);
    for (const name of ['a', 'b']) copyFileSync(one.cert, `${folder}/${name}.crt`);
    copyFileSync(one.key, `${folder}/a.key`);
    copyFileSync(two.key, `${folder}/b.key`);
    await using it = await TestSupervisor.start(
      CONFIG,
      withCertificates(folderPlan('site', folder)),
    );
    assert.deepEqual((await it.ask()).store.names, ['a.test']);
    const told = /"certificate":"site\/b".*is not that of the certificate.*it is not served/;
    await until(() => told.test(logOf(it)), { what: 'the error' });
  },
);

test('Supervisor follows files that change, and a pair only when both fit', { skip }, async () => {
  using made = new TestCertificates();
  const [one, two] = [made.issue('DNS:a.test'), made.issue('DNS:b.test')];
  const plan = withCertificates(filesPlan('one', one.cert, one.key));
  await using it = await TestSupervisor.start(CONFIG, plan);
  copyFileSync(two.cert, one.cert);
  const held = await it.statusWhen('the half of a pair is seen', (report) => {
    return report.certificates.first[0]!.state === 'held';
  });
  assert.match(held.certificates.first[0]!.problem, /is not that of the certificate/);
  assert.deepEqual((await it.ask()).store, { number: 1, names: ['a.test'], files: [], stapled: 0 });
  copyFileSync(two.key, one.key);
  await it.statusWhen('the new pair', ({ certificates }) => {
    const [first] = certificates.first;
    return first!.state === 'served' && first!.names[0] === 'b.test';
  });
  const { store, plan: version } = await it.ask();
  assert.deepEqual([store.number, store.names, version], [2, ['b.test'], 1]);
});

test('Supervisor follows links that are pointed elsewhere, as certbot does', { skip }, async () => {
  using made = new TestCertificates();
  const [one, two] = [made.issue('DNS:a.test'), made.issue('DNS:b.test')];
  const [cert, key] = [`${made.folder}/live.crt`, `${made.folder}/live.key`];
  const point = ({ cert: to, key: toKey }: typeof one): void => {
    for (const [link, target] of [
      [cert, to],
      [key, toKey],
    ] as const) {
      symlinkSync(target, `${link}.new`);
      renameSync(`${link}.new`, link);
    }
  };
  point(one);
  await using it = await TestSupervisor.start(
    CONFIG,
    withCertificates(filesPlan('one', cert, key)),
  );
  point(two);
  await it.statusWhen('the new pair', (report) => {
    return report.certificates.first[0]!.names[0] === 'b.test';
  });
  assert.deepEqual((await it.ask()).store.names, ['b.test']);
});

test('Supervisor follows a folder: what comes is served, what goes is not', { skip }, async () => {
  using made = new TestCertificates();
  const [one, two] = [made.issue('DNS:a.test'), made.issue('DNS:b.test')];
  const folder = `${made.folder}/site`;
  mkdirSync(folder);
  copyFileSync(one.cert, `${folder}/a.crt`);
  copyFileSync(one.key, `${folder}/a.key`);
  await using it = await TestSupervisor.start(CONFIG, withCertificates(folderPlan('site', folder)));
  copyFileSync(two.key, `${folder}/b.key`);
  copyFileSync(two.cert, `${folder}/b.crt`);
  await it.statusWhen('both', ({ certificates }) => certificates.total === 2);
  assert.deepEqual((await it.ask()).store.names, ['a.test', 'b.test']);
  rmSync(`${folder}/a.crt`);
  await it.statusWhen('one', ({ certificates }) => certificates.total === 1);
  assert.deepEqual((await it.ask()).store.names, ['b.test']);
});

test('Supervisor shows certificates in status and metrics, and never a key', { skip }, async () => {
  using made = new TestCertificates();
  const good = made.issue('DNS:a.test');
  const old = made.issue('DNS:old.test', { isExpired: true });
  await using it = await TestSupervisor.start(
    CONFIG,
    withCertificates(filesPlan('good', good.cert, good.key), filesPlan('old', old.cert, old.key)),
  );
  const { certificates } = await it.status();
  const rows = certificates.first.map(({ name, state, names, daysLeft }) => {
    return [name, state, names[0], daysLeft! < 0];
  });
  assert.deepEqual(rows, [
    ['old', 'expired', 'old.test', true],
    ['good', 'served', 'a.test', false],
  ]);
  assert.deepEqual([certificates.total, certificates.expired, certificates.broken], [2, 1, 0]);
  const metrics = await it.metrics();
  assert.match(metrics, /^ballast_certificates 2$/m);
  assert.match(metrics, /^ballast_certificates_expired 1$/m);
  assert.match(metrics, /^ballast_certificate_not_after_seconds\{certificate="good"\} \d{10}$/m);
  const told = /BAL_CERTIFICATE_EXPIRED.*certificate \\"old\\" has expired on/;
  await until(() => told.test(logOf(it)), { what: 'the error' });
  const key = readFileSync(good.key, 'utf8').split('\n')[1]!;
  const everything =
    JSON.stringify([await it.status(), await it.ask(), it.load()]) + metrics + logOf(it);
  assert.ok(!everything.includes(key), 'the key is nowhere');
});

test('Supervisor gives workers an OCSP response once its file is there', { skip }, async () => {
  await using authority = new OcspAuthority();
  const pair = authority.issue('a', { serial: '1001' });
  const { certFile, keyFile } = pair.source;
  const path = authority.dir.file('a.ocsp');
  const plan = { ...filesPlan('a', certFile, keyFile), ocsp: { kind: 'file', path } } as const;
  await using it = await TestSupervisor.start(CONFIG, withCertificates(plan));
  assert.deepEqual((await it.ask()).store.stapled, 0);
  writeFileSync(path, authority.answer(subjectOf(pair)));
  await it.statusWhen('a staple', ({ certificates }) => {
    return certificates.first[0]!.ocsp.state === 'stapled';
  });
  const { store } = await it.ask();
  assert.deepEqual([store.number, store.names, store.stapled], [2, ['a.test'], 1]);
});

test(
  'Certificates.put writes a pair and puts it in force, or changes nothing',
  { skip },
  async () => {
    using made = new TestCertificates();
    const [one, two] = [made.issue('DNS:a.test'), made.issue('DNS:b.test')];
    const folder = `${made.folder}/site`;
    mkdirSync(folder);
    const plan = withCertificates(filesPlan('one', one.cert, one.key), folderPlan('site', folder));
    await using it = await TestSupervisor.start(CONFIG, plan);
    const { certificates } = it.supervisor;
    const pem = (path: string): string => readFileSync(path, 'utf8');
    await certificates.put('site/b', { cert: pem(two.cert), key: pem(two.key) });
    assert.deepEqual((await it.ask()).store.names, ['a.test', 'b.test']);
    assert.equal(statSync(`${folder}/b.key`).mode & 0o777, 0o600);
    const before = pem(one.cert);
    await assert.rejects(certificates.put('one', { cert: pem(two.cert), key: pem(one.key) }), {
      code: 'BAL_CERTIFICATE_KEY',
      message: /is not that of the certificate/,
    });
    assert.equal(pem(one.cert), before);
    await certificates.put('one', { cert: pem(two.cert), key: pem(two.key) });
    assert.deepEqual((await it.ask()).store.names, ['b.test', 'b.test']);
    for (const name of ['none', 'site', 'site/../b', 'site/.b', 'site/a/b', 'one/b']) {
      const put = certificates.put(name, { cert: pem(two.cert), key: pem(two.key) });
      await assert.rejects(put, { code: 'BAL_CERTIFICATE_NAME' }, name);
    }
  },
);

test('Certificates.put writes behind a link, and leaves the link', { skip }, async () => {
  using made = new TestCertificates();
  const [one, two] = [made.issue('DNS:a.test'), made.issue('DNS:b.test')];
  const link = `${made.folder}/live.pem`;
  writeFileSync(
    `${made.folder}/real.pem`,
    readFileSync(one.cert, 'utf8') + readFileSync(one.key, 'utf8'),
  );
  symlinkSync('real.pem', link);
  await using it = await TestSupervisor.start(
    CONFIG,
    withCertificates(filesPlan('one', link, link)),
  );
  const pair = { cert: readFileSync(two.cert, 'utf8'), key: readFileSync(two.key, 'utf8') };
  await it.supervisor.certificates.put('one', pair);
  assert.ok(lstatSync(link).isSymbolicLink());
  assert.deepEqual((await it.ask()).store.names, ['b.test']);
});

test('PUT /v1/certificates replaces a certificate, or says why it does not', { skip }, async () => {
  using made = new TestCertificates();
  const [one, two] = [made.issue('DNS:a.test'), made.issue('DNS:b.test')];
  const plan = withCertificates(filesPlan('one', one.cert, one.key));
  await using it = await TestSupervisor.start(CONFIG, plan);
  const put = (name: string, cert: string, key: string) =>
    fetch(`${it.supervisor.adminAddress}/v1/certificates`, {
      method: 'PUT',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({
        name,
        cert: readFileSync(cert, 'utf8'),
        key: readFileSync(key, 'utf8'),
      }),
    });
  const wrong = await put('one', two.cert, one.key);
  assert.equal(wrong.status, 422);
  assert.match(await wrong.text(), /BAL_CERTIFICATE_KEY/);
  assert.equal((await put('none', two.cert, two.key)).status, 404);
  assert.deepEqual((await it.ask()).store.names, ['a.test']);
  const right = await put('one', two.cert, two.key);
  assert.deepEqual([right.status, await right.json()], [200, { changed: true, problems: [] }]);
  assert.deepEqual((await it.ask()).store.names, ['b.test']);
});
