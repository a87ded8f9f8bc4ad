/** Clients and servers that speak UDP. */
import { createSocket } from 'node:dgram';
import type { RemoteInfo, Socket } from 'node:dgram';
import type { Tree } from './config.ts';
import { WAIT_MS, delay, until, within } from './wait.ts';

/** An answer that has not come by then is asked for again, in ms. */
const ASK_AGAIN_MS = 1_000;

/** A datagram as it arrived. */
export type Datagram = { readonly data: Buffer; readonly from: RemoteInfo };

function open(address: string, port: number): Promise<Socket> {
  const socket = createSocket({ type: address.includes(':') ? 'udp6' : 'udp4' });
  const bound = new Promise<Socket>((resolve, reject) => {
    socket.once('error', reject);
    socket.bind(port, address, () => {
      socket.off('error', reject);
      // What ICMP tells is no end for who only wants to send the next one.
      socket.on('error', () => {});
      // A test that fails half-way must not keep its process.
      socket.unref();
      resolve(socket);
    });
  });
  return within(bound, `a socket on ${address}`);
}

export class DatagramClient implements AsyncDisposable {
  readonly socket: Socket;
  /** Everything that came and was not taken yet. */
  readonly inbox: Datagram[] = [];

  private constructor(socket: Socket) {
    this.socket = socket;
    socket.on('message', (data, from) => this.inbox.push({ data, from }));
  }

  static async open(address = '127.0.0.1', port = 0): Promise<DatagramClient> {
    return new DatagramClient(await open(address, port));
  }

  get port(): number {
    return this.socket.address().port;
  }

  send(data: string | Uint8Array, port: number, address = '127.0.0.1'): void {
    this.socket.send(data, port, address);
  }

  /** The next datagram. */
  async receive(timeoutMs?: number): Promise<Datagram> {
    const options = { what: 'a datagram', everyMs: 2 };
    await until(
      () => this.inbox.length > 0,
      timeoutMs === undefined ? options : { ...options, timeoutMs },
    );
    return this.inbox.shift()!;
  }

  /**
   * Sends and returns the text of the answer, which ends with what was sent. Sends again where none
   * comes, as every client must: datagrams get lost.
   */
  async ask(text: string, port: number, address = '127.0.0.1'): Promise<string> {
    const isAnswer = ({ data }: Datagram): boolean => data.toString().endsWith(text);
    const end = performance.now() + WAIT_MS;
    for (;;) {
      this.send(text, port, address);
      const again = Math.min(end, performance.now() + ASK_AGAIN_MS);
      while (performance.now() < again) {
        const at = this.inbox.findIndex(isAnswer);
        if (at >= 0) return this.inbox.splice(at, 1)[0]!.data.toString();
        await delay(2);
      }
      if (performance.now() >= end) throw new Error(`no answer to ${text}`);
    }
  }

  close(): Promise<void> {
    return new Promise((resolve) => this.socket.close(() => resolve()));
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }
}

/** Answers to one datagram: none, one or several. */
export type DatagramResponder = (data: Buffer, from: RemoteInfo) => readonly (string | Buffer)[];

export class DatagramServer implements AsyncDisposable {
  readonly name: string;
  readonly received: Datagram[] = [];
  readonly socket: Socket;
  #isClosed = false;

  private constructor(name: string, socket: Socket, respond: DatagramResponder) {
    this.name = name;
    this.socket = socket;
    socket.on('message', (data, from) => {
      this.received.push({ data, from });
      for (const answer of respond(data, from)) socket.send(answer, from.port, from.address);
    });
  }

  /** A server that puts its name before what it got: `a:hello`. */
  static async echo(name: string, port = 0, address = '127.0.0.1'): Promise<DatagramServer> {
    return DatagramServer.start(name, (data) => [`${name}:${data.toString()}`], port, address);
  }

  static async start(
    name: string,
    respond: DatagramResponder,
    port = 0,
    address = '127.0.0.1',
  ): Promise<DatagramServer> {
    return new DatagramServer(name, await open(address, port), respond);
  }

  get port(): number {
    return this.socket.address().port;
  }

  /** As the configuration writes it. */
  get address(): string {
    const { address, port } = this.socket.address();
    return address.includes(':') ? `[${address}]:${port}` : `${address}:${port}`;
  }

  /** Ports that datagrams came from: one per session. */
  get sources(): Set<number> {
    return new Set(this.received.map(({ from }) => from.port));
  }

  stop(): Promise<void> {
    if (this.#isClosed) return Promise.resolve();
    this.#isClosed = true;
    return new Promise((resolve) => this.socket.close(() => resolve()));
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.stop();
  }
}

export type DatagramConfig = {
  readonly bind: string | readonly string[];
  readonly servers: readonly unknown[];
  readonly listener?: Tree;
  readonly pool?: Tree;
  readonly top?: Tree;
};

/** One listener `udp` before one pool `udp`, one worker. */
export function datagramConfig({ bind, servers, listener, pool, top }: DatagramConfig): Tree {
  return {
    workers: 1,
    ...top,
    listeners: { udp: { bind, protocol: 'udp', pool: 'udp', ...listener } },
    pools: { udp: { servers, ...pool } },
  };
}
