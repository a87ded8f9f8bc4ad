import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import type { TestContext } from 'node:test';
import { freePorts } from '../../../test/kit/free-ports.ts';
import { endWithUs, exitOf } from '../../../test/kit/processes.ts';
import { until } from '../../../test/kit/wait.ts';
import type { LdapProbePlan, SecretPlan } from '../../config/plan-check.ts';
import { encodeBind } from '../../codec/ldap-bind.ts';
import type { ProbeReason } from './probe.ts';
import { byteByByte, closing, drip, endless, resetting, talking } from './test-behaviours.ts';
import type { Behaviour } from './test-behaviours.ts';
import { TestCertificates, certificatesSkip, tlsPlan } from './test-certificates.ts';
import { TCP_PROBE, ipv4 } from './test-plan.ts';
import { runAgainst, runOnce } from './test-run.ts';
import { TestServer, silent } from './test-server.ts';

const ANONYMOUS: LdapProbePlan = { kind: 'ldap', bindDn: '', password: null, tls: null };
const SUCCESS = Buffer.from('300c02010161070a010004000400', 'hex');
/** Result 49 with the diagnostic "no\n". */
const INVALID = Buffer.from('300f020101610a0a01310400 04036e6f0a'.replaceAll(' ', ''), 'hex');
const NOTICE = Buffer.from('300c02010078070a013404000400', 'hex');

const CASES: readonly (readonly [string, Behaviour, ProbeReason, RegExp])[] = [
  ['success', talking('', () => SUCCESS), 'check-passed', /^bound$/],
  ['byte by byte', byteByByte(talking('', () => SUCCESS)), 'check-passed', /^bound$/],
  ['a refusal', talking('', () => INVALID), 'status', /^result 49 \(invalidCredentials\): no$/],
  [
    'a notice of disconnection',
    talking('', () => NOTICE),
    'status',
    /^the server disconnects: result 52 \(unavailable\)$/,
  ],
  [
    'garbage',
    talking('SSH-2.0\r\n', () => ''),
    'protocol',
    /^an element has the tag 83, expected 48$/,
  ],
  ['a close', closing, 'closed', /before the answer/],
  ['a reset', resetting, 'reset', /ECONNRESET/],
  ['a huge answer', talking('', () => Buffer.of(0x30, 0x83, 1, 0, 0)), 'too-large', /16384/],
  ['bytes without end', endless(SUCCESS, SUCCESS), 'protocol', /^bytes follow the answer$/],
  ['silence', silent, 'timeout', /within 150 ms/],
  ['a drip', drip(Buffer.of(0x30, 0x82, 0x20, 0), 10), 'timeout', /within 150 ms/],
];

for (const [name, behave, reason, detail] of CASES) {
  test(`ldapProbe ends with ${reason}: ${name}`, async () => {
    const result = await runAgainst(behave, ANONYMOUS, reason === 'timeout' ? 150 : 5000);
    assert.equal(result.reason, reason, result.detail);
    assert.match(result.detail, detail);
  });
}

test('ldapProbe binds with its name and password, then unbinds', async () => {
  let said = '';
  const behave = talking('', (text) => {
    said += Buffer.from(text, 'latin1').toString('hex');
    return SUCCESS;
  });
  const password: SecretPlan = { kind: 'text', text: 'pässword' };
  const plan: LdapProbePlan = { ...ANONYMOUS, bindDn: 'cn=monitor,dc=test', password };
  assert.equal((await runAgainst(behave, plan)).reason, 'check-passed');
  const bind = Buffer.from(encodeBind('cn=monitor,dc=test', 'pässword')).toString('hex');
  assert.equal(said, `${bind}30050201024200`);
});

test('ldapProbe without its password is local-setup, and does not connect', async (t) => {
  const server = await TestServer.start(silent);
  t.after(async () => server.stop());
  const password: SecretPlan = { kind: 'file', path: '/nonexistent/password' };
  const plan: LdapProbePlan = { ...ANONYMOUS, bindDn: 'cn=monitor', password };
  const result = await runOnce(server.address, plan);
  assert.equal(result.reason, 'local-setup');
  assert.match(result.detail, /"\/nonexistent\/password": ENOENT$/);
  assert.equal(server.accepted, 0);
});

const SLAPD = ['/usr/sbin/slapd', '/usr/libexec/slapd'].find((path) => existsSync(path));
const hasSchema = existsSync('/etc/ldap/schema/core.schema');
const skip = SLAPD === undefined || !hasSchema ? 'needs slapd' : certificatesSkip;

/** Starts OpenLDAP with one entry that may bind; gives its ports for ldap and ldaps. */
async function startSlapd(t: TestContext, folder: TestCertificates): Promise<[number, number]> {
  const data = join(folder.folder, 'data');
  mkdirSync(data);
  const { cert, key } = folder.issue('IP:127.0.0.1');
  const config = join(folder.folder, 'slapd.conf');
  writeFileSync(
    config,
    [
      'include /etc/ldap/schema/core.schema',
      `pidfile ${join(folder.folder, 'slapd.pid')}`,
      `TLSCACertificateFile ${folder.ca.cert}`,
      `TLSCertificateFile ${cert}`,
      `TLSCertificateKeyFile ${key}`,
      'database ldif',
      `directory ${data}`,
      'suffix "dc=test"',
      'rootdn "cn=monitor,dc=test"',
      'rootpw "secret of monitor"',
      '',
    ].join('\n'),
  );
  const [plain, secure] = (await freePorts(2)) as [number, number];
  const urls = `ldap://127.0.0.1:${plain} ldaps://127.0.0.1:${secure}`;
  const child = spawn(SLAPD!, ['-d', '0', '-f', config, '-h', urls], { stdio: 'ignore' });
  endWithUs(child);
  t.after(async () => {
    child.kill('SIGKILL');
    await exitOf(child);
  });
  await until(
    async () => {
      assert.equal(child.exitCode, null, 'slapd has ended');
      return (await runOnce(ipv4('127.0.0.1', secure), TCP_PROBE)).passed;
    },
    { what: 'slapd listens' },
  );
  return [plain, secure];
}

test('ldapProbe binds to OpenLDAP: anonymous, with a password, over TLS', { skip }, async (t) => {
  const folder = new TestCertificates();
  t.after(() => folder.remove());
  const [plain, secure] = await startSlapd(t, folder);
  const good: LdapProbePlan = {
    ...ANONYMOUS,
    bindDn: 'cn=monitor,dc=test',
    password: { kind: 'text', text: 'secret of monitor' },
  };
  const tls = tlsPlan({ caFile: folder.ca.cert });
  const wrong: SecretPlan = { kind: 'text', text: 'wrong' };
  const cases: [number, LdapProbePlan, ProbeReason, RegExp][] = [
    [plain, ANONYMOUS, 'check-passed', /^bound$/],
    [plain, good, 'check-passed', /^bound$/],
    [secure, { ...good, tls }, 'check-passed', /^bound$/],
    [plain, { ...good, password: wrong }, 'status', /^result 49 \(invalidCredentials\)$/],
    [
      plain,
      { ...good, bindDn: 'no name' },
      'status',
      /^result 34 \(invalidDNSyntax\): invalid DN$/,
    ],
    [plain, { ...good, password: null }, 'status', /^result 53 \(unwillingToPerform\): unauth/],
    [secure, { ...good, tls: tlsPlan() }, 'certificate-untrusted', /./],
    [secure, ANONYMOUS, 'closed', /./],
    [plain, { ...good, tls }, 'tls-handshake', /./],
  ];
  for (const [port, plan, reason, detail] of cases) {
    const result = await runOnce(ipv4('127.0.0.1', port), plan);
    assert.equal(result.reason, reason, result.detail);
    assert.match(result.detail, detail);
  }
});
