/** A running `ballast run` with its admin address, its logs and its processes. */
import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { chmodSync, existsSync, readFileSync, writeFileSync } from 'node:fs';
import { request } from 'node:http';
import { fileURLToPath } from 'node:url';
import type { StatusReport } from '../../src/control/status-report.ts';
import { endProcess, endWithUs, exitOf } from './processes.ts';
import type { Exit } from './processes.ts';
import type { Tree } from './config.ts';
import { TempDir } from './temp-dir.ts';
import { until, within } from './wait.ts';

export const BALLAST = fileURLToPath(new URL('../../bin/ballast', import.meta.url));

/** From the start to `ready`, on a loaded machine, in ms. */
const READY_MS = 60_000;

export type BallastOptions = {
  readonly env?: Readonly<Record<string, string>>;
  /** Most open descriptors of each process (`ulimit -n`). */
  readonly descriptors?: number;
  /** A command that runs the one behind it: `['setpriv', '--reuid=65534']`. */
  readonly before?: readonly string[];
  /** Another path than bin/ballast. */
  readonly program?: string;
};

/** One line of the access log. */
export type AccessLine = {
  readonly time: string;
  readonly listener: string;
  readonly client: string;
  readonly method: string;
  readonly host: string;
  readonly path: string;
  readonly status: number;
  readonly reason?: string;
  readonly route?: string;
  readonly pool?: string;
  readonly server?: string;
  readonly retries: number;
  readonly bytesIn: number;
  readonly bytesOut: number;
  readonly totalMs: number;
  readonly [key: string]: unknown;
};

export type AdminAnswer = { readonly status: number; readonly text: string };

export class Ballast implements AsyncDisposable {
  readonly dir = new TempDir();
  readonly configFile = this.dir.file('ballast.yaml');
  readonly accessFile = this.dir.file('access.log');
  readonly adminSocket = this.dir.file('admin.sock');
  /** Everything written to standard output and to standard error. */
  stdout = '';
  stderr = '';
  readonly child: ChildProcess;

  private constructor(config: Tree | string, options: BallastOptions) {
    if (options.before !== undefined) chmodSync(this.dir.path, 0o777);
    this.writeConfig(config);
    const [command = '', ...args] = [
      ...(options.before ?? []),
      ...limited(options.descriptors),
      ...[options.program ?? BALLAST, 'run', this.configFile],
    ];
    this.child = spawn(command, args, {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { ...process.env, ...options.env },
    });
    endWithUs(this.child);
    this.child.stdout!.setEncoding('utf8').on('data', (text: string) => {
      this.stdout += text;
    });
    this.child.stderr!.setEncoding('utf8').on('data', (text: string) => {
      this.stderr += text;
    });
  }

  /** Starts it and waits for its line `ready`. The access log and the admin address are added. */
  static async start(config: Tree | string, options: BallastOptions = {}): Promise<Ballast> {
    for (let tries = 1; ; tries++) {
      try {
        return await Ballast.startOnce(config, options);
      } catch (error) {
        // A process of a test that has ended may hold its port for a moment longer.
        if (tries === 3 || !String(error).includes('BAL_LISTEN_IN_USE')) throw error;
        await new Promise((resolve) => setTimeout(resolve, 500));
      }
    }
  }

  private static async startOnce(config: Tree | string, options: BallastOptions): Promise<Ballast> {
    const ballast = new Ballast(config, options);
    try {
      await until(() => ballast.hasEnded || /^ready .*\n/m.test(ballast.stdout), {
        what: 'the line "ready"',
        timeoutMs: READY_MS,
      });
      if (ballast.hasEnded) throw new Error('it ended before it was ready');
    } catch (error) {
      const { stdout, stderr } = ballast;
      await ballast[Symbol.asyncDispose]();
      throw new Error(`${String(error)}\n${stdout}\n${stderr}`, { cause: error });
    }
    return ballast;
  }

  get pid(): number {
    return this.child.pid!;
  }

  get hasEnded(): boolean {
    return this.child.exitCode !== null || this.child.signalCode !== null;
  }

  /** Replaces the configuration file; nothing is reloaded. */
  writeConfig(config: Tree | string): void {
    const text =
      typeof config === 'string'
        ? config
        : JSON.stringify(
            {
              admin: `unix:${this.adminSocket}`,
              log: { access: this.accessFile },
              ...OPEN,
              ...config,
            },
            null,
            2,
          );
    writeFileSync(this.configFile, text);
  }

  /** Asks the admin server. */
  admin(method: string, path: string): Promise<AdminAnswer> {
    const answer = new Promise<AdminAnswer>((resolve, reject) => {
      const asked = request(
        { socketPath: this.adminSocket, method, path, agent: false },
        (response) => {
          let text = '';
          response.setEncoding('utf8');
          response.on('data', (part: string) => {
            text += part;
          });
          response.on('end', () => {
            resolve({ status: response.statusCode ?? 0, text });
          });
        },
      );
      asked.on('error', reject);
      asked.end();
    });
    return within(answer, `${method} ${path} at the admin address`);
  }

  async status(): Promise<StatusReport> {
    return JSON.parse((await this.admin('GET', '/status')).text) as StatusReport;
  }

  /** Reads the file again; the answer says what came of it. */
  async reload(): Promise<{ ok: boolean; message: string }> {
    const { text } = await this.admin('POST', '/reload');
    return JSON.parse(text) as { ok: boolean; message: string };
  }

  /** Process ids of the workers that serve. */
  async workerPids(): Promise<number[]> {
    const { workers } = await this.status();
    return workers.filter(({ state }) => state === 'serving').map(({ pid }) => pid);
  }

  /** Sum of a metric over all its samples, or over those whose labels hold `labels`. */
  async metric(name: string, labels = ''): Promise<number> {
    const { text } = await this.admin('GET', '/metrics');
    let sum = 0;
    for (const line of text.split('\n')) {
      const match = /^([a-zA-Z_:]+)(\{.*\})? (\S+)$/.exec(line);
      if (match?.[1] === name && (match[2] ?? '').includes(labels)) sum += Number(match[3]);
    }
    return sum;
  }

  /** Waits until a server's state (see `ballast status`) is `state`. */
  async serverState(address: string, state: string): Promise<void> {
    await until(
      async () => {
        const { pools } = await this.status();
        const servers = pools.flatMap((pool) => pool.servers);
        return servers.some((server) => server.address === address && server.state === state);
      },
      { what: `server ${address} to be ${state}`, everyMs: 25 },
    );
  }

  /** The access log so far. */
  accessLines(): AccessLine[] {
    if (!existsSync(this.accessFile)) return [];
    const text = readFileSync(this.accessFile, 'utf8');
    const whole = text.slice(0, text.lastIndexOf('\n') + 1);
    return whole
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => JSON.parse(line) as AccessLine);
  }

  /** Waits for a line of the access log that meets `test`. */
  async accessLine(test: (line: AccessLine) => boolean): Promise<AccessLine> {
    return until(() => this.accessLines().find((line) => test(line)), {
      what: 'a line of the access log',
      everyMs: 25,
    });
  }

  signal(signal: NodeJS.Signals): void {
    this.child.kill(signal);
  }

  /** Resolves when the supervisor has ended. */
  exited(timeoutMs?: number): Promise<Exit> {
    return within(exitOf(this.child), 'ballast to end', timeoutMs);
  }

  /** Ends it without waiting for requests. */
  async [Symbol.asyncDispose](): Promise<void> {
    if (!this.hasEnded) {
      this.child.kill('SIGTERM');
      this.child.kill('SIGTERM');
      await endProcess(this.child, 'SIGINT', 10_000);
    }
    this.dir[Symbol.dispose]();
  }
}

/** Only root may look into processes that are closed to core dumps, and tests do look into them. */
const OPEN: Tree = process.getuid!() === 0 ? {} : { coreDumps: true };

function limited(descriptors: number | undefined): string[] {
  if (descriptors === undefined) return [];
  return ['/bin/sh', '-c', `ulimit -n ${descriptors}; exec "$0" "$@"`];
}

export type CommandResult = {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
};

/** Runs one `ballast` command to its end. */
export async function runCommand(
  args: readonly string[],
  before: readonly string[] = [],
): Promise<CommandResult> {
  const [command = '', ...rest] = [...before, BALLAST, ...args];
  const child = spawn(command, rest, { stdio: ['ignore', 'pipe', 'pipe'] });
  let stdout = '';
  let stderr = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    stdout += text;
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr += text;
  });
  const closed = new Promise<number | null>((resolve) => {
    child.once('close', (code) => {
      resolve(code);
    });
  });
  const code = await within(closed, `ballast ${args.join(' ')}`, READY_MS);
  return { code, stdout, stderr };
}
