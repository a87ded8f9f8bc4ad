/** A server of the demo: a small web page, and a way to fail on purpose. */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** How a sample server fails: it is gone, or it runs and says that it is not well. */
export type Failure = 'crash' | 'sick';

export class SampleServer {
  readonly name: string;
  readonly #page: string;
  #server: Server | null = null;
  #isSick = false;
  #port = 0;

  constructor(name: string, page: string) {
    this.name = name;
    this.#page = page;
  }

  /** Its address, the same through all failures. */
  get address(): string {
    return `127.0.0.1:${this.#port}`;
  }

  /** Listens on loopback, on a free port the first time. */
  async start(): Promise<void> {
    const server = createServer((request, response) => this.#answer(request, response));
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen(this.#port, '127.0.0.1', resolve);
    });
    this.#port = (server.address() as AddressInfo).port;
    this.#server = server;
  }

  async fail(how: Failure): Promise<void> {
    if (how === 'sick') this.#isSick = true;
    else await this.stop();
  }

  async heal(): Promise<void> {
    this.#isSick = false;
    if (this.#server === null) await this.start();
  }

  /** Closes everything at once, as a crash would. */
  async stop(): Promise<void> {
    const server = this.#server;
    this.#server = null;
    if (server === null) return;
    const closed = new Promise((resolve) => server.close(resolve));
    server.closeAllConnections();
    await closed;
  }

  #answer(request: IncomingMessage, response: ServerResponse): void {
    response.setHeader('cache-control', 'no-store');
    switch (request.url ?? '') {
      case '/healthz':
        response.statusCode = this.#isSick ? 503 : 200;
        response.end(this.#isSick ? 'not well\n' : 'ok\n');
        break;
      case '/whoami':
        response.setHeader('content-type', 'application/json');
        response.end(JSON.stringify({ server: this.name }));
        break;
      case '/':
        response.setHeader('content-type', 'text/html; charset=utf-8');
        response.end(this.#page);
        break;
      default:
        response.statusCode = 404;
        response.end('not found\n');
    }
  }
}
