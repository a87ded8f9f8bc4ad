/**
 * Load of several kinds at once. A kind says how a connection is opened and what one exchange on it
 * is; what they have in common counts exchanges that failed and connections that were cut.
 */
import type { ConnectionOptions } from 'node:tls';
import { connectTo } from './byte-stream.ts';
import type { ByteStream } from './byte-stream.ts';
import { getBytes } from './scene.ts';
import { connectTls } from './tls-client.ts';
import { delay, until } from './wait.ts';
import { decodeFrame, encodeFrame } from './websocket.ts';

/** An answer that takes longer is a failure, in ms. */
const ANSWER_MS = 60_000;

export type LoadKindOptions = {
  readonly port: number;
  /** Connections at once. */
  readonly clients: number;
  /** A new connection after so many exchanges; 0 keeps it for as long as the load lasts. */
  readonly perConnection?: number;
  /** Each client rests so long between two exchanges, in ms. */
  readonly restMs?: number;
};

export abstract class LoadKind {
  abstract readonly name: string;
  /** Exchanges that went well. */
  served = 0;
  /** Connections that were opened. */
  opened = 0;
  /** Exchanges that went wrong, and connections that could not be made. */
  readonly failed: string[] = [];
  /** Connections that were ended by the other side. */
  readonly cut: string[] = [];
  protected readonly options: LoadKindOptions;
  #isOver = false;
  #lanes: Promise<void>[] = [];

  constructor(options: LoadKindOptions) {
    this.options = options;
  }

  /** Opens a connection and does what comes before the first exchange. */
  protected abstract open(): Promise<ByteStream>;

  /** One exchange; throws where it does not go as it should. `index` is its place on `stream`. */
  protected abstract exchange(stream: ByteStream, index: number): Promise<void>;

  start(): void {
    this.#lanes = Array.from({ length: this.options.clients }, () => this.#runClient());
  }

  /** Waits until `count` more exchanges went well. */
  async more(count: number): Promise<void> {
    const goal = this.served + count;
    const what = `${count} more exchanges of ${this.name}`;
    await until(() => this.served >= goal, { what, timeoutMs: ANSWER_MS });
  }

  /** Lets the exchanges under way end, and closes the connections. */
  async stop(): Promise<void> {
    this.#isOver = true;
    await Promise.all(this.#lanes);
  }

  async #runClient(): Promise<void> {
    while (!this.#isOver) {
      let stream: ByteStream;
      try {
        stream = await this.open();
        this.opened += 1;
      } catch (error) {
        this.failed.push(`${this.name}: no connection: ${String(error)}`);
        await delay(20);
        continue;
      }
      await this.#useConnection(stream);
      stream.destroy();
    }
  }

  async #useConnection(stream: ByteStream): Promise<void> {
    const { perConnection = 0, restMs = 0 } = this.options;
    for (let index = 0; !this.#isOver; index++) {
      if (perConnection > 0 && index === perConnection) return;
      try {
        if (stream.ending !== 'open') throw new Error('it was closed while it rested');
        await this.exchange(stream, index);
      } catch (error) {
        const list = stream.ending === 'open' ? this.failed : this.cut;
        list.push(`${this.name}: exchange ${index}: ${String(error)}`);
        return;
      }
      this.served += 1;
      stream.received = Buffer.alloc(0);
      stream.position = 0;
      if (restMs > 0) await delay(restMs);
    }
  }
}

/** Requests of HTTP/1.1, on connections that are kept or on a new one for each. */
export class HttpLoad extends LoadKind {
  readonly name: string = 'http';

  protected override open(): Promise<ByteStream> {
    return connectTo(this.options.port);
  }

  protected override async exchange(stream: ByteStream): Promise<void> {
    void stream.write(getBytes('/'));
    const { status, head } = await stream.readMessage('response', ANSWER_MS);
    if (status !== 200) throw new Error(head);
    const isLast = this.options.perConnection === 1;
    if (!isLast && /^connection: *close/im.test(head)) throw new Error(`it is to end: ${head}`);
  }
}

/** The same over TLS: each new connection is a handshake. */
export class HttpsLoad extends HttpLoad {
  override readonly name = 'https';
  readonly #tls: ConnectionOptions;

  constructor(options: LoadKindOptions, tls: ConnectionOptions) {
    super(options);
    this.#tls = tls;
  }

  protected override async open(): Promise<ByteStream> {
    return (await connectTls(this.options.port, this.#tls)).stream;
  }
}

/** Frames on a WebSocket whose server sends back what it gets. */
export class WebSocketLoad extends LoadKind {
  readonly name = 'websocket';

  protected override async open(): Promise<ByteStream> {
    const stream = await connectTo(this.options.port);
    const fields = [
      'Connection: Upgrade',
      'Upgrade: websocket',
      'Sec-WebSocket-Version: 13',
      'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==',
    ];
    void stream.write(getBytes('/', ...fields));
    const head = await stream.readUntil('\r\n\r\n', ANSWER_MS);
    if (!head.startsWith('HTTP/1.1 101 ')) throw new Error(head);
    return stream;
  }

  protected override async exchange(stream: ByteStream, index: number): Promise<void> {
    const text = `frame ${index}`;
    void stream.write(encodeFrame(Buffer.from(text), true));
    const answer = await decodeFrame((count) => stream.readBytes(count, ANSWER_MS));
    if (answer.toString() !== text) throw new Error(`another frame came: ${answer.toString()}`);
  }
}

/** Lines on a session of tcp whose server sends back what it gets. */
export class TcpLoad extends LoadKind {
  readonly name = 'tcp';

  protected override open(): Promise<ByteStream> {
    return connectTo(this.options.port);
  }

  protected override async exchange(stream: ByteStream, index: number): Promise<void> {
    const line = `line ${index}\n`;
    void stream.write(line);
    const answer = await stream.readUntil('\n', ANSWER_MS);
    if (answer !== line) throw new Error(`another line came: ${answer}`);
  }
}

/** All kinds together. */
export class MixedLoad implements AsyncDisposable {
  readonly kinds: readonly LoadKind[];

  constructor(kinds: readonly LoadKind[]) {
    this.kinds = kinds;
    for (const kind of kinds) kind.start();
  }

  /** Waits until each kind has had `count` more exchanges that went well. */
  async more(count: number): Promise<void> {
    await Promise.all(this.kinds.map((kind) => kind.more(count)));
  }

  get failed(): readonly string[] {
    return this.kinds.flatMap((kind) => kind.failed);
  }

  get cut(): readonly string[] {
    return this.kinds.flatMap((kind) => kind.cut);
  }

  async stop(): Promise<void> {
    await Promise.all(this.kinds.map((kind) => kind.stop()));
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.stop();
  }
}
