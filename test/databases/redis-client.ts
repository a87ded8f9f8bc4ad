/** A client of Redis that keeps its connection, to see when it is cut. */
import { once } from 'node:events';
import { connect } from 'node:net';
import type { Socket } from 'node:net';
import { readResp, writeRespCommand } from '../../src/codec/resp.ts';
import type { RespReply } from '../../src/codec/resp.ts';

export class RedisClient implements Disposable {
  /** Resolves once the connection is gone, however it ended. */
  readonly closed: Promise<void>;
  readonly #socket: Socket;
  #bytes = Buffer.alloc(0);
  #waiting: { resolve(reply: RespReply): void; reject(error: Error): void } | null = null;

  constructor(socket: Socket) {
    this.#socket = socket;
    this.closed = new Promise((resolve) => {
      socket.once('close', () => {
        resolve();
        this.#waiting?.reject(new Error('closed without a reply'));
      });
    });
    socket.on('error', () => undefined);
    socket.on('data', (chunk: Buffer) => {
      this.#bytes = Buffer.concat([this.#bytes, chunk]);
      const result = readResp(this.#bytes, 0);
      if (result.kind !== 'reply') return;
      this.#bytes = this.#bytes.subarray(result.end);
      this.#waiting?.resolve(result.reply);
      this.#waiting = null;
    });
  }

  /** Runs one command; one at a time. */
  run(command: readonly string[]): Promise<RespReply> {
    return new Promise((resolve, reject) => {
      if (this.#socket.closed) {
        reject(new Error('the connection is closed'));
        return;
      }
      this.#waiting = { resolve, reject };
      this.#socket.write(writeRespCommand(command));
    });
  }

  [Symbol.dispose](): void {
    this.#socket.destroy();
  }
}

/** Connects to a port of 127.0.0.1. */
export async function connectRedis(port: number): Promise<RedisClient> {
  const socket = connect(port, '127.0.0.1');
  await once(socket, 'connect');
  return new RedisClient(socket);
}
