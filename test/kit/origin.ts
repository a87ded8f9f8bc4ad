/** A server that a test scripts byte by byte, and that records exactly what it received. */
import { createServer } from 'node:net';
import type { Server } from 'node:net';
import { ByteStream } from './byte-stream.ts';
import { portOf } from './free-ports.ts';
import type { Message } from './http-message.ts';
import { until } from './wait.ts';

/** What the server does with one connection; the connection is ended when it throws. */
export type ConnectionScript = (connection: ByteStream, index: number) => Promise<void>;

/** What the server answers to one request: bytes (latin1), or null to close without an answer. */
export type Responder = (
  request: Message,
  connection: ByteStream,
) => string | Uint8Array | null | Promise<string | Uint8Array | null>;

export class Origin implements AsyncDisposable {
  readonly port: number;
  /** Every connection that was ever accepted, in order. */
  readonly connections: ByteStream[] = [];
  /** Every request that was read whole by `startHttp`'s script, in order. */
  readonly requests: Message[] = [];
  private readonly server: Server;

  private constructor(server: Server) {
    this.server = server;
    this.port = portOf(server);
  }

  /** `127.0.0.1:port`, as the configuration writes it. */
  get address(): string {
    return `127.0.0.1:${this.port}`;
  }

  /** Listens on a free port (or on `port`) and runs `script` for each connection. */
  static async start(script: ConnectionScript, port = 0): Promise<Origin> {
    const server = createServer({ allowHalfOpen: true });
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen({ port, host: '127.0.0.1', backlog: 4096 }, resolve);
    });
    const origin = new Origin(server);
    server.on('connection', (socket) => {
      const connection = new ByteStream(socket);
      const index = origin.connections.push(connection) - 1;
      script(connection, index).catch(() => {
        connection.destroy();
      });
    });
    return origin;
  }

  /** An HTTP/1.1 server with keep-alive; `respond` gives the bytes of each answer. */
  static async startHttp(respond: Responder, port = 0): Promise<Origin> {
    const origin: Origin = await Origin.start(async (connection) => {
      for (;;) {
        const request = await connection.readMessage('request', 2 ** 31 - 1);
        origin.requests.push(request);
        const answer = await respond(request, connection);
        if (answer === null) {
          connection.end();
          return;
        }
        await connection.write(answer);
      }
    }, port);
    return origin;
  }

  /** Everything that was received on all connections, as latin1. */
  get text(): string {
    return this.connections.map((connection) => connection.text).join('');
  }

  /** Waits for the connection with this index. */
  async connection(index: number): Promise<ByteStream> {
    return until(() => this.connections[index], { what: `connection ${index} at the server` });
  }

  /** Waits until `count` requests have been read. */
  async received(count: number): Promise<void> {
    await until(() => this.requests.length >= count, { what: `${count} requests at the server` });
  }

  /** Stops listening and ends every connection. */
  async stop(): Promise<void> {
    for (const connection of this.connections) connection.destroy();
    await new Promise<void>((resolve) => {
      this.server.close(() => {
        resolve();
      });
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }
}

/** An answer with a Content-Length; `fields` are whole lines without CRLF. */
export function httpAnswer(status: number, body = '', fields: readonly string[] = []): string {
  const lines = [`HTTP/1.1 ${status} X`, ...fields, `Content-Length: ${Buffer.byteLength(body)}`];
  return `${lines.join('\r\n')}\r\n\r\n${body}`;
}
