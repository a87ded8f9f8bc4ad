import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { CertificateStatus } from '../control/certificates/certificate-status.ts';
import { certificatesText } from './certificates-text.ts';

const certificate = (parts: Partial<CertificateStatus>): CertificateStatus => ({
  name: 'shop',
  source: 'files',
  state: 'served',
  names: ['a.test', 'b.test', 'c.test', 'd.test', 'e.test'],
  issuer: 'CN=test',
  keyType: 'ecdsa',
  fingerprint: '',
  serialNumber: '',
  notBefore: '',
  notAfter: '',
  daysLeft: 60,
  certFile: '',
  keyFile: '',
  problem: '',
  hint: '',
  warnings: [],
  ocsp: { state: 'off', until: '', problem: '' },
  ...parts,
});

test('certificatesText shows names, days left and what is wrong', () => {
  const first = [
    certificate({ name: 'site/x', state: 'broken', names: [], daysLeft: null, problem: 'no key' }),
    certificate({}),
  ];
  const text = certificatesText({ total: 1, expired: 0, broken: 1, first });
  assert.match(text, /^CERTIFICATE +STATE +DAYS LEFT +KEY +NAMES +ISSUER +PROBLEM$/m);
  assert.match(text, /^site\/x +broken .*no key$/m);
  assert.match(text, /^shop +served +60 +ecdsa +a\.test b\.test c\.test and 2 more +CN=test/m);
});

test('certificatesText shows ten of many, and all that need somebody', () => {
  const soon = Array.from({ length: 12 }, (_, i) => certificate({ name: `s${i}`, daysLeft: 3 }));
  const rest = Array.from({ length: 12 }, (_, i) => certificate({ name: `r${i}` }));
  const few = certificatesText({ total: 500, expired: 0, broken: 0, first: rest });
  const many = certificatesText({ total: 500, expired: 0, broken: 0, first: [...soon, ...rest] });
  assert.match(few, /and 490 more certificates/);
  assert.match(many, /and 488 more certificates/);
});

test('certificatesText is empty where there is no certificate', () => {
  assert.equal(certificatesText({ total: 0, expired: 0, broken: 0, first: [] }), '');
});
