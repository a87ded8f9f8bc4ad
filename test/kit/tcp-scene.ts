/** The usual set-up of a test of layer 4: scripted servers, Ballast with a tcp listener before them. */
import { Ballast } from './ballast.ts';
import type { BallastOptions } from './ballast.ts';
import { connectTo } from './byte-stream.ts';
import type { ByteStream } from './byte-stream.ts';
import type { Tree } from './config.ts';
import { freePort } from './free-ports.ts';
import { Origin } from './origin.ts';
import type { ConnectionScript } from './origin.ts';

export type TcpSceneOptions = BallastOptions & {
  /** What each server does with a connection; where absent it sends back what it gets. */
  readonly scripts?: readonly ConnectionScript[];
  readonly listener?: Tree;
  readonly pool?: Tree;
  /** Further keys of the top level; `pools` are further pools. */
  readonly top?: Tree;
  /** Servers of the pool instead of those of `scripts`. */
  readonly servers?: readonly unknown[];
};

export class TcpScene implements AsyncDisposable {
  readonly origins: readonly Origin[];
  readonly ballast: Ballast;
  readonly port: number;

  constructor(origins: readonly Origin[], ballast: Ballast, port: number) {
    this.origins = origins;
    this.ballast = ballast;
    this.port = port;
  }

  get origin(): Origin {
    return this.origins[0]!;
  }

  connect(host = '127.0.0.1'): Promise<ByteStream> {
    return connectTo(this.port, host);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.ballast[Symbol.asyncDispose]();
    for (const origin of this.origins) await origin.stop();
  }
}

/** Sends back what it gets, and ends when the client has ended. */
export const echo: ConnectionScript = async (connection) => {
  let at = 0;
  const send = (): void => {
    const { received } = connection;
    if (received.length > at) void connection.write(received.subarray(at));
    at = received.length;
  };
  connection.socket.on('data', send);
  send();
  await connection.closed(2 ** 31 - 1);
  connection.end();
};

/** Reads nothing, says nothing. */
export const silent: ConnectionScript = () => Promise.resolve();

/** Says its name first, then echoes: for a protocol in which the server begins. */
export function named(name: string): ConnectionScript {
  return async (connection, index) => {
    void connection.write(`${name}\n`);
    await echo(connection, index);
  };
}

/** Starts the servers, and Ballast with one tcp listener `tcp` and one pool `tcp`. */
export async function startTcpScene(options: TcpSceneOptions = {}): Promise<TcpScene> {
  const { scripts = [echo], listener, pool, top } = options;
  const origins = await Promise.all(scripts.map((script) => Origin.start(script)));
  const port = await freePort();
  const routes = listener?.['routes'] === undefined ? { pool: 'tcp' } : {};
  const servers = options.servers ?? origins.map((origin) => origin.address);
  const config = {
    workers: 1,
    ...top,
    listeners: { tcp: { bind: `127.0.0.1:${port}`, protocol: 'tcp', ...routes, ...listener } },
    pools: { tcp: { servers, ...pool }, ...(top?.['pools'] as Tree | undefined) },
  };
  try {
    return new TcpScene(origins, await Ballast.start(config, options), port);
  } catch (error) {
    for (const origin of origins) await origin.stop();
    throw error;
  }
}
