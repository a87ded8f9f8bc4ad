/** Redis as Debian has it: a primary, and a replica of it. */
import { connect } from 'node:net';
import { readResp, writeRespCommand } from '../../src/codec/resp.ts';
import type { RespReply } from '../../src/codec/resp.ts';
import { freePort } from '../kit/free-ports.ts';
import { endProcess, exitOf } from '../kit/processes.ts';
import { TempDir } from '../kit/temp-dir.ts';
import { until } from '../kit/wait.ts';
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

  /** Runs one command on a connection of its own; any reply, also an error, resolves. */
  run(command: readonly string[], ...before: readonly (readonly string[])[]): Promise<RespReply> {
    return new Promise((resolve, reject) => {
      const socket = connect(this.port, '127.0.0.1');
      let bytes = Buffer.alloc(0);
      socket.on('error', reject);
      socket.on('close', () => reject(new Error('closed without a reply')));
      socket.on('data', (chunk: Buffer) => {
        bytes = Buffer.concat([bytes, chunk]);
        let at = 0;
        for (let left = before.length; ; left--) {
          const result = readResp(bytes, at);
          if (result.kind !== 'reply') return;
          at = result.end;
          if (left > 0) continue;
          resolve(result.reply);
          socket.destroy();
          return;
        }
      });
      socket.write([...before, command].map(writeRespCommand).join(''));
    });
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
