/**
 * Times the HTTP/1.1 codec on messages as they come every day: run by hand with
 * `node src/codec/http1.bench.ts`. Rounds are short and many: the best is the one that nothing else on
 * the machine disturbed, the median says how much was disturbed.
 */
import { asciiBytes } from './ascii.ts';
import { CHUNKED_HEADROOM, CHUNKED_MODE, ChunkedFilter } from './http1-chunked.ts';
import { METHOD, RequestHead, ResponseHead } from './http1-head.ts';
import type { RequestPolicy } from './http1-head.ts';
import { parseRequestHead } from './http1-request.ts';
import { parseResponseHead } from './http1-response.ts';

const ROUNDS = 300;
/** Rounds before, for the compiler. */
const WARM_ROUNDS = 100;
const POLICY: RequestPolicy = {
  headBytes: 32_768,
  uriBytes: 8192,
  fields: 128,
  allowEncodedSlash: false,
  mergeSlashes: true,
  unusualFieldNames: 'drop',
};

const lines = (...parts: string[]): Uint8Array => asciiBytes(`${parts.join('\r\n')}\r\n\r\n`);

const SMALL = lines('GET / HTTP/1.1', 'Host: 127.0.0.1:8080');
const ANSWER = lines(
  'HTTP/1.1 200 OK',
  'Server: sample/1.2.3',
  'Date: Mon, 01 Jan 2024 00:00:00 GMT',
  'Content-Type: text/plain',
  'Content-Length: 52',
  'Connection: keep-alive',
);
const BROWSER = lines(
  'GET /articles/2024/some-longer-path/index.html?utm_source=letter&page=2 HTTP/1.1',
  'Host: www.shop.example.com',
  'Connection: keep-alive',
  'sec-ch-ua: "Chromium";v="124", "Google Chrome";v="124", "Not-A.Brand";v="99"',
  'sec-ch-ua-mobile: ?0',
  'sec-ch-ua-platform: "Linux"',
  'Upgrade-Insecure-Requests: 1',
  'User-Agent: Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 Chrome/124.0.0.0 Safari/537.36',
  'Accept: text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,*/*;q=0.8',
  'Sec-Fetch-Site: none',
  'Sec-Fetch-Mode: navigate',
  'Sec-Fetch-Dest: document',
  'Accept-Encoding: gzip, deflate, br, zstd',
  'Accept-Language: en-GB,en;q=0.9,de;q=0.8',
  'Cookie: session=0123456789abcdef0123456789abcdef',
);
const DOTTED = '/a/b/../c/%7euser/d%c3%a9/x';
const CHUNK = asciiBytes(`2000\r\n${'x'.repeat(0x2000)}\r\n`);
const SMALL_CHUNK = asciiBytes('a\r\n0123456789\r\n'.repeat(100));

const request = new RequestHead();
const answer = new ResponseHead();
const filter = new ChunkedFilter();
/** Stands in for a receive buffer: the messages lie somewhere within it. */
const buffer = new Uint8Array(65_536);
const START = 1024;

function measure(
  name: string,
  bytes: Uint8Array,
  count: number,
  once: (end: number) => number,
): void {
  buffer.set(bytes, START);
  const end = START + bytes.length;
  const times: number[] = [];
  for (let round = -WARM_ROUNDS; round < ROUNDS; round++) {
    const begin = performance.now();
    let good = 0;
    for (let i = 0; i < count; i++) if (once(end) >= 0) good++;
    const each = ((performance.now() - begin) * 1e6) / count;
    if (good !== count) throw new Error(`${name}: refused`);
    if (round >= 0) times.push(each);
  }
  times.sort((a, b) => a - b);
  const best = times[0]!;
  process.stdout.write(
    `${name.padEnd(34)} ${String(bytes.length).padStart(6)} B  best ${best.toFixed(0).padStart(5)} ns ` +
      `${(best / bytes.length).toFixed(2).padStart(6)} ns/B  median ${times[ROUNDS >> 1]!.toFixed(0)} ns\n`,
  );
}

const parseRequest = (end: number): number => parseRequestHead(buffer, START, end, POLICY, request);

measure('request, smallest', SMALL, 4000, parseRequest);
measure('request of a browser', BROWSER, 2000, parseRequest);
measure('answer with five fields', ANSWER, 4000, (end) =>
  parseResponseHead(buffer, START, end, POLICY, METHOD.get, answer),
);
measure('request, smallest (again)', SMALL, 4000, parseRequest);
const dotted = lines(`GET ${DOTTED} HTTP/1.1`, 'Host: 127.0.0.1:8080');
measure('request, path to be settled', dotted, 2000, (end) => {
  buffer.set(dotted, START);
  return parseRequest(end);
});
filter.reset(CHUNKED_MODE.forward);
measure('one chunk of 8 KiB, forwarded', CHUNK, 2000, (end) => filter.filter(buffer, START, end));
measure('100 chunks of 10 B, forwarded', SMALL_CHUNK, 200, (end) =>
  filter.filter(buffer, START, end),
);
filter.reset(CHUNKED_MODE.dechunk);
measure('100 chunks of 10 B, payload only', SMALL_CHUNK, 100, (end) => {
  buffer.set(SMALL_CHUNK, START);
  return filter.filter(buffer, START, end);
});
if (START < CHUNKED_HEADROOM) throw new Error('no room before the input');
