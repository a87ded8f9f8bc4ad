// Handshakes that are under way while certificates, listeners and servers' certificates change.
import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { test } from 'node:test';
import { certificatesSkip, pem } from '../../src/control/health/test-certificates.ts';
import type { TestCertificate } from '../../src/control/health/test-certificates.ts';
import { OPENSSL_PLAIN_HELLO } from '../../src/codec/client-hello-testkit.ts';
import { connectTo } from '../kit/byte-stream.ts';
import type { ByteStream } from '../kit/byte-stream.ts';
import { field } from '../kit/http-message.ts';
import { getBytes } from '../kit/scene.ts';
import { connectTls } from '../kit/tls-client.ts';
import { entry, startHttps } from './https-scene.ts';
import type { HttpsScene } from './https-scene.ts';

const skip = certificatesSkip;
const HALF = 100;
/** Type of a record (RFC 8446 §5.1). */
const HANDSHAKE = 22;

async function startRenewable(): Promise<{ scene: HttpsScene; live: TestCertificate }> {
  let live: TestCertificate | null = null;
  const scene = await startHttps({
    certificates: (from) => {
      live = from.issue('DNS:shop.test');
      return { shop: entry(live) };
    },
  });
  return { scene, live: live! };
}

/** Connections that have sent the first half of a ClientHello, which has arrived. */
async function beginHellos(port: number, count: number): Promise<ByteStream[]> {
  const streams: ByteStream[] = [];
  for (let i = 0; i < count; i++) {
    const stream = await connectTo(port, '127.0.0.1');
    await stream.write(OPENSSL_PLAIN_HELLO.subarray(0, HALF));
    streams.push(stream);
  }
  return streams;
}

/** Sends the other half; what type of record comes back, 0 where the connection is closed. */
async function endHello(stream: ByteStream): Promise<number> {
  void stream.write(OPENSSL_PLAIN_HELLO.subarray(HALF)).catch(() => undefined);
  await Promise.race([stream.readBytes(1), stream.closed()]).catch(() => undefined);
  const type = stream.received[0] ?? 0;
  stream.destroy();
  return type;
}

test(
  'a ClientHello that began before its certificate was replaced is answered after it',
  { skip },
  async () => {
    const { scene, live } = await startRenewable();
    await using _scene = scene;
    const before = await scene.ballast.workerPids();
    for (let round = 0; round < 3; round++) {
      const streams = await beginHellos(scene.port, 5);
      const next = scene.authority.issue('DNS:shop.test');
      writeFileSync(live.key, readFileSync(next.key));
      writeFileSync(live.cert, readFileSync(next.cert));
      assert.ok((await scene.ballast.reload()).ok);
      for (const stream of streams) assert.equal(await endHello(stream), HANDSHAKE);
    }
    assert.deepEqual(await scene.ballast.workerPids(), before);
  },
);

test(
  'one whose listener is gone, or speaks in the clear now, ends without harm to its worker',
  { skip },
  async () => {
    const { scene, live } = await startRenewable();
    await using _scene = scene;
    const before = await scene.ballast.workerPids();
    const pools = { web: { servers: [scene.origin.address] } };
    for (const web of [
      { bind: `127.0.0.1:${scene.port}`, pool: 'web' },
      { bind: '127.0.0.1:0', tls: 'shop', pool: 'web' },
    ]) {
      const secure = { bind: `127.0.0.1:${scene.port}`, tls: 'shop', pool: 'web' };
      const certificates = { shop: entry(live) };
      const base = { workers: 1, certificates, pools };
      scene.ballast.writeConfig({ ...base, listeners: { web: secure } });
      assert.ok((await scene.ballast.reload()).ok);
      const streams = await beginHellos(scene.port, 5);
      scene.ballast.writeConfig({ ...base, listeners: { web } });
      const report = await scene.ballast.reload();
      assert.ok(report.ok, report.message);
      for (const stream of streams) await endHello(stream);
    }
    assert.deepEqual(await scene.ballast.workerPids(), before);
  },
);

test(
  'a connection that a reload has made other rules for ends with its next request',
  { skip },
  async () => {
    const { scene, live } = await startRenewable();
    await using _scene = scene;
    const bind = `127.0.0.1:${scene.port}`;
    const reloadWith = async (tls: unknown): Promise<void> => {
      scene.ballast.writeConfig({
        workers: 1,
        certificates: { shop: entry(live) },
        listeners: { web: { bind, tls, pool: 'web' } },
        pools: { web: { servers: [scene.origin.address] } },
      });
      const report = await scene.ballast.reload();
      assert.ok(report.ok, report.message);
    };
    const ends = async (stream: ByteStream): Promise<boolean> => {
      void stream.write(getBytes('/'));
      const answer = await stream.readMessage('response');
      assert.equal(answer.status, 200);
      return field(answer, 'connection') === 'close';
    };
    const ca = scene.authority.ca.cert;
    const headers = { subject: 'X-Subject' };
    const asking = { certificates: 'shop', clientCertificates: { mode: 'optional', ca, headers } };
    const client = { ...scene.client(), ...pem(scene.authority.issue('DNS:ops.test')) };
    await reloadWith(asking);
    const known = (await connectTls(scene.port, client)).stream;
    assert.equal(await ends(known), false);
    assert.equal(field(scene.origin.requests.at(-1)!, 'x-subject'), 'CN=test');
    // What is not asked for any more is not told any more.
    await reloadWith('shop');
    assert.equal(await ends(known), true);
    assert.equal(field(scene.origin.requests.at(-1)!, 'x-subject'), undefined);
    const unknown = (await connectTls(scene.port, scene.client())).stream;
    assert.equal(await ends(unknown), false);
    await reloadWith({ ...asking, clientCertificates: { mode: 'required', ca } });
    assert.equal(await ends(unknown), true);
    await reloadWith(false);
    const clear = await connectTo(scene.port, '127.0.0.1');
    assert.equal(await ends(clear), false);
    await reloadWith('shop');
    assert.equal(await ends(clear), true);
    assert.equal(field(scene.origin.requests.at(-1)!, 'x-forwarded-proto'), 'http');
  },
);
