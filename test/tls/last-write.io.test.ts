// The last of an answer, after which the connection ends: close_notify goes out with it, and a session
// ticket with the first of one.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { certificatesSkip } from '../../src/control/health/test-certificates.ts';
import { httpAnswer } from '../kit/origin.ts';
import { getBytes } from '../kit/scene.ts';
import { connectTls } from '../kit/tls-client.ts';
import { within } from '../kit/wait.ts';
import { startHttps } from './https-scene.ts';

const skip = certificatesSkip;

for (const [what, bytes] of [
  ['small', 10],
  ['large', 8 << 20],
] as const) {
  test(
    `a ${what} answer with Connection: close is whole and ends with close_notify`,
    { skip },
    async () => {
      await using scene = await startHttps({ respond: () => httpAnswer(200, 'x'.repeat(bytes)) });
      for (const version of ['TLSv1.2', 'TLSv1.3'] as const) {
        const options = { ...scene.client(), minVersion: version, maxVersion: version };
        const { stream, socket } = await connectTls(scene.port, options);
        let tickets = 0;
        socket.on('session', () => tickets++);
        // Without close_notify it would be an error.
        const ended = new Promise((resolve, reject) => {
          socket.once('end', resolve);
          socket.once('error', reject);
        });
        void stream.write(getBytes('/', 'Connection: close'));
        await within(ended, 'the end');
        const bodyAt = stream.text.indexOf('\r\n\r\n') + 4;
        assert.equal(stream.text.length - bodyAt, bytes);
        if (version === 'TLSv1.3') assert.equal(tickets, 1);
        stream.destroy();
      }
    },
  );
}
