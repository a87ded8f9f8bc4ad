import { once } from 'node:events';
import { Socket, createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import type { BindPlan } from '../../config/plan.ts';
import { ipv4 } from './test-plan.ts';

/** A TCP server for tests whose connections behave as a function says. */
export class TestServer {
  readonly address: BindPlan;
  /** Connections accepted so far. */
  accepted = 0;
  /** What each connection does; may be replaced at any time. */
  behave: (socket: Socket) => void;
  readonly #server;
  readonly #live = new Set<Socket>();
  #whenNone: (() => void)[] = [];

  private constructor(server: ReturnType<typeof createServer>, behave: (socket: Socket) => void) {
    this.#server = server;
    this.behave = behave;
    this.address = ipv4('127.0.0.1', (server.address() as AddressInfo).port);
    server.on('connection', (socket) => this.#accept(socket));
  }

  /** Listens on a free port of 127.0.0.1. */
  static async start(behave: (socket: Socket) => void): Promise<TestServer> {
    const server = createServer();
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    return new TestServer(server, behave);
  }

  /** Resolves once no connection is open: who has connected has closed. */
  async quiet(): Promise<void> {
    if (this.#live.size === 0) return;
    await new Promise<void>((resolve) => this.#whenNone.push(resolve));
  }

  /** Ends all connections and the listening socket. */
  async stop(): Promise<void> {
    for (const socket of this.#live) socket.destroy();
    await new Promise<void>((resolve) => this.#server.close(() => resolve()));
  }

  #accept(socket: Socket): void {
    this.accepted++;
    this.#live.add(socket);
    socket.on('error', () => undefined);
    socket.once('close', () => {
      this.#live.delete(socket);
      if (this.#live.size > 0) return;
      for (const resolve of this.#whenNone) resolve();
      this.#whenNone = [];
    });
    this.behave(socket);
  }
}

/** Answers each request head with these bytes, then closes. */
export function answering(answer: string): (socket: Socket) => void {
  return (socket) => socket.once('data', () => socket.end(answer, 'latin1'));
}

/** Accepts, reads, and never says anything. */
export function silent(socket: Socket): void {
  socket.resume();
}

/**
 * A port on which nobody listens, for certain: a client's connection to `server` occupies it until
 * the returned function is called.
 */
export async function refusingPort(server: TestServer): Promise<[number, () => void]> {
  const holder = new Socket();
  holder.connect(server.address.port, server.address.host);
  await once(holder, 'connect');
  return [holder.localPort!, () => holder.destroy()];
}
