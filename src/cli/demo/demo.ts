/** `ballast demo`: three sample servers, a balancer before them, and something going wrong. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { hasColours } from '../print.ts';
import { EXIT } from '../exit-codes.ts';
import { BalancerProcess } from './balancer-process.ts';
import { demoConfig } from './demo-config.ts';
import { eventLine, logEvent, trafficLine, type EventKind } from './event-line.ts';
import { freePort } from './free-port.ts';
import { SampleServer, type Failure } from './sample-server.ts';
import { Traffic } from './traffic.ts';

const NAMES = ['alder', 'birch', 'cedar'];
/** How often the rate is printed, in ms. */
const RATE_EVERY_MS = 5_000;
/** When the first server fails, how long it stays so, and how long all are well then, in ms. */
const FIRST_FAILURE_MS = 6_000;
const FAILED_FOR_MS = 8_000;
const WELL_FOR_MS = 12_000;

const ENDING = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/** Runs until Ctrl-C; leaves nothing behind. */
export async function demo(): Promise<void> {
  const run = new Demo();
  const interrupted = new Promise<string>((resolve) => {
    for (const signal of ENDING) process.on(signal, () => resolve(''));
    process.stdout.on('error', () => resolve(''));
  });
  try {
    const ended = await Promise.race([interrupted, run.start().then(() => run.balancerEnded())]);
    if (ended !== '') {
      run.say('down', `the balancer ended by itself: ${ended}`);
      process.exitCode = EXIT.refused;
    }
  } finally {
    await run.end();
  }
}

class Demo {
  readonly #isColoured = hasColours(process.stdout);
  readonly #folder = mkdtempSync(join(tmpdir(), 'ballast-demo-'));
  readonly #servers: SampleServer[];
  readonly #timers = new Set<NodeJS.Timeout>();
  #balancer: BalancerProcess | null = null;
  #traffic: Traffic | null = null;
  #isEnding = false;

  constructor() {
    const page = readFileSync(new URL('./page.html', import.meta.url), 'utf8');
    this.#servers = NAMES.map((name) => new SampleServer(name, page));
  }

  async start(): Promise<void> {
    for (const server of this.#servers) await server.start();
    const web = `127.0.0.1:${await freePort(8080)}`;
    const admin = `127.0.0.1:${await freePort(9900)}`;
    const configFile = join(this.#folder, 'ballast.yaml');
    const accessLog = join(this.#folder, 'access.log');
    writeFileSync(configFile, demoConfig({ web, admin, servers: this.#servers, accessLog }));
    if (this.#isEnding) return;
    this.#balancer = new BalancerProcess({
      configFile,
      onLogLine: (line) => this.#write(logEvent(line, this.#isColoured)),
    });
    await this.#balancer.ready();
    if (this.#isEnding) return;
    this.#write(introduction({ web, admin, configFile, accessLog }));
    this.#traffic = new Traffic(`http://${web}/whoami`);
    this.#every(RATE_EVERY_MS, () => this.#sayRate());
    this.#after(FIRST_FAILURE_MS, () => this.#failNext(0));
  }

  /** Resolves with a few words when the balancer has ended. */
  async balancerEnded(): Promise<string> {
    return (await this.#balancer?.ended) ?? '';
  }

  /** Ends everything that the demo has started, in order. */
  async end(): Promise<void> {
    this.#isEnding = true;
    for (const timer of this.#timers) clearTimeout(timer);
    this.#traffic?.stop();
    await this.#balancer?.end();
    await Promise.all(this.#servers.map((server) => server.stop()));
    rmSync(this.#folder, { recursive: true, force: true });
    this.say('note', 'ended: nothing is left running');
  }

  say(kind: EventKind, text: string): void {
    this.#write(eventLine(kind, text, this.#isColoured));
  }

  #sayRate(): void {
    const counts = this.#traffic!.take();
    this.#write(trafficLine(counts, RATE_EVERY_MS / 1_000, this.#isColoured));
  }

  /** Lets one server after the other fail, now as a crash, now as a sickness. */
  #failNext(turn: number): void {
    const server = this.#servers[(turn + 1) % this.#servers.length]!;
    const how: Failure = turn % 2 === 0 ? 'crash' : 'sick';
    const words =
      how === 'crash' ? 'crashes: nothing listens there' : 'answers its checks with 503';
    this.say('act', `${server.name} ${words} (on purpose)`);
    void server.fail(how);
    this.#after(FAILED_FOR_MS, () => {
      this.say('act', `${server.name} heals (on purpose)`);
      server.heal().catch((error: Error) => this.say('down', `${server.name}: ${error.message}`));
      this.#after(WELL_FOR_MS, () => this.#failNext(turn + 1));
    });
  }

  #after(delayMs: number, action: () => void): void {
    const timer = setTimeout(() => {
      this.#timers.delete(timer);
      if (!this.#isEnding) action();
    }, delayMs);
    this.#timers.add(timer);
  }

  #every(periodMs: number, action: () => void): void {
    this.#timers.add(setInterval(action, periodMs));
  }

  #write(text: string): void {
    if (text !== '') process.stdout.write(text);
  }
}

type Introduction = {
  readonly web: string;
  readonly admin: string;
  readonly configFile: string;
  readonly accessLog: string;
};

function introduction({ web, admin, configFile, accessLog }: Introduction): string {
  return `
  Open    http://${web}/          a page that asks the balancer four times a second
          http://${admin}/          the dashboard: servers, traffic, events
          http://${admin}/metrics   what Prometheus would read

  Try     bin/ballast status --admin ${admin}
          tail -f ${accessLog}
          less ${configFile}

  Ctrl-C ends the demo and leaves nothing behind.

`;
}
