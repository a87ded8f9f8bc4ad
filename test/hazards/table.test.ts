// The table of hazards is whole, its names are unique, and the page made from it is up to date.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { comparedCases, hazardCases } from './all-cases.ts';
import { DOCUMENT_PATH, MEASURED_PATH, renderDocument } from './document.ts';
import type { Measured } from './document.ts';

/** What a proxy of HTTP/1.1 is known to get wrong. */
const ROWS = [
  'CL + TE both (CL.TE, TE.CL)',
  'TE not ending in chunked (req)',
  '`gzip, chunked`',
  '`chunked, chunked`, dup TE, `xchunked`, VT/quoted',
  'TE in HTTP/1.0',
  '`,chunked` / empty list items',
  'Dup CL same / `5, 5`',
  'Dup CL differ, +5, -1, 0x5, empty, >2^63',
  'Underscore/dot header aliases (`Transfer_Encoding`)',
  'WS before colon (req)',
  'obs-fold (req)',
  'Leading WS before first header',
  'Bare LF line end',
  'Bare LF in chunk line/ext',
  'Bare CR; NUL in value',
  'Chunk-ext flood, `0x5`, overflow, missing CRLF',
  'Trailer carrying CL/TE/Host/auth',
  'No Host (1.1) / dup / invalid Host',
  'Absolute-form vs Host mismatch',
  'authority-form/`*`/fragment/space',
  'Dot segments, %2e, %2f, `//`',
  'HTTP/0.9, /1.2, /2.0, lower-case',
  'Connection-nominated & hop-by-hop (Keep-Alive, Proxy-Connection, TE, Upgrade, Transfer-Encoding)',
  '`Upgrade: h2c`',
  '101 unsolicited / websocket key',
  'Expect: 100-continue',
  '1xx (103 etc.)',
  'HEAD/204/304/1xx/CONNECT-2xx bodies',
  'Extra bytes after response',
  'Truncated response',
  'CL/TE in responses both; 1.0+chunked',
  'Early response (413/401 while uploading)',
  'Client half-close',
  'Server half-close / FIN',
  'Pipelining',
  'Retry',
  'Slowloris head/body/read, tiny windows',
  'Oversize line/headers/count',
  'Via / loop, Max-Forwards, TRACE',
];

const measured = JSON.parse(readFileSync(MEASURED_PATH, 'utf8')) as Measured;

test('hazards: every row of the table has a case and every case a row', () => {
  assert.deepEqual(new Set(hazardCases.map((of) => of.row)), new Set(ROWS));
});

test('hazards: the names of the cases are unique', () => {
  const names = hazardCases.map((of) => of.name);
  assert.deepEqual(
    names.filter((name, i) => names.indexOf(name) !== i),
    [],
  );
});

test('hazards: every compared case was measured, and no other', () => {
  const names = comparedCases.map((of) => of.name);
  assert.deepEqual(Object.keys(measured.haproxy), names);
  assert.deepEqual(Object.keys(measured.nginx), names);
});

test('hazards: docs/http-hazards.md is what the cases and measurements say', () => {
  const remedy = 'run test/hazards/measure-peers.ts and read the difference';
  assert.equal(readFileSync(DOCUMENT_PATH, 'utf8'), renderDocument(measured), remedy);
});
