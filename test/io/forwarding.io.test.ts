// What servers are told about the client, and whose word is believed.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { field, fieldValues } from '../kit/http-message.ts';
import type { Message } from '../kit/http-message.ts';
import { ask, getBytes, startScene } from '../kit/scene.ts';
import type { Scene } from '../kit/scene.ts';

const ALL = { xForwardedFor: true, xForwardedProto: true, xForwardedHost: true, forwarded: true };

/** The server's view of one request with these field lines. */
async function seenByServer(scene: Scene, ...fields: string[]): Promise<Message> {
  await ask(scene.port, getBytes('/', ...fields));
  return scene.origin.requests.at(-1)!;
}

const CLAIMS = [
  'X-Forwarded-For: 6.6.6.6',
  'X-Forwarded-Proto: https',
  'X-Forwarded-Host: evil',
  'Forwarded: for=6.6.6.6;proto=https;host=evil',
];

test('forwarding fields of a client that is not trusted are replaced (RFC 7239 §8.1)', async () => {
  await using scene = await startScene({ listener: { forwarded: ALL } });
  const request = await seenByServer(scene, ...CLAIMS);
  assert.deepEqual(fieldValues(request, 'x-forwarded-for'), ['127.0.0.1']);
  assert.deepEqual(fieldValues(request, 'x-forwarded-proto'), ['http']);
  assert.deepEqual(fieldValues(request, 'x-forwarded-host'), ['a']);
  const [forwarded, ...more] = fieldValues(request, 'forwarded');
  assert.deepEqual(more, []);
  assert.match(forwarded!, /for="?127\.0\.0\.1"?/);
  assert.match(forwarded!, /proto=http\b(?!s)/);
  assert.match(forwarded!, /host="?a"?/);
  assert.doesNotMatch(forwarded!, /6\.6\.6\.6|evil/);
});

test('forwarding fields of a trusted client are kept and continued', async () => {
  const listener = { forwarded: ALL, trust: ['127.0.0.0/8'] };
  await using scene = await startScene({ listener });
  const request = await seenByServer(scene, ...CLAIMS);
  const chain = fieldValues(request, 'x-forwarded-for').join(', ');
  assert.equal(chain, '6.6.6.6, 127.0.0.1');
  assert.deepEqual(fieldValues(request, 'x-forwarded-proto'), ['https']);
  assert.deepEqual(fieldValues(request, 'x-forwarded-host'), ['evil']);
  const forwarded = fieldValues(request, 'forwarded').join(', ');
  assert.match(forwarded, /^for=6\.6\.6\.6;proto=https;host=evil, *for="?127\.0\.0\.1/);
});

test('a client outside the trusted networks is not believed', async () => {
  const listener = { forwarded: ALL, trust: ['10.0.0.0/8', '::1/128'] };
  await using scene = await startScene({ listener });
  const request = await seenByServer(scene, ...CLAIMS);
  assert.deepEqual(fieldValues(request, 'x-forwarded-for'), ['127.0.0.1']);
});

test('forwarding fields that are switched off are not made', async () => {
  await using scene = await startScene();
  const request = await seenByServer(scene);
  assert.deepEqual(
    request.fields.map(([name]) => name),
    ['host'],
  );
});

test('X-Request-Id is made anew for clients that are not trusted, and logged', async () => {
  await using scene = await startScene({ listener: { forwarded: { requestId: 'pass' } } });
  const first = field(await seenByServer(scene, 'X-Request-Id: mine'), 'x-request-id');
  const second = field(await seenByServer(scene), 'x-request-id');
  assert.ok(first !== undefined && first !== 'mine' && first.length >= 16, String(first));
  assert.ok(second !== undefined && second !== first);
  await scene.ballast.accessLine((line) => line['requestId'] === second);
});

test('X-Request-Id of a trusted client is passed on, or made anew where configured', async () => {
  for (const [mode, isKept] of [
    ['pass', true],
    ['new', false],
  ] as const) {
    const listener = { forwarded: { requestId: mode }, trust: ['127.0.0.1/32'] };
    await using scene = await startScene({ listener });
    const request = await seenByServer(scene, 'X-Request-Id: mine');
    assert.equal(fieldValues(request, 'x-request-id').length, 1);
    assert.equal(field(request, 'x-request-id') === 'mine', isKept);
  }
});

test('Via is continued on requests and answers (RFC 9110 §7.6.3)', async () => {
  await using scene = await startScene({ listener: { forwarded: { via: 'edge' } } });
  const answer = await ask(scene.port, getBytes('/', 'Via: 1.0 fred'));
  assert.equal(fieldValues(scene.origin.requests[0]!, 'via').join(', '), '1.0 fred, 1.1 edge');
  assert.equal(field(answer, 'via'), '1.1 edge');
});
