/** Properties of ChunkedFilter over made-up and mutated bodies. A failure prints its seed. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { asciiBytes, asciiText } from './ascii.ts';
import { CHUNKED_HEADROOM, CHUNKED_MODE, ChunkedFilter } from './http1-chunked.ts';

type Outcome = { readonly out: string; readonly result: number; readonly payload: number };

/** One object for all runs: `reset` must leave nothing behind. */
const filter = new ChunkedFilter();

function run(body: string, mode: number, cuts: readonly number[]): Outcome {
  filter.reset(mode);
  const places = [...new Set([...cuts.map((cut) => cut % (body.length + 1)), body.length])];
  places.sort((a, b) => a - b);
  let out = '';
  let from = 0;
  let result = 0;
  for (const to of places) {
    const bytes = new Uint8Array(CHUNKED_HEADROOM + to - from);
    bytes.set(asciiBytes(body.slice(from, to)), CHUNKED_HEADROOM);
    result = filter.filter(bytes, CHUNKED_HEADROOM, bytes.length);
    assert.ok(filter.consumedEnd <= bytes.length && filter.outEnd <= bytes.length);
    out += asciiText(bytes, filter.outStart, filter.outEnd);
    if (result !== 0) break;
    from = to;
  }
  return { out, result, payload: filter.payloadBytes };
}

const alphabet = [...'09aF;:\r\n \t"x', '\0', '\xff'];
const text = fc.array(fc.constantFrom(...alphabet), { maxLength: 12 }).map((all) => all.join(''));
const plain = fc.string({ unit: fc.constantFrom(...'ab c;="'), maxLength: 10 });
const extension = fc.oneof(
  fc.constant(''),
  fc.constant(''),
  plain.map((value) => `;${value}`),
);
const name = fc.constantFrom(
  'A',
  'X-Checksum',
  'Content-Length',
  'Host',
  'b_c',
  'Grpc-Status',
  'TE',
  'z'.repeat(63),
);
const trailer = fc.tuple(name, plain).map(([key, value]) => `${key}:${value}\r\n`);
const chunk = fc.record({
  data: fc.string({ unit: fc.constantFrom(...alphabet), minLength: 1, maxLength: 40 }),
  extension,
});
const bodies = fc.record({
  chunks: fc.array(chunk, { maxLength: 6 }),
  last: extension,
  trailers: fc.array(trailer, { maxLength: 4 }),
});
const cuts = fc.array(fc.nat(400), { maxLength: 12 });
const modes = fc.constantFrom(...Object.values(CHUNKED_MODE));

type Body = typeof bodies extends fc.Arbitrary<infer T> ? T : never;

const write = ({ chunks, last, trailers }: Body): string =>
  chunks
    .map((each) => `${each.data.length.toString(16)}${each.extension}\r\n${each.data}\r\n`)
    .concat(`0${last}\r\n`, trailers, '\r\n')
    .join('');

test('ChunkedFilter puts out the same for any split of a good body', () => {
  fc.assert(
    fc.property(bodies, cuts, (body, places) => {
      const payload = body.chunks.map((each) => each.data).join('');
      const bare = write({
        chunks: body.chunks.map((each) => ({ ...each, extension: '' })),
        last: '',
        trailers: [],
      });
      const kept = body.trailers.filter((line) => /^(A|X-Checksum|Grpc-Status|z+):/.test(line));
      const forwarded = `${bare.slice(0, -2)}${kept.join('')}\r\n`;
      const input = write(body);
      const expect = (mode: number, out: string): void =>
        assert.deepEqual(run(input, mode, places), { out, result: 1, payload: payload.length });
      expect(CHUNKED_MODE.forward, forwarded);
      expect(CHUNKED_MODE.forwardWithoutTrailers, bare);
      expect(CHUNKED_MODE.dechunk, payload);
    }),
    { numRuns: 3000 },
  );
});

test('ChunkedFilter takes its own output as it is', () => {
  fc.assert(
    fc.property(bodies, cuts, (body, places) => {
      const { out } = run(write(body), CHUNKED_MODE.forward, []);
      assert.equal(run(out, CHUNKED_MODE.forward, places).out, out);
    }),
    { numRuns: 1000 },
  );
});

test('ChunkedFilter comes to the same end for any split of a mutated body', () => {
  const input = fc.tuple(bodies, fc.nat(400), fc.nat(4), text);
  fc.assert(
    fc.property(input, cuts, modes, ([body, at, gone, put], places, mode) => {
      const good = write(body);
      const place = at % (good.length + 1);
      const bad = good.slice(0, place) + put + good.slice(place + gone);
      const whole = run(bad, mode, []);
      const split = run(bad, mode, places);
      assert.equal(split.result, whole.result);
      assert.equal(split.payload, whole.payload);
      if (whole.result >= 0) assert.equal(split.out, whole.out);
      else assert.equal(whole.out, '');
    }),
    { numRuns: 10_000 },
  );
});

test('ChunkedFilter takes any bytes without an exception', () => {
  fc.assert(
    fc.property(fc.array(text, { maxLength: 8 }), cuts, modes, (parts, places, mode) => {
      run(parts.join(''), mode, places);
    }),
    { numRuns: 5000 },
  );
});
