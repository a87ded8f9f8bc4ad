// Records as the network brings them: in pieces, several at once, broken, cut off, and handshakes that
// are begun and not finished.
import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import { connect as connectPlain } from 'node:net';
import type { Socket } from 'node:net';
import { Duplex } from 'node:stream';
import { test } from 'node:test';
import { connect as connectNode } from 'node:tls';
import { certificatesSkip } from '../../src/control/health/test-certificates.ts';
import { ByteStream, connectTo } from '../kit/byte-stream.ts';
import { field } from '../kit/http-message.ts';
import { httpAnswer } from '../kit/origin.ts';
import { getBytes } from '../kit/scene.ts';
import { connectTls } from '../kit/tls-client.ts';
import { until, within } from '../kit/wait.ts';
import { startHttps } from './https-scene.ts';
import type { HttpsScene } from './https-scene.ts';

const skip = certificatesSkip;

/** A connection whose writes go out in pieces of `size` bytes, each of them alone. */
class InPieces extends Duplex {
  readonly #socket: Socket;
  readonly #size: number;

  constructor(socket: Socket, size: number) {
    super();
    this.#socket = socket;
    this.#size = size;
    socket.setNoDelay(true);
    socket.on('data', (chunk: Buffer) => this.push(chunk));
    socket.on('end', () => this.push(null));
    socket.on('error', (error) => this.destroy(error));
  }

  override _read(): void {}

  override _write(chunk: Buffer, _encoding: string, done: (error?: Error | null) => void): void {
    const send = (at: number): void => {
      if (at >= chunk.length) {
        done();
        return;
      }
      this.#socket.write(chunk.subarray(at, at + this.#size), () =>
        setImmediate(send, at + this.#size),
      );
    };
    send(0);
  }

  override _final(done: () => void): void {
    this.#socket.end(done);
  }

  override _destroy(error: Error | null, done: (error?: Error | null) => void): void {
    this.#socket.destroy();
    done(error);
  }
}

async function connectInPieces(scene: HttpsScene, size: number): Promise<ByteStream> {
  const plain = connectPlain(scene.port, '127.0.0.1');
  const socket = connectNode({ ...scene.client(), socket: new InPieces(plain, size) });
  await within(new Promise((resolve) => socket.once('secureConnect', resolve)), 'a handshake');
  return new ByteStream(socket);
}

for (const size of [1, 3, 100]) {
  test(
    `a handshake and a request in pieces of ${size} bytes are the same as whole ones`,
    { skip },
    async () => {
      await using scene = await startHttps();
      const stream = await connectInPieces(scene, size);
      for (let i = 0; i < 3; i++) {
        void stream.write(getBytes(`/${i}`));
        assert.equal((await stream.readMessage('response')).status, 200);
      }
      stream.destroy();
      assert.deepEqual(
        scene.origin.requests.map(({ target }) => target),
        ['/0', '/1', '/2'],
      );
    },
  );
}

test(
  'pipelined requests in one record, and one request over several, come in their order',
  { skip },
  async () => {
    await using scene = await startHttps({ respond: ({ target }) => httpAnswer(200, target) });
    const { stream } = await connectTls(scene.port, scene.client());
    const many = Array.from({ length: 50 }, (_, i) => getBytes(`/${i}`)).join('');
    void stream.write(many);
    for (let i = 0; i < 50; i++) {
      assert.equal((await stream.readMessage('response')).body.toString(), `/${i}`);
    }
    const request = getBytes('/last');
    for (const byte of request) await stream.write(byte);
    assert.equal((await stream.readMessage('response')).body.toString(), '/last');
    stream.destroy();
  },
);

test(
  'bodies of many records go both ways as they are, for fast and for slow readers',
  { skip },
  async () => {
    const body = randomBytes(2 << 20);
    const sum = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');
    await using scene = await startHttps({
      respond: (request) => {
        const head = `HTTP/1.1 200 OK\r\nX-Sum: ${sum(request.body)}\r\nContent-Length: ${body.length}\r\n\r\n`;
        return Buffer.concat([Buffer.from(head), body]);
      },
    });
    const { stream, socket } = await connectTls(scene.port, scene.client());
    for (const pauses of [false, true]) {
      const head = `POST / HTTP/1.1\r\nHost: shop.test\r\nContent-Length: ${body.length}\r\n\r\n`;
      void stream.write(Buffer.concat([Buffer.from(head), body]));
      if (pauses) {
        socket.pause();
        setTimeout(() => socket.resume(), 300);
      }
      const answer = await stream.readMessage('response');
      assert.equal(answer.status, 200);
      assert.equal(field(answer, 'x-sum'), sum(body));
      assert.equal(sum(answer.body), sum(body));
    }
    stream.destroy();
    const lines = await until(
      () => {
        const all = scene.ballast.accessLines();
        return all.length === 2 ? all : undefined;
      },
      { what: 'two lines' },
    );
    // What is counted is what TLS carries.
    for (const line of lines) assert.equal(line.bytesIn, body.length);
    assert.ok(
      lines.every((line) => line.bytesOut > body.length && line.bytesOut < body.length + 500),
    );
  },
);

test(
  'an answer that is cut off reaches the client as a cut one, without close_notify',
  { skip },
  async () => {
    await using scene = await startHttps({
      respond: (_request, connection) => {
        void connection
          .write('HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\nhalf')
          .then(() => connection.end());
        return new Promise(() => undefined);
      },
    });
    const { stream, socket } = await connectTls(scene.port, scene.client());
    const failure = new Promise<string>((resolve) => {
      socket.once('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? ''));
      socket.once('end', () => resolve('a clean end'));
    });
    void stream.write(getBytes('/'));
    assert.equal(await within(failure, 'the end'), 'ECONNRESET');
  },
);

test('a garbled record ends its connection alone', { skip }, async () => {
  await using scene = await startHttps();
  const plain = connectPlain(scene.port, '127.0.0.1');
  const socket = connectNode({ ...scene.client(), socket: plain });
  await within(new Promise((resolve) => socket.once('secureConnect', resolve)), 'a handshake');
  socket.on('error', () => undefined);
  const closed = new Promise((resolve) => plain.once('close', resolve));
  plain.write(Buffer.concat([Buffer.from([23, 3, 3, 0, 64]), randomBytes(64)]));
  await within(closed, 'the end');
  const { stream } = await connectTls(scene.port, scene.client());
  void stream.write(getBytes('/'));
  assert.equal((await stream.readMessage('response')).status, 200);
  stream.destroy();
});

test(
  'a ClientHello that is too long, broken or none at all is refused with an alert',
  { skip },
  async () => {
    await using scene = await startHttps();
    const tries: readonly [string, Buffer][] = [
      [
        'too long',
        Buffer.concat([Buffer.from([22, 3, 1, 64, 0, 1, 0, 128, 0]), Buffer.alloc(20_000)]),
      ],
      ['empty record', Buffer.from([22, 3, 1, 0, 0])],
      ['another message', Buffer.from([22, 3, 1, 0, 4, 2, 0, 0, 0])],
    ];
    for (const [name, bytes] of tries) {
      const stream = await connectTo(scene.port, '127.0.0.1');
      void stream.write(bytes).catch(() => undefined);
      await stream.closed(10_000).catch(() => undefined);
      assert.equal(stream.received[0], 21, name);
      stream.destroy();
      await scene.ballast.accessLine((line) => line.reason === 'bad-client-hello');
    }
  },
);

test('a request without TLS is told to ask for https', { skip }, async () => {
  await using scene = await startHttps();
  const stream = await connectTo(scene.port, '127.0.0.1');
  void stream.write(getBytes('/'));
  const answer = await stream.readMessage('response');
  assert.equal(answer.status, 400);
  assert.match(answer.body.toString(), /https:\/\//);
  stream.destroy();
});

test(
  'a client that stops within its handshake is closed after handshakeTimeout',
  { skip },
  async () => {
    await using scene = await startHttps({
      tls: { certificates: 'shop', handshakeTimeout: '400ms' },
    });
    const stream = await connectTo(scene.port, '127.0.0.1');
    void stream.write(Buffer.from([22, 3, 1, 0, 100, 1]));
    const before = performance.now();
    await stream.closed(20_000).catch(() => undefined);
    assert.ok(performance.now() - before > 300);
    await scene.ballast.accessLine((line) => line.reason === 'tls-timeout');
  },
);

test(
  'handshakes are bounded in number: past it the oldest makes room, others are served',
  { skip },
  async () => {
    await using scene = await startHttps({ top: { limits: { handshakes: 20 } } });
    const idlers: ByteStream[] = [];
    for (let i = 0; i < 60; i++) {
      const stream = await connectTo(scene.port, '127.0.0.1');
      stream.socket.on('error', () => undefined);
      void stream.write(Buffer.from([22])).catch(() => undefined);
      idlers.push(stream);
    }
    await scene.ballast.accessLine((line) => line.reason === 'tls-evicted');
    for (let i = 0; i < 10; i++) {
      const { stream } = await connectTls(scene.port, scene.client());
      void stream.write(getBytes('/'));
      assert.equal((await stream.readMessage('response')).status, 200);
      stream.destroy();
    }
    const evicted = scene.ballast.accessLines().filter((line) => line.reason === 'tls-evicted');
    assert.ok(evicted.length >= 40, String(evicted.length));
    for (const stream of idlers) stream.destroy();
  },
);

test(
  'handshakeRate lets a network begin its burst of handshakes, and then no more',
  { skip },
  async () => {
    await using scene = await startHttps({
      tls: { certificates: 'shop', handshakeRate: { perSecond: 1, burst: 5 } },
      top: { workers: 2 },
    });
    let open = 0;
    for (let i = 0; i < 20; i++) {
      await connectTls(scene.port, scene.client()).then(
        ({ stream }) => {
          open++;
          stream.destroy();
        },
        () => undefined,
      );
    }
    assert.ok(open >= 5 && open < 15, `${open} handshakes`);
    await scene.ballast.accessLine((line) => line.reason === 'tls-rate');
  },
);
