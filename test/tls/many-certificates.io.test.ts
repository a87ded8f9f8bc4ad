// Ten thousand certificates: what they cost at the start, and that each of them is shown.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Ballast } from '../kit/ballast.ts';
import { freePort } from '../kit/free-ports.ts';
import { writeManyCertificates } from '../kit/many-certificates.ts';
import { cpuMsOf, privateBytesOf } from '../kit/processes.ts';
import { TempDir } from '../kit/temp-dir.ts';
import { connectTls } from '../kit/tls-client.ts';

const CERTIFICATES = 10_000;
/** Processor time of the supervisor until it serves: far above what an idle machine takes. */
const CPU_MS_MAX = 8_000;
const SUPERVISOR_BYTES_MAX = 300 << 20;
const WORKER_BYTES_MAX = 150 << 20;

test('10,000 certificates are read at the start within bounds, and shown by name', async (t) => {
  using dir = new TempDir();
  writeManyCertificates(dir.file('many'), CERTIFICATES);
  const port = await freePort();
  const begun = performance.now();
  await using ballast = await Ballast.start({
    workers: 1,
    certificates: { many: { folder: dir.file('many') } },
    listeners: { web: { bind: `127.0.0.1:${port}`, tls: 'many', pool: 'web' } },
    pools: { web: { servers: ['127.0.0.1:1'] } },
  });
  const readyMs = Math.round(performance.now() - begun);
  const cpuMs = cpuMsOf(ballast.pid);
  for (const name of ['n1.test', `n${CERTIFICATES}.test`, 'n4711.test']) {
    const { stream, socket } = await connectTls(port, {
      servername: name,
      rejectUnauthorized: false,
    });
    assert.equal(socket.getPeerCertificate().subject.CN, name);
    stream.destroy();
  }
  const { certificates } = await ballast.status();
  assert.deepEqual([certificates.total, certificates.broken], [CERTIFICATES, 0]);
  assert.ok(certificates.first.length <= 100, 'the status stays small');
  const supervisor = privateBytesOf(ballast.pid);
  const [worker = 0] = (await ballast.workerPids()).map(privateBytesOf);
  const mib = (bytes: number): number => Math.round(bytes / (1 << 20));
  t.diagnostic(`ready after ${readyMs} ms, processor time of the supervisor ${cpuMs} ms`);
  t.diagnostic(`memory: supervisor ${mib(supervisor)} MiB, worker ${mib(worker)} MiB`);
  assert.ok(cpuMs < CPU_MS_MAX, `${cpuMs} ms of processor time`);
  assert.ok(supervisor < SUPERVISOR_BYTES_MAX, `${mib(supervisor)} MiB`);
  assert.ok(worker < WORKER_BYTES_MAX, `${mib(worker)} MiB`);
});
