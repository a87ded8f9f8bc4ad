/** A little steady traffic for the demo, so that there is something to see. */
import { Agent, get } from 'node:http';

/** Time between two requests, in ms. */
const EVERY_MS = 25;
/** A request that takes longer has failed, in ms. */
const LIMIT_MS = 2_000;

/** What happened since the last look. */
export type TrafficCounts = {
  readonly requests: number;
  readonly failed: number;
  /** Answers by the name of the server. */
  readonly byServer: ReadonlyMap<string, number>;
};

export class Traffic {
  readonly #url: string;
  readonly #agent = new Agent({ keepAlive: true, maxSockets: 8 });
  readonly #timer: NodeJS.Timeout;
  #requests = 0;
  #failed = 0;
  #byServer = new Map<string, number>();
  #isStopped = false;

  /** Begins at once; `url` answers with JSON that names its server. */
  constructor(url: string) {
    this.#url = url;
    this.#timer = setInterval(() => this.#ask(), EVERY_MS);
  }

  /** Takes what was counted since the last call. */
  take(): TrafficCounts {
    const counts = { requests: this.#requests, failed: this.#failed, byServer: this.#byServer };
    this.#requests = 0;
    this.#failed = 0;
    this.#byServer = new Map();
    return counts;
  }

  stop(): void {
    this.#isStopped = true;
    clearInterval(this.#timer);
    this.#agent.destroy();
  }

  #ask(): void {
    const request = get(this.#url, { agent: this.#agent, timeout: LIMIT_MS }, (response) => {
      let text = '';
      response.setEncoding('utf8');
      response.on('data', (piece: string) => (text += piece));
      response.on('end', () => this.#answered(response.statusCode ?? 0, text));
      response.on('error', () => this.#answered(0, ''));
    });
    request.on('timeout', () => request.destroy());
    request.on('error', () => this.#answered(0, ''));
  }

  #answered(status: number, text: string): void {
    if (this.#isStopped) return;
    this.#requests += 1;
    if (status !== 200) {
      this.#failed += 1;
      return;
    }
    const { server } = JSON.parse(text) as { server: string };
    this.#byServer.set(server, (this.#byServer.get(server) ?? 0) + 1);
  }
}
