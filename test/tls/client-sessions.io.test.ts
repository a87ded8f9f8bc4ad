// Sessions that are resumed show no certificate: they count only where the same is asked of clients.
import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { test } from 'node:test';
import { connect } from 'node:tls';
import type { ConnectionOptions, TLSSocket } from 'node:tls';
import { TestCertificates, certificatesSkip } from '../../src/control/health/test-certificates.ts';
import { Ballast } from '../kit/ballast.ts';
import type { Tree } from '../kit/config.ts';
import { freePort } from '../kit/free-ports.ts';
import { until, within } from '../kit/wait.ts';

const skip = certificatesSkip;

/** Asks once. What has come of it: the ticket, whether the session was resumed, and the answer. */
type Asked = {
  readonly session: Buffer | null;
  readonly isResumed: boolean;
  readonly answer: string;
};

function ask(port: number, options: ConnectionOptions): Promise<Asked> {
  const done = new Promise<Asked>((resolve) => {
    let session: Buffer | null = null;
    let answer = '';
    let isResumed = false;
    const request = 'GET / HTTP/1.1\r\nHost: shop.test\r\nConnection: close\r\n\r\n';
    const socket: TLSSocket = connect({
      host: '127.0.0.1',
      port,
      servername: 'shop.test',
      ...options,
    });
    socket.on('secureConnect', () => (isResumed = socket.isSessionReused()));
    socket.on('session', (ticket: Buffer) => (session = ticket));
    socket.on('data', (chunk: Buffer) => (answer += chunk.toString('latin1')));
    socket.on('error', (error: NodeJS.ErrnoException) => (answer += error.code));
    socket.on('close', () => resolve({ session, isResumed, answer }));
    socket.write(request);
  });
  return within(done, 'the answer');
}

/** One http listener for each `clientCertificates`, all with one certificate. */
async function start(made: TestCertificates, asked: readonly (Tree | undefined)[]) {
  const ports = await Promise.all(asked.map(() => freePort()));
  const { cert, key } = made.issue('DNS:shop.test');
  const listeners = asked.map((clientCertificates, i) => [
    `web${i}`,
    {
      bind: `127.0.0.1:${ports[i]}`,
      tls: clientCertificates === undefined ? 'shop' : { clientCertificates },
      routes: [{ respond: { body: 'good' } }],
    },
  ]);
  const config = {
    workers: 1,
    certificates: { shop: { cert, key } },
    listeners: Object.fromEntries(listeners) as Tree,
  };
  return { ballast: await Ballast.start(config), ports, config };
}

test('a session without a certificate is not resumed where one is required', { skip }, async () => {
  using made = new TestCertificates();
  const ca = made.ca.cert;
  const { ballast, ports } = await start(made, [
    undefined,
    { mode: 'optional', ca },
    { mode: 'required', ca },
  ]);
  await using _ = ballast;
  const trust = { ca: readFileSync(ca) };
  for (const port of ports.slice(0, 2)) {
    const { session, answer } = await ask(port, trust);
    assert.match(answer, /^HTTP\/1.1 200 /);
    const again = await ask(port, { ...trust, session: session! });
    assert.equal(again.isResumed, true);
    const required = await ask(ports[2]!, { ...trust, session: session! });
    assert.equal(required.isResumed, false);
    assert.match(required.answer, /CERTIFICATE_REQUIRED/);
  }
});

test('a session is not resumed once other authorities count', { skip }, async () => {
  using made = new TestCertificates();
  using other = new TestCertificates();
  const ca = `${made.folder}/clients.pem`;
  writeFileSync(ca, readFileSync(made.ca.cert));
  const { ballast, ports, config } = await start(made, [{ mode: 'required', ca }]);
  await using _ = ballast;
  const own = made.issue('DNS:client.test');
  const client = { cert: readFileSync(own.cert), key: readFileSync(own.key) };
  const trust = { ca: readFileSync(made.ca.cert), ...client };
  const { session } = await ask(ports[0]!, trust);
  assert.equal((await ask(ports[0]!, { ...trust, session: session! })).isResumed, true);
  writeFileSync(ca, readFileSync(other.ca.cert));
  ballast.writeConfig({ ...config, drain: '2s' });
  await ballast.reload();
  const refused = async (): Promise<boolean> => {
    const { answer } = await ask(ports[0]!, { ...trust, session: session! });
    return !answer.startsWith('HTTP/1.1 200 ');
  };
  await until(refused, { what: 'the client to be refused' });
});
