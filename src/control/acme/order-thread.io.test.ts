// One order in its thread: what it needs of the supervisor, its limits, and how it is cancelled.
import assert from 'node:assert/strict';
import test from 'node:test';
import { TempDir } from '../../../test/kit/temp-dir.ts';
import { certificatesSkip as skip } from '../health/test-certificates.ts';
import { AcmeError } from './acme-error.ts';
import { Directory, directoryThen, problem } from './directory-testkit.ts';
import type { Respond } from './directory-testkit.ts';
import type { Obtained } from './order.ts';
import { orderInThread, type ThreadOptions } from './order-thread.ts';

const NOTHING: ThreadOptions['host'] = {
  keep: () => Promise.resolve(),
  answer: () => Promise.resolve(),
  log: { info: () => undefined, warn: () => undefined },
};

/** Accounts, orders and authorisations as they should be; the challenge is never looked at. */
const good: Respond = directoryThen((request, response) => {
  const base = `https://${request.headers.host}`;
  const answers: Readonly<Record<string, object>> = {
    '/a': { status: 'valid' },
    '/a/1': { status: 'valid' },
    '/o': { status: 'pending', authorizations: [`${base}/z/1`], finalize: `${base}/f` },
    '/z/1': {
      status: 'pending',
      identifier: { type: 'dns', value: 'a.test' },
      challenges: [{ type: 'http-01', url: `${base}/c/1`, token: 'tok', status: 'pending' }],
    },
    '/c/1': { type: 'http-01', url: `${base}/c/1`, token: 'tok', status: 'pending' },
  };
  const location = `${base}${request.url}/1`;
  const status = request.url === '/a' || request.url === '/o' ? 201 : 200;
  response.writeHead(status, { location }).end(JSON.stringify(answers[request.url ?? ''] ?? {}));
});

/** Runs an order there. */
async function run(directory: Directory, given: Partial<ThreadOptions> = {}): Promise<Obtained> {
  using dir = new TempDir();
  const plan = {
    names: ['a.test'],
    directory: directory.url,
    caFile: directory.certificates.ca.cert,
    email: '',
    challenge: 'http-01',
    keyType: 'ecdsa',
    renewDays: 30,
  } as const;
  const job = { plan, stateFolder: dir.path, userAgent: 'test', pending: null };
  const cancelled = new AbortController().signal;
  return await orderInThread({ job, host: NOTHING, cancelled, ...given });
}

/** The error that an order there ends with. */
function order(directory: Directory, given: Partial<ThreadOptions> = {}): Promise<AcmeError> {
  return run(directory, given).then(
    () => assert.fail('there is a certificate'),
    (error: unknown) => error as AcmeError,
  );
}

test(
  'orderInThread: the supervisor keeps the order, then the challenges, then answers',
  { skip },
  async () => {
    await using directory = await Directory.start(good);
    const cancel = new AbortController();
    const done: string[] = [];
    const host: ThreadOptions['host'] = {
      ...NOTHING,
      keep: async ({ url, privateKey, challenges }) => {
        assert.match(url, /\/o\/1$/);
        assert.match(privateKey, /PRIVATE KEY/);
        done.push(`keep ${challenges.http.length}`);
      },
      answer: async ({ http }) => {
        done.push(`answer ${http[0]?.token}`);
        cancel.abort();
      },
    };
    const error = await order(directory, { host, cancelled: cancel.signal });
    assert.equal(error.message, 'cancelled');
    assert.deepEqual(done, ['keep 0', 'keep 1', 'answer tok']);
    assert.ok(!directory.paths.includes('/c/1'), 'nobody was told to look at the challenge');
  },
);

test(
  'orderInThread: workers that take no challenges end it before anybody looks',
  { skip },
  async () => {
    await using directory = await Directory.start(good);
    const busy = new AcmeError('BAL_ACME_WORKERS', 'busy', { scope: 'directory' });
    const error = await order(directory, {
      host: { ...NOTHING, answer: () => Promise.reject(busy) },
    });
    assert.equal(error.code, 'BAL_ACME_WORKERS');
    assert.equal(error.scope, 'directory');
    assert.ok(!directory.paths.includes('/c/1'));
  },
);

test('orderInThread: an order that cannot be kept is not gone on with', { skip }, async () => {
  await using directory = await Directory.start(good);
  const full = new AcmeError('BAL_ACME_STATE', 'no space');
  const error = await order(directory, {
    host: { ...NOTHING, keep: () => Promise.reject(full) },
  });
  assert.equal(error.code, 'BAL_ACME_STATE');
  assert.ok(!directory.paths.includes('/z/1'));
});

test('orderInThread: its limit says what was waited for', { skip }, async () => {
  await using directory = await Directory.start(() => undefined);
  const error = await order(directory, { limitMs: 3_000 });
  assert.equal(error.code, 'BAL_ACME_TIMEOUT');
  assert.match(error.message, /within 3 s: it waited for the account/);
});

test('orderInThread: cancelling ends it while the directory hangs', { skip }, async () => {
  const cancel = new AbortController();
  await using directory = await Directory.start(() => cancel.abort());
  const error = await order(directory, { cancelled: cancel.signal });
  assert.equal(error.message, 'cancelled');
});

test(
  'orderInThread: answers that make no sense are an error, whatever they are',
  { skip },
  async () => {
    for (const nonsense of ['7', '[]', '"x"', '{"authorizations":7,"status":"pending"}', '<p>']) {
      const senseless = directoryThen((request, response) => {
        const location = `https://${request.headers.host}${request.url}/1`;
        response.writeHead(201, { location }).end(request.url === '/a' ? '{}' : nonsense);
      });
      await using directory = await Directory.start(senseless);
      const error = await order(directory);
      assert.match(error.code, /^BAL_ACME_(ANSWER|REFUSED)$/, `${nonsense}: ${error.message}`);
    }
  },
);

test(
  'orderInThread: an order that another process has finalised is fetched',
  { skip },
  async () => {
    await using directory = await Directory.start(
      directoryThen((request, response) => {
        const base = `https://${request.headers.host}`;
        const answers: Readonly<Record<string, object>> = {
          '/o': { status: 'ready', authorizations: [], finalize: `${base}/f` },
          '/o/1': { status: 'valid', certificate: `${base}/certificate` },
        };
        if (request.url === '/f') problem(403, 'orderNotReady')(request, response);
        else if (request.url === '/certificate') response.end('the chain');
        else {
          const status = request.url === '/a' || request.url === '/o' ? 201 : 200;
          response.writeHead(status, { location: `${base}${request.url}/1` });
          response.end(JSON.stringify(answers[request.url ?? ''] ?? {}));
        }
      }),
    );
    const { chain, privateKey } = await run(directory);
    assert.equal(chain, 'the chain');
    assert.match(privateKey, /PRIVATE KEY/);
  },
);

test('orderInThread: all that an error says passes between the threads', { skip }, async () => {
  const limited = problem(429, 'rateLimited', { 'retry-after': '60' });
  await using directory = await Directory.start(directoryThen(limited));
  const error = await order(directory);
  assert.ok(error instanceof AcmeError);
  const { code, scope, retryAfterMs, problem: type } = error;
  assert.deepEqual(
    [code, scope, retryAfterMs, type],
    ['BAL_ACME_RATE_LIMIT', 'both', 60_000, 'rateLimited'],
  );
});
