/** Properties of parseResponseHead over made-up and random heads. A failure prints its seed. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { asciiBytes } from './ascii.ts';
import { TEST_POLICY, parseResponseText } from './head-testkit.ts';
import { METHOD, ResponseHead } from './http1-head.ts';
import { parseResponseHead } from './http1-response.ts';

const PIECES = [
  'HTTP/1.1 200 OK\r\n',
  'HTTP/1.0 200 \r\n',
  'HTTP/1.1 204\r\n',
  'HTTP/1.1 304 x\r\n',
  'HTTP/1.1 101 x\r\n',
  'Content-Length: 5\r\n',
  'Content-Length: 0\r\n',
  'Transfer-Encoding: chunked\r\n',
  'Transfer-Encoding: gzip\r\n',
  'Connection: close, x-foo\r\n',
  'Connection: keep-alive\r\n',
  'Connection: "\r\n',
  'Upgrade: x\r\n',
  'X-Foo: bar\r\n',
  '\r\n',
  '\n',
  '\r',
  ' ',
  ':',
  ',',
  '\0',
  '5',
  'x',
  '\xff',
];
const soup = fc.array(fc.constantFrom(...PIECES), { maxLength: 12 }).map((parts) => parts.join(''));
const statuses = fc.constantFrom('100', '101', '200', '204', '205', '304', '404', '500');
const rough = fc.oneof(
  soup,
  fc.tuple(statuses, soup).map(([status, text]) => `HTTP/1.1 ${status} x\r\n${text}\r\n\r\n`),
  fc.uint8Array({ maxLength: 60 }).map((bytes) => String.fromCharCode(...bytes)),
);
const methods = fc.constantFrom(METHOD.get, METHOD.head, METHOD.other);

test('parseResponseHead comes to the same result at every length (any split of the input)', () => {
  fc.assert(
    fc.property(rough, methods, (input, method) => {
      const whole = parseResponseText(input, method);
      for (let end = 0; end < input.length; end++) {
        const part = parseResponseText(input.slice(0, end), method);
        if (part.result !== 'incomplete')
          assert.deepEqual(part, whole, `of the first ${end} bytes`);
        else assert.ok(whole.result !== 'ok' || end < whole.size);
      }
    }),
    { numRuns: 2000 },
  );
});

test('parseResponseHead reads nothing outside its input and changes nothing in it', () => {
  fc.assert(
    fc.property(rough, methods, (input, method) => {
      const one = parseResponseText(input, method, {}, 0x0d);
      assert.deepEqual(parseResponseText(input, method, {}, 0x2f), one);
      assert.ok(one.size <= input.length);
      const bytes = asciiBytes(input);
      parseResponseHead(bytes, 0, bytes.length, TEST_POLICY, method, new ResponseHead());
      assert.deepEqual(bytes, asciiBytes(input));
    }),
    { numRuns: 4000 },
  );
});

test('parseResponseHead gives every answer one framing, and forwards at most one', () => {
  let accepted = 0;
  fc.assert(
    fc.property(rough, methods, (input, method) => {
      const head = parseResponseText(input, method);
      if (head.result !== 'ok') return;
      accepted++;
      const bodyless = head.status < 200 || head.status === 204;
      const lengths = head.fields.filter((field) => /^content-length:/i.test(field));
      const codings = head.fields.filter((field) => /^-?transfer-encoding:/i.test(field));
      assert.ok(lengths.length <= (bodyless || codings.length > 0 ? 0 : 1));
      if (bodyless || head.status === 304 || method === METHOD.head)
        assert.equal(head.body, 'none');
      else assert.equal(head.body === 'chunked', codings.length > 0);
      assert.equal(head.body === 'length', head.contentLength > 0 && head.body !== 'none');
      if (head.body === 'untilClose') assert.ok(head.flags.includes('close'));
      assert.ok(
        head.fields.every((field) => !/^(connection|transfer-encoding|upgrade):/i.test(field)),
      );
    }),
    { numRuns: 10_000 },
  );
  assert.ok(accepted > 500, `only ${accepted} were accepted`);
});
