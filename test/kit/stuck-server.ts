/** A server that does not even accept: further connections stay without an answer. */
import { spawn } from 'node:child_process';
import { connectTo } from './byte-stream.ts';
import type { ByteStream } from './byte-stream.ts';
import { endProcess } from './processes.ts';
import { delay } from './wait.ts';

/** A process that is stopped while it listens, with its queue of connections filled. */
export class StuckServer implements AsyncDisposable {
  readonly address: string;
  private readonly fillers: ByteStream[];
  private readonly end: () => Promise<void>;

  private constructor(address: string, fillers: ByteStream[], end: () => Promise<void>) {
    this.address = address;
    this.fillers = fillers;
    this.end = end;
  }

  static async start(): Promise<StuckServer> {
    const code =
      "const s=require('net').createServer();" +
      "s.listen({port:0,host:'127.0.0.1',backlog:1},()=>console.log(s.address().port))";
    const child = spawn(process.execPath, ['-e', code], { stdio: ['ignore', 'pipe', 'ignore'] });
    const port = await new Promise<number>((resolve) => {
      child.stdout.once('data', (text: Buffer) => {
        resolve(Number(text.toString()));
      });
    });
    child.kill('SIGSTOP');
    const fillers: ByteStream[] = [];
    for (let isFull = false; !isFull;) {
      const filler = connectTo(port);
      const taken = await Promise.race([filler, delay(300).then(() => undefined)]);
      if (taken === undefined) {
        isFull = true;
        filler.then(
          (stream) => {
            stream.destroy();
          },
          () => {},
        );
      } else fillers.push(taken);
    }
    const end = async (): Promise<void> => {
      child.kill('SIGCONT');
      await endProcess(child, 'SIGKILL', 5_000);
    };
    return new StuckServer(`127.0.0.1:${port}`, fillers, end);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const filler of this.fillers) filler.destroy();
    await this.end();
  }
}
