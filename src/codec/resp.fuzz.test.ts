/** Properties of readResp over made-up and damaged replies. A failure prints its seed. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { readResp } from './resp.ts';
import type { RespReply } from './resp.ts';

function encode(reply: RespReply): string {
  switch (reply.kind) {
    case 'text':
      return `$${reply.text.length}\r\n${reply.text}\r\n`;
    case 'error':
      return `-${reply.text}\r\n`;
    case 'integer':
      return `:${reply.value}\r\n`;
    case 'null':
      return '$-1\r\n';
    case 'array':
      return `*${reply.entries.length}\r\n${reply.entries.map(encode).join('')}`;
    default:
      return reply satisfies never;
  }
}

/** A record that compares equal to an object literal. */
const made = <T>(model: { [K in keyof T]: fc.Arbitrary<T[K]> }): fc.Arbitrary<T> =>
  fc.record(model, { noNullPrototype: true }) as fc.Arbitrary<T>;

const line = fc.string({ unit: fc.constantFrom(...'AZ az:+-*$'), maxLength: 20 });
const bulk = fc.string({ unit: fc.constantFrom(...'a\r\n$*\0\xff'), maxLength: 40 });
const { reply } = fc.letrec<{ reply: RespReply; array: RespReply }>((tie) => ({
  reply: fc.oneof(
    { maxDepth: 3, withCrossShrink: true },
    made({ kind: fc.constant('text' as const), text: bulk }),
    made({ kind: fc.constant('error' as const), text: line }),
    made({ kind: fc.constant('integer' as const), value: fc.maxSafeInteger() }),
    fc.constant({ kind: 'null' as const }),
    tie('array'),
  ),
  array: made({
    kind: fc.constant('array' as const),
    entries: fc.array(tie('reply'), { maxLength: 5 }),
  }),
}));

test('readResp gives back what was written, whatever stands around it', () => {
  fc.assert(
    fc.property(reply, bulk, bulk, (value, before, after) => {
      const written = encode(value);
      const bytes = Buffer.from(before + written + after, 'latin1');
      const end = before.length + written.length;
      assert.deepEqual(readResp(bytes, before.length), { kind: 'reply', reply: value, end });
    }),
  );
});

test('readResp takes damaged replies for what they say, never reads past them, never throws', () => {
  const damage = fc.record({ at: fc.nat(), byte: fc.integer({ min: 0, max: 255 }) });
  fc.assert(
    fc.property(reply, fc.array(damage, { maxLength: 3 }), (value, damages) => {
      const bytes = Buffer.from(encode(value), 'latin1');
      for (const { at, byte } of damages) bytes[at % bytes.length] = byte;
      const result = readResp(bytes, 0);
      if (result.kind === 'reply') assert.ok(result.end > 0 && result.end <= bytes.length);
    }),
  );
});
