/** A client that writes without a pause through a balancer, and notes what becomes of it. */
import pg from 'pg';
import { delay } from '../kit/wait.ts';

/** A write that was committed: when it began and ended, and on which server's port. */
export type Write = { readonly beganMs: number; readonly endedMs: number; readonly port: number };
/** What a connection or a write ended with. */
export type Failure = { readonly atMs: number; readonly code: string; readonly message: string };

const PAUSE_MS = 5;
/** Only a client that hangs reaches it. */
const PATIENCE_MS = 60_000;

export class PostgresWriter implements AsyncDisposable {
  readonly writes: Write[] = [];
  readonly failures: Failure[] = [];
  readonly #port: number;
  #isStopped = false;
  readonly #loop: Promise<void>;

  /** Writes to the database behind `port`, a row each few ms, on a connection kept while it lasts. */
  constructor(port: number) {
    this.#port = port;
    this.#loop = this.#run();
  }

  /** The first write that began after `ms` and was committed on the server at `port`. */
  writeAfter(ms: number, port: number): Write | undefined {
    return this.writes.find((write) => write.beganMs >= ms && write.port === port);
  }

  async #run(): Promise<void> {
    while (!this.#isStopped) {
      const client = new pg.Client({
        host: '127.0.0.1',
        port: this.#port,
        user: 'trusted',
        database: 'postgres',
        connectionTimeoutMillis: PATIENCE_MS,
        query_timeout: PATIENCE_MS,
      });
      client.on('error', () => undefined);
      try {
        await client.connect();
        while (!this.#isStopped) {
          await this.#write(client);
          await delay(PAUSE_MS);
        }
      } catch (error) {
        const { code = '', message } = error as Error & { code?: string };
        this.failures.push({ atMs: performance.now(), code, message });
        await delay(PAUSE_MS);
      }
      void client.end().catch(() => undefined);
    }
  }

  async #write(client: pg.Client): Promise<void> {
    const beganMs = performance.now();
    const insert = 'INSERT INTO written VALUES (1) RETURNING inet_server_port() AS port';
    const { rows } = await client.query<{ port: number }>(insert);
    this.writes.push({ beganMs, endedMs: performance.now(), port: rows[0]!.port });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#isStopped = true;
    await this.#loop;
  }
}
