// What a directory can do wrong, and what comes of it.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { createServer as createPlainServer } from 'node:http';
import test from 'node:test';
import { portOf } from '../../../test/kit/free-ports.ts';
import { certificatesSkip as skip } from '../health/test-certificates.ts';
import { newKey } from './accounts.ts';
import type { AcmeError } from './acme-error.ts';
import { Directory, directoryThen, problem } from './directory-testkit.ts';
import type { Respond } from './directory-testkit.ts';
import { ANSWER_BYTES_MAX, acmeLibrary, withCalls } from './transport.ts';
import type { AcmeCalls } from './transport.ts';

/** Orders something there; the error that it ends with. */
async function order(directory: Directory, given: Partial<AcmeCalls> = {}): Promise<AcmeError> {
  const library = await acmeLibrary();
  const accountKey = await newKey('ecdsa');
  const roots = readFileSync(directory.certificates.ca.cert, 'utf8');
  const own = { roots, userAgent: 'test', retryAfterMs: 0 };
  const client = new library.Client({ directoryUrl: directory.url, accountKey });
  const ordered = withCalls({ ...own, ...given }, async () => {
    await client.createAccount({ termsOfServiceAgreed: true });
    return client.createOrder({ identifiers: [{ type: 'dns', value: 'a.test' }] });
  });
  return ordered.then(
    () => assert.fail('the order was made'),
    (error: unknown) => error as AcmeError,
  );
}

test('transport: an answer too large is cut off', { skip }, async () => {
  await using directory = await Directory.start((_, response) => {
    response.end('x'.repeat(ANSWER_BYTES_MAX + 1));
  });
  const error = await order(directory);
  assert.equal(error.code, 'BAL_ACME_ANSWER');
  assert.equal(error.scope, 'directory');
  assert.match(error.message, /more than 1048576 bytes/);
});

test('transport: a redirection is not followed', { skip }, async () => {
  await using directory = await Directory.start((request, response) => {
    response.writeHead(302, { location: `https://${request.headers.host}/other` }).end();
  });
  const error = await order(directory);
  assert.match(error.message, /status 302/);
  assert.equal(directory.asked, 1);
});

test('transport: a directory cannot send us on to a URL without TLS', { skip }, async () => {
  await using directory = await Directory.start((_, response) => {
    response.end(
      JSON.stringify({ newNonce: 'http://127.0.0.1:1/', newAccount: 'http://127.0.0.1:1/' }),
    );
  });
  const error = await order(directory);
  assert.match(error.message, /"http:\/\/127\.0\.0\.1:1\/", which is no https/);
});

test('transport: certificates are verified, whatever the environment says', { skip }, async () => {
  await using directory = await Directory.start((_, response) => response.end('{}'));
  process.env['NODE_TLS_REJECT_UNAUTHORIZED'] = '0';
  try {
    const error = await order(directory, { roots: null });
    assert.equal(error.code, 'BAL_ACME_DIRECTORY_CERTIFICATE');
    assert.equal(directory.asked, 0);
  } finally {
    delete process.env['NODE_TLS_REJECT_UNAUTHORIZED'];
  }
});

test('transport: a proxy of the environment is not used', { skip }, async () => {
  let proxied = 0;
  const proxy = createPlainServer(() => (proxied += 1)).on('connect', (_, socket) => {
    proxied += 1;
    socket.destroy();
  });
  await new Promise<void>((resolve) => proxy.listen(0, '127.0.0.1', resolve));
  const names = ['HTTPS_PROXY', 'https_proxy', 'ALL_PROXY', 'HTTP_PROXY'];
  for (const name of names) process.env[name] = `http://127.0.0.1:${portOf(proxy)}`;
  try {
    await using directory = await Directory.start(directoryThen(problem(403, 'unauthorized')));
    await order(directory);
    assert.equal(directory.userAgent, 'test');
    assert.equal(proxied, 0);
  } finally {
    for (const name of names) delete process.env[name];
    proxy.closeAllConnections();
    proxy.close();
  }
});

test(
  'transport: a limit of rates is told with how long to wait (RFC 8555 §6.6)',
  { skip },
  async () => {
    const limited = problem(429, 'rateLimited', { 'retry-after': '7200' });
    await using directory = await Directory.start(directoryThen(limited));
    const error = await order(directory);
    assert.equal(error.code, 'BAL_ACME_RATE_LIMIT');
    assert.equal(error.scope, 'both');
    assert.equal(error.retryAfterMs, 7_200_000);
    assert.equal(directory.asked, 3, 'it is not asked again by itself');
  },
);

test('transport: a failing server is left alone for as long as it asks', { skip }, async () => {
  const at = new Date(Date.now() + 3_600_000).toUTCString();
  const failing: Respond = (_, response) =>
    response.writeHead(503, { 'retry-after': at }).end('<p>');
  await using directory = await Directory.start(failing);
  const error = await order(directory);
  assert.equal(error.code, 'BAL_ACME_SERVER');
  assert.equal(error.scope, 'directory');
  assert.ok(Math.abs(error.retryAfterMs - 3_600_000) < 60_000, `${error.retryAfterMs} ms`);
  assert.equal(directory.asked, 1);
});

test(
  'transport: a refused nonce is replaced, a bounded number of times (RFC 8555 §6.5)',
  { skip },
  async () => {
    await using directory = await Directory.start(directoryThen(problem(400, 'badNonce')));
    await assert.doesNotReject(order(directory));
    assert.ok(directory.asked <= 10, `${directory.asked} requests`);
  },
);

test('transport: a connection that is cut is told as such', { skip }, async () => {
  await using directory = await Directory.start((request) => request.socket.destroy());
  const error = await order(directory);
  assert.equal(error.code, 'BAL_ACME_UNREACHABLE');
  assert.equal(error.scope, 'directory');
});
