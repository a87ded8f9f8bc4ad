import assert from 'node:assert/strict';
import test from 'node:test';
import { LATENCY_BUCKETS, ROUTE_METER, SLOT_FIELDS } from '../base/meters.ts';
import { MetersReader } from './meters-reader.ts';
import { durationsText, labelText, responsesText, tableText } from './metric-text.ts';
import { Segments } from './segments.ts';

const ASKED = { slot: 1, labels: 'route="a"' };
const SILENT = { slot: 2, labels: 'route="b"' };

/** Meters whose slot 1 has the given fields, spread over two segments. */
function metersWith(fields: Readonly<Record<number, number>>): MetersReader {
  const segments = new Segments();
  const [one, other] = [segments.acquire(), segments.acquire()];
  for (const [field, value] of Object.entries(fields)) {
    one.values[SLOT_FIELDS + Number(field)] = value - 1;
    other.values[SLOT_FIELDS + Number(field)] = 1;
  }
  return new MetersReader(segments);
}

const linesOf = (texts: Iterable<string>): string[] => [...texts].join('').trimEnd().split('\n');

test('labelText escapes quotes, backslashes and line feeds', () => {
  assert.equal(labelText({ a: 'x', b: 'q"\\\n' }), 'a="x",b="q\\"\\\\\\n"');
});

test('tableText gives each thing a sample, zeros included', () => {
  const rows = [['requests_total', 'counter', 0, 'Requests.']] as const;
  const plain = { slot: 1, labels: '' };
  assert.deepEqual(linesOf(tableText('x', [ASKED, SILENT, plain], rows, metersWith({ 0: 7 }))), [
    '# HELP x_requests_total Requests.',
    '# TYPE x_requests_total counter',
    'x_requests_total{route="a"} 7',
    'x_requests_total{route="b"} 0',
    'x_requests_total 7',
  ]);
});

test('responsesText leaves out what had no request, where asked to', () => {
  const meters = metersWith({ [ROUTE_METER.requests]: 3, [ROUTE_METER.statuses + 1]: 2 });
  const options = { prefix: 'x', field: ROUTE_METER.statuses };
  const all = linesOf(responsesText(options, [ASKED, SILENT], meters));
  assert.equal(all.length, 2 + 5 + 5);
  const unlessZero = ROUTE_METER.requests;
  const some = linesOf(responsesText({ ...options, unlessZero }, [ASKED, SILENT], meters));
  assert.deepEqual(some, all.slice(0, 7));
  assert.equal(some[3], 'x_responses_total{route="a",code="2xx"} 2');
});

test('durationsText makes buckets cumulative, in seconds, with +Inf equal to the count', () => {
  const first = ROUTE_METER.latencyBuckets;
  const meters = metersWith({
    [first]: 2,
    [first + 3]: 5,
    [first + LATENCY_BUCKETS - 1]: 1,
    [ROUTE_METER.latencySumUs]: 2_500_000,
  });
  const lines = linesOf(
    durationsText({ name: 'h', help: '-' }, [ASKED, SILENT], ROUTE_METER, meters),
  );
  assert.equal(lines.length, 2 + LATENCY_BUCKETS + 2);
  const counts = Object.fromEntries(
    lines.flatMap((line) => {
      const found = /^h_bucket\{le="(.*)",route="a"\} (\d+)$/.exec(line);
      return found === null ? [] : [[found[1]!, Number(found[2])]];
    }),
  ) as Record<string, number>;
  const some = ['0.0001', '0.0005', '0.001', '30', '+Inf'].map((le) => counts[le]);
  assert.deepEqual(some, [2, 2, 7, 7, 8]);
  assert.deepEqual(lines.slice(-2), ['h_sum{route="a"} 2.5', 'h_count{route="a"} 8']);
});
