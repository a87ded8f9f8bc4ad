/** Hazards of where a request ends: Content-Length, Transfer-Encoding, chunks. */
import { get, message, post, refused, refusedMidway, served } from '../hazard-case.ts';
import type { HazardCase } from '../hazard-case.ts';

const HELLO_CHUNKED = '5\r\nhello\r\n0\r\n\r\n';

const chunkedPost = (body: string): string => post(['Transfer-Encoding: chunked'], body);
const chunkedAs = (value: string): string => post([`Transfer-Encoding: ${value}`], HELLO_CHUNKED);
const lengthAs = (value: string): string => post([`Content-Length: ${value}`], 'hello');

/** Nothing, or the head and whole chunks before the fault: never the end of the body. */
const PART_OF_POST =
  /^(POST \/ HTTP\/1\.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n(5\r\nhello(\r\n)?)?)?$/;

export const framingCases: readonly HazardCase[] = [
  {
    row: 'CL + TE both (CL.TE, TE.CL)',
    section: 'RFC 9112 §6.1, §6.3(3), §11.2',
    name: 'CL.TE: Content-Length before Transfer-Encoding',
    send: post(['Content-Length: 6', 'Transfer-Encoding: chunked'], '0\r\n\r\nG'),
    ballast: refused('length-and-chunked'),
  },
  {
    row: 'CL + TE both (CL.TE, TE.CL)',
    section: 'RFC 9112 §6.1, §6.3(3), §11.2',
    name: 'TE.CL: Transfer-Encoding before Content-Length',
    send: post(['Transfer-Encoding: chunked', 'Content-Length: 4'], HELLO_CHUNKED),
    ballast: refused('length-and-chunked'),
  },
  {
    row: 'TE not ending in chunked (req)',
    section: 'RFC 9112 §6.1, §6.3(4)',
    name: 'Transfer-Encoding: chunked, gzip',
    send: chunkedAs('chunked, gzip'),
    ballast: refused('bad-transfer-encoding'),
  },
  {
    row: 'TE not ending in chunked (req)',
    section: 'RFC 9112 §6.1, §6.3(4)',
    name: 'Transfer-Encoding: identity',
    send: chunkedAs('identity'),
    ballast: refused('bad-transfer-encoding'),
  },
  {
    row: 'TE not ending in chunked (req)',
    section: 'RFC 9112 §6.1, §6.3(4)',
    name: 'Transfer-Encoding: gzip alone',
    send: chunkedAs('gzip'),
    ballast: refused('bad-transfer-encoding'),
  },
  {
    row: '`gzip, chunked`',
    section: 'RFC 9112 §6.1, §7.2',
    name: 'Transfer-Encoding: gzip, chunked',
    send: chunkedAs('gzip, chunked'),
    ballast: refused('unsupported-transfer-coding'),
  },
  {
    row: '`chunked, chunked`, dup TE, `xchunked`, VT/quoted',
    section: 'RFC 9112 §6.1',
    name: 'Transfer-Encoding: chunked, chunked',
    send: chunkedAs('chunked, chunked'),
    ballast: refused('bad-transfer-encoding'),
  },
  {
    row: '`chunked, chunked`, dup TE, `xchunked`, VT/quoted',
    section: 'RFC 9112 §6.1',
    name: 'two Transfer-Encoding fields',
    send: post(['Transfer-Encoding: chunked', 'Transfer-Encoding: chunked'], HELLO_CHUNKED),
    ballast: refused('bad-transfer-encoding'),
  },
  {
    row: '`chunked, chunked`, dup TE, `xchunked`, VT/quoted',
    section: 'RFC 9112 §6.1',
    name: 'Transfer-Encoding: xchunked',
    send: chunkedAs('xchunked'),
    ballast: refused('bad-transfer-encoding'),
  },
  {
    row: '`chunked, chunked`, dup TE, `xchunked`, VT/quoted',
    section: 'RFC 9110 §5.6.2',
    name: 'a vertical tab before chunked',
    send: chunkedAs('\x0bchunked'),
    ballast: refused('bad-field-value'),
  },
  {
    row: '`chunked, chunked`, dup TE, `xchunked`, VT/quoted',
    section: 'RFC 9110 §5.6.2',
    name: 'Transfer-Encoding: "chunked" in quotes',
    send: chunkedAs('"chunked"'),
    ballast: refused('bad-transfer-encoding'),
  },
  {
    row: 'TE in HTTP/1.0',
    section: 'RFC 9112 §6.1',
    name: 'a chunked request of HTTP/1.0',
    send: message(['POST / HTTP/1.0', 'Host: a', 'Transfer-Encoding: chunked'], HELLO_CHUNKED),
    ballast: refused('chunked-in-http10'),
  },
  {
    row: '`chunked, chunked`, dup TE, `xchunked`, VT/quoted',
    section: 'RFC 9112 §7',
    name: 'Transfer-Encoding: Chunked, written with a capital and spaces around it',
    send: chunkedAs('  Chunked\t'),
    ballast: served(
      /^POST \/ HTTP\/1\.1\r\nHost: a\r\nTransfer-Encoding: +chunked\s*\r\n\r\n5\r\nhello\r\n0\r\n\r\n$/i,
    ),
  },
  {
    row: '`,chunked` / empty list items',
    section: 'RFC 9110 §5.6.1',
    name: 'Transfer-Encoding: ,chunked',
    send: chunkedAs(',chunked'),
    ballast: refused('bad-transfer-encoding'),
  },
  {
    row: '`,chunked` / empty list items',
    section: 'RFC 9110 §5.6.1',
    name: 'an empty Transfer-Encoding',
    send: post(['Transfer-Encoding:'], 'hello'),
    ballast: refused('bad-transfer-encoding'),
  },
  {
    row: 'Dup CL same / `5, 5`',
    section: 'RFC 9112 §6.3(5)',
    name: 'two equal Content-Length fields',
    send: post(['Content-Length: 5', 'Content-Length: 5'], 'hello'),
    ballast: refused('duplicate-content-length'),
  },
  {
    row: 'Dup CL same / `5, 5`',
    section: 'RFC 9112 §6.3(5)',
    name: 'Content-Length: 5, 5',
    send: lengthAs('5, 5'),
    ballast: refused('bad-content-length'),
  },
  {
    row: 'Dup CL differ, +5, -1, 0x5, empty, >2^63',
    section: 'RFC 9112 §6.3(5)',
    name: 'two different Content-Length fields',
    send: post(['Content-Length: 5', 'Content-Length: 6'], 'hello'),
    ballast: refused('duplicate-content-length'),
  },
  ...['+5', '-1', '0x5', '', '9223372036854775808', '9007199254740992', '5 5', '5;', '5.0'].map(
    (value): HazardCase => ({
      row: 'Dup CL differ, +5, -1, 0x5, empty, >2^63',
      section: 'RFC 9112 §6.2, §6.3(5); RFC 9110 §8.6',
      name: `Content-Length: "${value}"`,
      send: lengthAs(value),
      ballast: refused('bad-content-length'),
    }),
  ),
  {
    row: 'Bare LF in chunk line/ext',
    section: 'RFC 9112 §7.1',
    name: 'a chunk size line that ends in LF alone',
    send: chunkedPost('5\nhello\r\n0\r\n\r\n'),
    ballast: refusedMidway('bad-chunk', PART_OF_POST),
  },
  {
    row: 'Bare LF in chunk line/ext',
    section: 'RFC 9112 §7.1.1',
    name: 'LF within a chunk extension',
    send: chunkedPost('5;a\nb\r\nhello\r\n0\r\n\r\n'),
    ballast: refusedMidway('bad-chunk', PART_OF_POST),
  },
  {
    row: 'Bare LF in chunk line/ext',
    section: 'RFC 9112 §7.1',
    name: 'chunk data followed by LF alone',
    send: chunkedPost('5\r\nhello\n0\r\n\r\n'),
    ballast: refusedMidway('bad-chunk', PART_OF_POST),
  },
  {
    row: 'Chunk-ext flood, `0x5`, overflow, missing CRLF',
    section: 'RFC 9112 §7.1.1',
    name: 'a chunk extension of 20 kB',
    send: chunkedPost(`5;a=${'x'.repeat(20_000)}\r\nhello\r\n0\r\n\r\n`),
    ballast: refusedMidway('chunk-extension-too-long', PART_OF_POST),
  },
  {
    row: 'Chunk-ext flood, `0x5`, overflow, missing CRLF',
    section: 'RFC 9112 §7.1.1',
    name: 'many chunks with small extensions, 20 kB in all',
    send: chunkedPost(`${'1;abcdefgh\r\nx\r\n'.repeat(2_000)}0\r\n\r\n`),
    ballast: refusedMidway('chunk-extension-too-long', /^(POST [^]*)?$/),
  },
  {
    row: 'Chunk-ext flood, `0x5`, overflow, missing CRLF',
    section: 'RFC 9112 §7.1.1',
    name: 'a short chunk extension is dropped',
    send: chunkedPost('5;a=b\r\nhello\r\n0;c\r\n\r\n'),
    ballast: served(chunkedPost(HELLO_CHUNKED)),
  },
  {
    row: 'Chunk-ext flood, `0x5`, overflow, missing CRLF',
    section: 'RFC 9112 §7.1',
    name: 'a chunk size with leading zeros and small letters is written anew',
    send: chunkedPost('000a\r\nhello12345\r\n000\r\n\r\n'),
    ballast: served(/^POST [^]*\r\n\r\n0*[aA]\r\nhello12345\r\n0+\r\n\r\n$/),
  },
  {
    row: 'Chunk-ext flood, `0x5`, overflow, missing CRLF',
    section: 'RFC 9112 §7.1',
    name: 'a chunk size of 5,000 zeros',
    send: chunkedPost(`${'0'.repeat(5_000)}5\r\nhello\r\n0\r\n\r\n`),
    ballast: refusedMidway('bad-chunk', PART_OF_POST),
  },
  ...['0x5', '+5', ' 5', '', 'g', 'FFFFFFFFFFFFFFFFF', '10000000000000000'].map(
    (size): HazardCase => ({
      row: 'Chunk-ext flood, `0x5`, overflow, missing CRLF',
      section: 'RFC 9112 §7.1',
      name: `the chunk size "${size}"`,
      send: chunkedPost(`${size}\r\nhello\r\n0\r\n\r\n`),
      ballast: refusedMidway('bad-chunk', PART_OF_POST),
    }),
  ),
  {
    row: 'Chunk-ext flood, `0x5`, overflow, missing CRLF',
    section: 'RFC 9112 §7.1',
    name: 'chunk data without its CRLF',
    send: chunkedPost('5\r\nhello0\r\n\r\n'),
    ballast: refusedMidway('bad-chunk', PART_OF_POST),
  },
  {
    row: 'Trailer carrying CL/TE/Host/auth',
    section: 'RFC 9110 §6.5.1, §6.5.2; RFC 9112 §7.1.2',
    name: 'forbidden trailer fields of a request are dropped, others are passed on',
    send: chunkedPost(
      '5\r\nhello\r\n0\r\nContent-Length: 3\r\nTransfer-Encoding: x\r\nHost: b\r\n' +
        'Authorization: c\r\nX-Sum: 1\r\n\r\n',
    ),
    ballast: served(chunkedPost('5\r\nhello\r\n0\r\nX-Sum: 1\r\n\r\n')),
  },
  {
    row: 'Trailer carrying CL/TE/Host/auth',
    section: 'RFC 9112 §7.1.2',
    name: 'a trailer line without a colon',
    send: chunkedPost('5\r\nhello\r\n0\r\nnonsense\r\n\r\n'),
    ballast: refusedMidway('bad-trailer', PART_OF_POST),
  },
  {
    row: 'Trailer carrying CL/TE/Host/auth',
    section: 'RFC 9112 §7.1.2',
    name: 'trailers without end',
    send: chunkedPost(`5\r\nhello\r\n0\r\n${'X-T: 1\r\n'.repeat(10_000)}\r\n`),
    ballast: refusedMidway('bad-trailer', PART_OF_POST),
  },
  {
    row: 'Pipelining',
    section: 'RFC 9112 §9.3.2',
    name: 'bytes behind a length-framed request are the next request, not a body',
    send: `${post(['Content-Length: 5'], 'hello')}${get('X-Second: 1')}`,
    ballast: {
      answers: ['200 ok', '200 ok'],
      ending: 'open',
      server: `${post(['Content-Length: 5'], 'hello')}${get('X-Second: 1')}`,
    },
  },
];
