/** Ballast before servers that a test has started itself. */
import { Ballast } from './ballast.ts';
import type { BallastOptions } from './ballast.ts';
import { simpleConfig } from './config.ts';
import type { Tree } from './config.ts';
import { freePort } from './free-ports.ts';

export class Pair implements AsyncDisposable {
  readonly ballast: Ballast;
  readonly port: number;

  constructor(ballast: Ballast, port: number) {
    this.ballast = ballast;
    this.port = port;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.ballast[Symbol.asyncDispose]();
  }
}

export type PairOptions = BallastOptions & { readonly listener?: Tree; readonly top?: Tree };

/** Starts Ballast with one pool of these servers. */
export async function startPair(
  servers: readonly unknown[],
  pool: Tree = {},
  { listener = {}, top = {}, ...options }: PairOptions = {},
): Promise<Pair> {
  const port = await freePort();
  const config = simpleConfig({ port, servers, pool, listener, top });
  return new Pair(await Ballast.start(config, options), port);
}
