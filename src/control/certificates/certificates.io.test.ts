// Certificates from their files to the workers, in a supervisor with fake workers.
import assert from 'node:assert/strict';
import { copyFileSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import test from 'node:test';
import type { CertificatePlan } from '../../config/plan-tls.ts';
import type { Plan } from '../../config/plan.ts';
import { TestCertificates, certificatesSkip } from '../health/test-certificates.ts';
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
    assert.deepEqual(store, { number: 1, names, files: [] });
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
    assert.deepEqual((await it.ask()).store, { number: 1, names: ['a.test'], files: [] });
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
    const log = readFileSync(it.dir.file('product.log'), 'utf8');
    assert.match(log, /"certificate":"site\/b".*is not that of the certificate.*it is not served/);
  },
);
