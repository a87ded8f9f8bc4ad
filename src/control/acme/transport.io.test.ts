// What a directory can do wrong, and what comes of it.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:https';
import { createServer as createPlainServer } from 'node:http';
import type { IncomingMessage, ServerResponse } from 'node:http';
import test from 'node:test';
import { portOf } from '../../../test/kit/free-ports.ts';
import { certificatesSkip as skip, TestCertificates } from '../health/test-certificates.ts';
import { newKey } from './accounts.ts';
import type { AcmeError } from './acme-error.ts';
import { ANSWER_BYTES_MAX, acmeLibrary, withCalls } from './transport.ts';
import type { AcmeCalls } from './transport.ts';

type Respond = (request: IncomingMessage, response: ServerResponse) => void;

/** A directory that answers as it likes. */
class Directory implements AsyncDisposable {
  readonly certificates = new TestCertificates();
  readonly #server;
  asked = 0;
  userAgent = '';

  constructor(respond: Respond) {
    const { cert, key } = this.certificates.issue('IP:127.0.0.1');
    const pair = { cert: readFileSync(cert), key: readFileSync(key) };
    this.#server = createServer(pair, (request, response) => {
      this.asked += 1;
      this.userAgent = request.headers['user-agent'] ?? '';
      respond(request, response);
    });
  }

  static async start(respond: Respond): Promise<Directory> {
    const made = new Directory(respond);
    await new Promise<void>((resolve) => made.#server.listen(0, '127.0.0.1', resolve));
    return made;
  }

  get url(): string {
    return `https://127.0.0.1:${portOf(this.#server)}/dir`;
  }

  /** Orders something there; the error that it ends with. */
  async order(given: Partial<AcmeCalls> = {}): Promise<AcmeError> {
    const library = await acmeLibrary();
    const accountKey = await newKey('ecdsa');
    const roots = readFileSync(this.certificates.ca.cert, 'utf8');
    const own = { signal: new AbortController().signal, roots, userAgent: 'test', retryAfterMs: 0 };
    const client = new library.Client({ directoryUrl: this.url, accountKey });
    const ordered = withCalls({ ...own, ...given }, async () => {
      await client.createAccount({ termsOfServiceAgreed: true });
      return client.createOrder({ identifiers: [{ type: 'dns', value: 'a.test' }] });
    });
    return ordered.then(
      () => assert.fail('the order was made'),
      (error: unknown) => error as AcmeError,
    );
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
    this.certificates.remove();
  }
}

/** Answers the directory and nonces; what comes then is up to `rest`. */
function directoryThen(rest: Respond): Respond {
  return (request, response) => {
    const base = `https://${request.headers.host}`;
    response.setHeader('replay-nonce', 'bm9uY2U');
    if (request.url === '/dir') {
      const urls = { newNonce: `${base}/n`, newAccount: `${base}/a`, newOrder: `${base}/o` };
      response.end(JSON.stringify(urls));
    } else if (request.url === '/n') response.end();
    else rest(request, response);
  };
}

function problem(status: number, type: string, headers: Record<string, string> = {}): Respond {
  return (_, response) => {
    response.writeHead(status, { 'content-type': 'application/problem+json', ...headers });
    response.end(
      JSON.stringify({ type: `urn:ietf:params:acme:error:${type}`, detail: 'so it is' }),
    );
  };
}

test('transport: an answer too large is cut off', { skip }, async () => {
  await using directory = await Directory.start((_, response) => {
    response.end('x'.repeat(ANSWER_BYTES_MAX + 1));
  });
  const error = await directory.order();
  assert.equal(error.code, 'BAL_ACME_ANSWER');
  assert.equal(error.scope, 'directory');
  assert.match(error.message, /more than 1048576 bytes/);
});

test('transport: a redirection is not followed', { skip }, async () => {
  await using directory = await Directory.start((request, response) => {
    response.writeHead(302, { location: `https://${request.headers.host}/other` }).end();
  });
  const error = await directory.order();
  assert.match(error.message, /status 302/);
  assert.equal(directory.asked, 1);
});

test('transport: a directory cannot send us on to a URL without TLS', { skip }, async () => {
  await using directory = await Directory.start((_, response) => {
    response.end(
      JSON.stringify({ newNonce: 'http://127.0.0.1:1/', newAccount: 'http://127.0.0.1:1/' }),
    );
  });
  const error = await directory.order();
  assert.match(error.message, /"http:\/\/127\.0\.0\.1:1\/", which is no https/);
});

test('transport: certificates are verified, whatever the environment says', { skip }, async () => {
  await using directory = await Directory.start((_, response) => response.end('{}'));
  process.env['NODE_TLS_REJECT_UNAUTHORIZED'] = '0';
  try {
    const error = await directory.order({ roots: null });
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
    await directory.order();
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
    const error = await directory.order();
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
  const error = await directory.order();
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
    await assert.doesNotReject(directory.order());
    assert.ok(directory.asked <= 10, `${directory.asked} requests`);
  },
);

test('transport: cancelling ends a request that hangs', { skip }, async () => {
  const cancel = new AbortController();
  await using directory = await Directory.start(() => cancel.abort(new Error('no more')));
  const error = await directory.order({ signal: cancel.signal });
  assert.equal(error.message, 'no more');
});

test('transport: a connection that is cut is told as such', { skip }, async () => {
  await using directory = await Directory.start((request) => request.socket.destroy());
  const error = await directory.order();
  assert.equal(error.code, 'BAL_ACME_UNREACHABLE');
  assert.equal(error.scope, 'directory');
});
