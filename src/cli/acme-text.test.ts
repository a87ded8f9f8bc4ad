import assert from 'node:assert/strict';
import test from 'node:test';
import type { AcmeStatus } from '../control/acme/acme-view.ts';
import { ACME_WORD, acmeText } from './acme-text.ts';

function one(name: string, given: Partial<AcmeStatus> = {}): AcmeStatus {
  return {
    name,
    names: [`${name}.test`],
    directory: 'https://ca.test/dir',
    challenge: 'http-01',
    state: 'valid',
    notAfter: '2030-04-01T00:00:00.000Z',
    nextTry: new Date(Date.now() + 3_600_000).toISOString(),
    failures: 0,
    lastError: null,
    ...given,
  };
}

test('acmeText shows what fails first, with the reason', () => {
  const lastError = { at: '', code: 'BAL_ACME_DNS', message: 'no such name', hint: '' };
  const failed = one('b', {
    state: 'failed',
    notAfter: null,
    lastError,
    names: ['b.test', 'c.test'],
  });
  const [, first = '', second = ''] = acmeText({ acme: [one('a'), failed] }).split('\n');
  assert.match(first, /^b +b\.test and 1 more +failed +none yet +in .*BAL_ACME_DNS: no such name$/);
  assert.match(second, /^a +a\.test +valid +2030-04-01 +in (1h 00m|59m \d\ds|60m 00s)$/);
  assert.deepEqual(first.match(ACME_WORD), ['failed']);
});

test('acmeText says that an order is under way, counts many, and says nothing of none', () => {
  assert.equal(acmeText({ acme: [] }), '');
  assert.match(
    acmeText({ acme: [one('a', { state: 'renewing', nextTry: null })] }),
    /renewing .* now/,
  );
  const many = Array.from({ length: 25 }, (_, i) => one(`n${i}`));
  assert.match(acmeText({ acme: many }), /\nand 5 more\n$/);
});
