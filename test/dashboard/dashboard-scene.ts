/** A balancer with an admin address by TCP, and servers that can be stopped and made slow. */
import { createServer } from 'node:http';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Ballast } from '../kit/ballast.ts';
import { until } from '../kit/wait.ts';
import { freePort } from '../kit/free-ports.ts';

/** A server that answers after about `latencyMs`. */
export class SampleServer {
  readonly name: string;
  readonly port: number;
  latencyMs = 0;
  /** Share of its answers that are a 500. */
  failing = 0;
  readonly #server: Server;

  private constructor(name: string, server: Server) {
    this.name = name;
    this.#server = server;
    this.port = (server.address() as AddressInfo).port;
    server.on('request', (request, answer) => {
      const isCheck = request.url === '/healthz';
      const status = !isCheck && Math.random() < this.failing ? 500 : 200;
      const waitMs = isCheck ? 0 : this.latencyMs * (0.5 + Math.random() ** 3 * 2);
      setTimeout(() => answer.writeHead(status).end('ok\n'), waitMs);
    });
  }

  static async start(name: string): Promise<SampleServer> {
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return new SampleServer(name, server);
  }

  stop(): void {
    this.#server.closeAllConnections();
    this.#server.close();
  }
}

export type DashboardOptions = {
  /** Names of the servers of each pool. */
  readonly pools: Readonly<Record<string, readonly string[]>>;
  /** A file with tokens that the admin address asks for. */
  readonly tokenFile?: string;
};

export class DashboardScene implements AsyncDisposable {
  readonly ballast: Ballast;
  /** Where the dashboard is. */
  readonly url: string;
  /** Ports of the listeners, each before the pool of its name. */
  readonly ports: ReadonlyMap<string, number>;
  readonly servers: ReadonlyMap<string, SampleServer>;

  private constructor(parts: Pick<DashboardScene, 'ballast' | 'url' | 'ports' | 'servers'>) {
    this.ballast = parts.ballast;
    this.url = parts.url;
    this.ports = parts.ports;
    this.servers = parts.servers;
  }

  static async start({ pools, tokenFile }: DashboardOptions): Promise<DashboardScene> {
    const servers = new Map<string, SampleServer>();
    const ports = new Map<string, number>();
    const listeners: Record<string, unknown> = {};
    const poolTrees: Record<string, unknown> = {};
    for (const [pool, names] of Object.entries(pools)) {
      const port = await freePort();
      ports.set(pool, port);
      listeners[pool] = { bind: `127.0.0.1:${port}`, pool };
      const trees: unknown[] = [];
      for (const name of names) {
        const server = await SampleServer.start(name);
        servers.set(`${pool}/${name}`, server);
        trees.push({ name, address: `127.0.0.1:${server.port}` });
      }
      const check = { http: { path: '/healthz' }, every: '200ms', fall: 2, rise: 2 };
      poolTrees[pool] = { servers: trees, check };
    }
    const admin = `127.0.0.1:${await freePort()}`;
    const config = {
      admin: tokenFile === undefined ? admin : { bind: admin, tokenFile },
      workers: 2,
      listeners,
      pools: poolTrees,
    };
    const ballast = await Ballast.start(config);
    return new DashboardScene({ ballast, url: `http://${admin}/`, ports, servers });
  }

  /** Waits until a server `POOL/NAME` is observed to be in this state. */
  async serverState(key: string, state: string): Promise<void> {
    const path = `v1/pools/${key.replace('/', '/servers/')}`;
    const isSo = async (): Promise<boolean> => {
      const answer = await fetch(`${this.url}${path}`);
      return ((await answer.json()) as { state: string }).state === state;
    };
    await until(isSo, { what: `${key} to be ${state}`, everyMs: 50 });
  }

  /** Asks for a change as a program would. */
  async change(key: string, body: Readonly<Record<string, unknown>>): Promise<void> {
    await fetch(`${this.url}v1/pools/${key.replace('/', '/servers/')}`, {
      method: 'PATCH',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.ballast[Symbol.asyncDispose]();
    for (const server of this.servers.values()) server.stop();
  }
}
