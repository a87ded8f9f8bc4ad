// Responses made by OpenSSL: those that may be stapled, and all that may not.
import assert from 'node:assert/strict';
import test from 'node:test';
import { checkOcsp } from './ocsp-check.ts';
import { OcspAuthority, opensslSkip as skip, subjectOf } from './ocsp-testkit.ts';

const DAY_MS = 86_400_000;

test('checkOcsp takes a good response of the issuer, until it expires', { skip }, async () => {
  await using it = new OcspAuthority();
  const subject = subjectOf(it.issue('a', { serial: '1001' }));
  const bytes = it.answer(subject);
  const now = Date.now();
  const check = checkOcsp(bytes, subject, now);
  assert.ok(check.ok, JSON.stringify(check));
  assert.ok(Math.abs(check.staple.nextUpdate - now - 7 * DAY_MS) < 600_000);
  const late = checkOcsp(bytes, subject, now + 8 * DAY_MS);
  assert.match(late.ok ? '' : late.why, /^it expired on 20/);
  const early = checkOcsp(bytes, subject, now - DAY_MS);
  assert.equal(early.ok ? '' : early.why, 'it is not valid yet');
});

test(
  'checkOcsp takes one that is signed by whom the issuer has chosen, and no other',
  { skip },
  async () => {
    await using it = new OcspAuthority();
    const subject = subjectOf(it.issue('a', { serial: '1001' }));
    it.make('chosen', ['-addext', 'extendedKeyUsage=OCSPSigning'], '2001');
    it.make('other', [], '2002');
    it.make('stranger', ['-addext', 'extendedKeyUsage=OCSPSigning']);
    const check = (signer: string) =>
      checkOcsp(it.answer(subject, [], signer), subject, Date.now());
    assert.ok(check('chosen').ok);
    for (const signer of ['other', 'stranger']) {
      const answer = check(signer);
      assert.equal(answer.ok ? '' : answer.why, 'its signature is not one of the issuer', signer);
    }
  },
);

test('checkOcsp refuses revoked and unknown certificates', { skip }, async () => {
  await using it = new OcspAuthority();
  const revoked = subjectOf(it.issue('a', { serial: '1001', said: 'R' }));
  const answer = checkOcsp(it.answer(revoked), revoked, Date.now());
  assert.equal(answer.ok ? '' : answer.why, 'the certificate is revoked');
  const other = subjectOf(it.issue('b', { serial: '1002' }));
  const about = checkOcsp(it.answer(revoked), other, Date.now());
  assert.equal(about.ok ? '' : about.why, 'it is about another certificate');
});

test('checkOcsp refuses a response with any byte changed, and never throws', { skip }, async () => {
  await using it = new OcspAuthority();
  const subject = subjectOf(it.issue('a', { serial: '1001' }));
  const bytes = it.answer(subject, ['-resp_no_certs']);
  assert.ok(checkOcsp(bytes, subject, Date.now()).ok);
  for (let at = 0; at < bytes.length; at++) {
    const broken = Buffer.from(bytes);
    broken[at] = broken[at]! ^ 0x55;
    assert.equal(checkOcsp(broken, subject, Date.now()).ok, false, `${at}`);
    assert.equal(checkOcsp(bytes.subarray(0, at), subject, Date.now()).ok, false, `${at}`);
  }
});

test('checkOcsp says what a responder that does not answer says', () => {
  const subject = { id: { nameHash: NONE, keyHash: NONE, serial: NONE }, issuer: NONE };
  const refused = checkOcsp(Buffer.from('30030a0106', 'hex'), subject, 0);
  assert.equal(refused.ok ? '' : refused.why, 'the responder says unauthorized');
  const garbage = checkOcsp(Buffer.from('<html>'), subject, 0);
  assert.equal(garbage.ok ? '' : garbage.why, 'it is no OCSP response');
});

const NONE = new Uint8Array(0);
