/** Properties of parseProxyHeader over made-up, mutated and random bytes. A failure prints its seed. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { asciiBytes } from './ascii.ts';
import { PROXY_LOOK, looksLikeProxyHeader } from './proxy-protocol.ts';
import { IPV4, read, readEverySplit, tlv, v2, withChecksum } from './proxy-testkit.ts';

const pieces = fc.constantFrom(
  ...['PROXY ', 'TCP4 ', 'TCP6 ', 'UNKNOWN', '1.2.3.4', '::1', ' ', '80', '0', '65535', '\r\n'],
  ...['\r', '\n', '\0', 'GET', 'ff'],
);
const lines = fc
  .array(pieces, { maxLength: 10 })
  .map((parts) => asciiBytes(`PROXY ${parts.join('')}`));

const value = fc.uint8Array({ maxLength: 12 }).map((bytes) => [...bytes]);
const inner = fc.array(fc.tuple(fc.integer({ min: 0x20, max: 0x26 }), value), { maxLength: 3 });
const one = fc.oneof(
  fc
    .tuple(fc.constantFrom(1, 2, 3, 4, 5, 0x20, 0x30, 0xe0), value)
    .map(([type, v]) => tlv(type, v)),
  inner.map((list) => tlv(0x20, [1, 0, 0, 0, 0, ...list.flatMap(([type, v]) => tlv(type, v))])),
);
const bodies = fc.array(one, { maxLength: 5 }).map((list) => [...IPV4, ...list.flat()]);
const headers = fc.oneof(
  bodies.map((body) => v2({ body })),
  bodies.map(withChecksum),
  fc.record({ command: fc.nat(255), family: fc.nat(255), body: value }).map(v2),
);
const mutated = fc
  .tuple(headers, fc.array(fc.tuple(fc.nat(80), fc.nat(255)), { maxLength: 2 }))
  .map(([bytes, edits]) => {
    const copy = bytes.slice();
    for (const [at, byte] of edits) copy[at % copy.length] = byte;
    return copy;
  });
const rough = fc.oneof(lines, headers, mutated, fc.uint8Array({ maxLength: 40 }));

test('parseProxyHeader comes to the same at every split and reads nothing outside its input', () => {
  let good = 0;
  fc.assert(
    fc.property(rough, (input) => {
      const whole = readEverySplit(input);
      if (typeof whole.result === 'number') {
        good++;
        assert.equal(whole.decidedAt, whole.result);
        assert.ok(whole.result <= input.length);
      }
      assert.deepEqual(read(input, 0x0a), read(input, 0x20));
    }),
    { numRuns: 3000 },
  );
  assert.ok(good > 150, `only ${good} were good`);
});

test('what parses as a header always looks like one', () => {
  fc.assert(
    fc.property(rough, (input) => {
      const { result } = read(input);
      const look = looksLikeProxyHeader(input, 0, input.length);
      if (typeof result === 'number') assert.equal(look, PROXY_LOOK.yes);
      if (look === PROXY_LOOK.no) assert.match(String(result), /^(notHeader|badLine)$/);
    }),
    { numRuns: 2000 },
  );
});
