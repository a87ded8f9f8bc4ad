// Sessions of TLS that are resumed though the processes that began them are gone.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { test } from 'node:test';
import { certificatesSkip as skip } from '../../src/control/health/test-certificates.ts';
import { runCommand } from '../kit/ballast.ts';
import { connectTls } from '../kit/tls-client.ts';
import { until } from '../kit/wait.ts';
import { startHttps } from './https-scene.ts';
import type { HttpsScene } from './https-scene.ts';

const GET = 'GET / HTTP/1.1\r\nHost: shop.test\r\n\r\n';

/** The session of a new connection. */
async function newSession(https: HttpsScene): Promise<Buffer> {
  const { stream, socket } = await connectTls(https.port, https.client());
  const session = once(socket, 'session');
  await stream.write(GET);
  await stream.readMessage('response');
  const [ticket] = (await session) as [Buffer];
  stream.destroy();
  return ticket;
}

async function isResumed(https: HttpsScene, session: Buffer): Promise<boolean> {
  const { stream, socket } = await connectTls(https.port, { ...https.client(), session });
  await stream.write(GET);
  assert.equal((await stream.readMessage('response')).status, 200);
  const isReused = socket.isSessionReused();
  stream.destroy();
  return isReused;
}

test(
  'a session is resumed by the successor of a killed worker, and after an upgrade',
  { skip },
  async () => {
    await using https = await startHttps({ top: { drain: '1s' } });
    const { ballast } = https;
    const session = await newSession(https);
    const [pid] = await ballast.workerPids();
    process.kill(pid!, 'SIGKILL');
    await until(async () => (await ballast.status()).workerRestarts === 1, {
      what: 'the successor',
    });
    assert.ok(await isResumed(https, session), 'after the death of its worker');
    const { code, stderr } = await runCommand(['upgrade', ballast.configFile]);
    assert.equal(code, 0, stderr);
    // Who was asked before may answer for a moment still.
    await until(async () => (await ballast.status()).generation === 2, { what: 'the upgrade' });
    assert.ok(await isResumed(https, session), 'after the upgrade');
  },
);
