/** Clients that come anew all the while, and note how long each had to wait: what a fault costs. */
import { delay, until } from './wait.ts';
import { ask, getBytes } from './scene.ts';

const REST_MS = 10;

export class Newcomers {
  served = 0;
  /** One line for each that got no answer with status 200. */
  readonly failures: string[] = [];
  /** The longest time from the begin of a connection to the end of its answer, in ms. */
  longestMs = 0;
  #isOver = false;
  readonly #lanes: Promise<void>[];

  constructor(port: number, lanes = 2) {
    this.#lanes = Array.from({ length: lanes }, () => this.#come(port));
  }

  /** Waits until so many more were served. */
  async more(count: number): Promise<void> {
    const goal = this.served + count;
    await until(() => this.served >= goal, { what: `${count} newcomers`, timeoutMs: 60_000 });
  }

  async stop(): Promise<void> {
    this.#isOver = true;
    await Promise.all(this.#lanes);
  }

  async #come(port: number): Promise<void> {
    while (!this.#isOver) {
      const startedMs = performance.now();
      try {
        const { status } = await ask(port, getBytes('/'));
        if (status === 200) this.served += 1;
        else this.failures.push(`status ${status}`);
      } catch (error) {
        this.failures.push(String(error));
      }
      this.longestMs = Math.max(this.longestMs, performance.now() - startedMs);
      await delay(REST_MS);
    }
  }
}
