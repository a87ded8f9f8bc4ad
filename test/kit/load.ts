/** Load from keep-alive clients that count every request that fails, and how. */
import { connectTo } from './byte-stream.ts';
import type { ByteStream } from './byte-stream.ts';
import { delay, until } from './wait.ts';

export type LoadOptions = {
  readonly port: number;
  /** Client connections at once. */
  readonly clients: number;
  /** Bytes of each request; `GET /` where absent. */
  readonly request?: string;
  /** Each client rests so long between two requests, in ms. */
  readonly restMs?: number;
  /** Makes a connection; over TCP in the clear where absent. */
  readonly connect?: (port: number) => Promise<ByteStream>;
  /** A new connection after so many requests; 0 keeps it. */
  readonly requestsPerConnection?: number;
};

/** Why a request failed. */
export type LoadFailure = {
  /** `refused`: no connection; `cut`: an open connection ended; `status`: another answer than 200. */
  readonly kind: 'refused' | 'cut' | 'status';
  readonly detail: string;
  /** Whether the connection had already carried a request: a server may close such a one. */
  readonly wasReused: boolean;
};

const GET = 'GET / HTTP/1.1\r\nHost: a\r\n\r\n';

export class Load {
  /** Requests answered with 200. */
  served = 0;
  readonly failures: LoadFailure[] = [];
  private isOver = false;
  private readonly lanes: Promise<void>[];
  private readonly options: LoadOptions;

  constructor(options: LoadOptions) {
    this.options = options;
    this.lanes = Array.from({ length: options.clients }, () => this.runClient());
  }

  /** Waits until `count` more requests were served. */
  async more(count: number): Promise<void> {
    const goal = this.served + count;
    await until(() => this.served >= goal, { what: `${count} more requests`, timeoutMs: 60_000 });
  }

  /** Lets the requests under way end, and closes the connections. */
  async stop(): Promise<void> {
    this.isOver = true;
    await Promise.all(this.lanes);
  }

  private async runClient(): Promise<void> {
    while (!this.isOver) {
      let stream: ByteStream;
      try {
        stream = await (this.options.connect ?? connectTo)(this.options.port);
      } catch (error) {
        this.failures.push({ kind: 'refused', detail: String(error), wasReused: false });
        await delay(20);
        continue;
      }
      await this.useConnection(stream);
      stream.destroy();
    }
  }

  private async useConnection(stream: ByteStream): Promise<void> {
    const { request = GET, restMs = 0, requestsPerConnection = 0 } = this.options;
    for (let sent = 0; !this.isOver; sent++) {
      if (requestsPerConnection > 0 && sent === requestsPerConnection) return;
      // A connection that was closed while it was idle has failed nothing.
      if (stream.ending !== 'open') return;
      try {
        void stream.write(request);
        const message = await stream.readMessage('response', 60_000);
        if (message.status === 200) this.served += 1;
        else this.fail('status', message.head, sent > 0);
        if (/^connection: *close/im.test(message.head)) return;
      } catch (error) {
        this.fail('cut', String(error), sent > 0);
        return;
      }
      stream.received = Buffer.alloc(0);
      stream.position = 0;
      if (restMs > 0) await delay(restMs);
    }
  }

  private fail(kind: LoadFailure['kind'], detail: string, wasReused: boolean): void {
    this.failures.push({ kind, detail, wasReused });
  }
}
