/** Redis as Debian has it: a primary, and a replica of it. */
import type { RespReply } from '../../src/codec/resp.ts';
import { freePort } from '../kit/free-ports.ts';
import { endProcess, exitOf } from '../kit/processes.ts';
import { TempDir } from '../kit/temp-dir.ts';
import { until } from '../kit/wait.ts';
import { connectRedis } from './redis-client.ts';
import { giveAway, startServer } from './unprivileged.ts';
import type { ServerProcess } from './unprivileged.ts';

export const REDIS_PROGRAM = '/usr/bin/redis-server';

export class RedisServer implements AsyncDisposable {
  readonly port: number;
  readonly #dir: TempDir;
  readonly #process: ServerProcess;

  private constructor(port: number, dir: TempDir, settings: readonly string[]) {
    this.port = port;
    this.#dir = dir;
    const own = ['--bind', '127.0.0.1', '--dir', dir.path, '--save', '', '--port', String(port)];
    this.#process = startServer(REDIS_PROGRAM, [...own, ...settings]);
  }

  /** `settings` are words of the command line, such as `--requirepass x`. */
  static async start(settings: readonly string[] = []): Promise<RedisServer> {
    const dir = new TempDir();
    giveAway(dir.path);
    const server = new RedisServer(await freePort(), dir, settings);
    try {
      const { child, output } = server.#process;
      const isReady = async (): Promise<boolean> => {
        if (child.exitCode !== null) throw new Error(`ended at once: ${output()}`);
        return server.run(['PING']).then(
          () => true,
          () => false,
        );
      };
      await until(isReady, { what: 'Redis to answer', timeoutMs: 60_000, everyMs: 30 });
      return server;
    } catch (error) {
      await server[Symbol.asyncDispose]();
      throw error;
    }
  }

  /** Runs commands on a connection of their own and gives the last reply, which may be an error. */
  async run(
    command: readonly string[],
    ...before: readonly (readonly string[])[]
  ): Promise<RespReply> {
    using client = await connectRedis(this.port);
    for (const each of before) await client.run(each);
    return await client.run(command);
  }

  signal(signal: 'SIGSTOP' | 'SIGCONT'): void {
    this.#process.child.kill(signal);
  }

  async kill(): Promise<void> {
    this.#process.child.kill('SIGKILL');
    await exitOf(this.#process.child);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#process.child.kill('SIGCONT');
    await endProcess(this.#process.child, 'SIGTERM', 10_000);
    this.#dir[Symbol.dispose]();
  }
}
