import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { SMTP_LINE_BYTES_MAX, SMTP_REPLY_BYTES_MAX, readSmtpReply } from './smtp-reply.ts';
import type { SmtpResult } from './smtp-reply.ts';

const read = (text: string): SmtpResult => readSmtpReply(Buffer.from(text, 'latin1'));

const GOOD: readonly (readonly [string, number, readonly string[]])[] = [
  ['220 mail.test ESMTP\r\n', 220, ['mail.test ESMTP']],
  ['220\r\n', 220, ['']],
  ['220 \r\n', 220, ['']],
  ['250-mail.test\r\n250-STARTTLS\r\n250 8BITMIME\r\n', 250, ['mail.test', 'STARTTLS', '8BITMIME']],
  ['250-\r\n250\r\n', 250, ['', '']],
  ['554 no \xfc\r\n', 554, ['no \xfc']],
];

for (const [text, code, lines] of GOOD) {
  test(`readSmtpReply reads ${JSON.stringify(text)} and asks for more at every cut`, () => {
    const reply = { code, lines, size: text.length };
    assert.deepEqual(read(text), { kind: 'reply', reply });
    assert.deepEqual(read(`${text}250 next\r\n`), { kind: 'reply', reply });
    for (let size = 0; size < text.length; size++) {
      assert.deepEqual(read(text.slice(0, size)), { kind: 'more' }, `${size} bytes`);
    }
  });
}

const BAD: readonly string[] = [
  'SSH-2.0-OpenSSH_9.2\r\n',
  'S',
  '120 early\r\n',
  '600 late\r\n',
  '22 short\r\n',
  '2200 long\r\n',
  '220 bare\n',
  '\r\n',
  '220\ttab\r\n',
  '220 nul\0\r\n',
  '220 cr\rcr\r\n',
  '250-one\r\n251 two\r\n',
  '250-one\r\ntwo\r\n',
  '\xff',
];

for (const text of BAD) {
  test(`readSmtpReply refuses ${JSON.stringify(text)}`, () => {
    assert.equal(read(text).kind, 'bad');
  });
}

test('readSmtpReply bounds a line and a whole reply', () => {
  const most = `220 ${'x'.repeat(SMTP_LINE_BYTES_MAX - 6)}\r\n`;
  assert.equal(read(most).kind, 'reply');
  assert.equal(read(`220 ${'x'.repeat(SMTP_LINE_BYTES_MAX)}`).kind, 'too-large');
  const many = '250-12\r\n'.repeat(SMTP_REPLY_BYTES_MAX / 8 - 1);
  assert.equal(read(`${many}250 12\r\n`).kind, 'reply');
  assert.equal(read(`${many}250-12\r\n`).kind, 'more');
  assert.equal(read(`${many}250 123\r\n`).kind, 'too-large');
  assert.equal(read(`${many}250-12\r\n250-1\r\n`).kind, 'too-large');
});

test('readSmtpReply takes any bytes without an exception', () => {
  const pieces = fc.constantFrom('2', '5', '0', '-', ' ', '\r', '\n', '\r\n', '250-', 'a', '\0');
  fc.assert(
    fc.property(fc.array(pieces), (list) => {
      const result = read(list.join(''));
      if (result.kind === 'reply') assert.ok(result.reply.size <= list.join('').length);
    }),
  );
});
