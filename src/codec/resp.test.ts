import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  RESP_DEPTH_MAX,
  RESP_ENTRIES_MAX,
  RESP_LINE_BYTES_MAX,
  RESP_REPLY_BYTES_MAX,
  readResp,
  writeRespCommand,
} from './resp.ts';
import type { RespReply, RespResult } from './resp.ts';

const read = (text: string, start = 0): RespResult => readResp(Buffer.from(text, 'latin1'), start);

const text = (value: string): RespReply => ({ kind: 'text', text: value });

const GOOD: readonly (readonly [string, RespReply])[] = [
  ['+PONG\r\n', text('PONG')],
  ['+\r\n', text('')],
  [
    '-LOADING Redis is loading the dataset in memory\r\n',
    {
      kind: 'error',
      text: 'LOADING Redis is loading the dataset in memory',
    },
  ],
  [':0\r\n', { kind: 'integer', value: 0 }],
  [':-42\r\n', { kind: 'integer', value: -42 }],
  ['$5\r\na\r\nbc\r\n', text('a\r\nbc')],
  ['$0\r\n\r\n', text('')],
  ['$-1\r\n', { kind: 'null' }],
  ['*-1\r\n', { kind: 'null' }],
  ['*0\r\n', { kind: 'array', entries: [] }],
  // ROLE of a primary without replicas.
  [
    '*3\r\n$6\r\nmaster\r\n:3129\r\n*0\r\n',
    {
      kind: 'array',
      entries: [text('master'), { kind: 'integer', value: 3129 }, { kind: 'array', entries: [] }],
    },
  ],
];

test('readResp reads every type of RESP2 and says where the next reply begins', () => {
  for (const [bytes, reply] of GOOD) {
    assert.deepEqual(read(bytes), { kind: 'reply', reply, end: bytes.length });
    assert.deepEqual(read(`xx${bytes}+next`, 2), { kind: 'reply', reply, end: bytes.length + 2 });
  }
});

test('readResp wants more for a reply cut at any byte', () => {
  for (const [bytes] of GOOD) {
    for (let size = 0; size < bytes.length; size++) {
      assert.deepEqual(read(bytes.slice(0, size)), { kind: 'more' }, bytes.slice(0, size));
    }
  }
});

const BAD: readonly (readonly [string, RegExp])[] = [
  ['HTTP/1.1 400 Bad Request\r\n', /begin with/],
  // RESP3 is not asked for.
  ['%1\r\n', /begin with/],
  ['_\r\n', /begin with/],
  ['+PONG\n', /LF without CR/],
  ['+PO\rNG\r\n', /CR without LF/],
  [`+${'x'.repeat(RESP_LINE_BYTES_MAX + 1)}`, /line exceeds/],
  [':\r\n', /integer/],
  [':+1\r\n', /integer/],
  [':01\r\n', /integer/],
  [':-0\r\n', /integer/],
  [':0x1\r\n', /integer/],
  [':9007199254740993\r\n', /integer/],
  ['$+1\r\n', /length/],
  ['$01\r\n', /length/],
  ['$-2\r\n', /length/],
  ['$\r\n', /length/],
  ['$99999999999\r\n', /length/],
  [`$${RESP_REPLY_BYTES_MAX + 1}\r\n`, /reply exceeds/],
  ['$1\r\nab', /bulk string/],
  ['$1\r\na\rb', /bulk string/],
  [`*${RESP_ENTRIES_MAX + 1}\r\n`, /entries/],
  ['*1\r\n'.repeat(RESP_DEPTH_MAX + 1), /nested/],
  ['*1\r\n!', /begin with/],
];

test('readResp refuses what RESP2 does not have, at the first byte that shows it', () => {
  for (const [bytes, why] of BAD) {
    const result = read(bytes);
    assert.equal(result.kind, 'fault', bytes);
    assert.match((result as { fault: string }).fault, why);
    // The byte before the last is not enough to tell, or it tells already: never a reply.
    assert.notEqual(read(bytes.slice(0, -1)).kind, 'reply');
  }
});

test('readResp refuses a reply beyond its limit, whole or growing', () => {
  const entry = `$4000\r\n${'x'.repeat(4000)}\r\n`;
  const whole = `*17\r\n${entry.repeat(17)}`;
  assert.ok(whole.length > RESP_REPLY_BYTES_MAX);
  for (const bytes of [whole, whole.slice(0, RESP_REPLY_BYTES_MAX + 1)]) {
    const result = read(bytes);
    assert.equal(result.kind, 'fault');
    assert.match((result as { fault: string }).fault, /reply exceeds/);
  }
  assert.deepEqual(read(whole.slice(0, RESP_REPLY_BYTES_MAX)), { kind: 'more' });
});

test('writeRespCommand counts bytes of UTF-8, and no word can end another', () => {
  assert.equal(writeRespCommand(['PING']), '*1\r\n$4\r\nPING\r\n');
  const written = writeRespCommand(['AUTH', 'ü\r\n$1']);
  assert.equal(written, '*2\r\n$4\r\nAUTH\r\n$6\r\nü\r\n$1\r\n');
  const back = readResp(Buffer.from(written), 0);
  assert.equal(back.kind, 'reply');
});
