/** A supervisor with fake workers, for tests; its configuration can be changed between reloads. */
import { writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { loadConfig } from '../config/load.ts';
import type { Plan } from '../config/plan.ts';
import { TempDir } from '../../test/kit/temp-dir.ts';
import { until } from '../../test/kit/wait.ts';
import type { LoadedConfig } from './reload.ts';
import { Outlet } from './outlet.ts';
import { createProductLog } from './product-log.ts';
import type { StatusReport, WorkerStatus } from './status-report.ts';
import { Supervisor } from './supervisor.ts';

/** What a fake worker answers. */
export type FakeAnswer = {
  readonly index: number;
  readonly pid: number;
  readonly plan: number;
  readonly health: readonly { readonly key: string; readonly state: string }[];
  /** What the certificate store holds that it uses: names of each certificate, and files. */
  readonly store: {
    readonly number: number;
    readonly names: readonly string[];
    readonly files: readonly string[];
    /** Certificates with an OCSP response. */
    readonly stapled: number;
  };
};

const FAKE_WORKER = fileURLToPath(new URL('./fake-worker-testkit.ts', import.meta.url));

export class TestSupervisor implements AsyncDisposable {
  readonly dir = new TempDir();
  /** Text of the configuration that the next reload reads. */
  config: string;
  /** Changes what the configuration means. */
  edit: (plan: Plan) => Plan = (plan) => plan;
  readonly supervisor: Supervisor;
  plan: Plan | null = null;
  /** How often it was asked to drain and end. */
  endsAsked = 0;
  #isEnded = false;

  constructor(config: string) {
    this.config = config;
    writeFileSync(this.dir.file('product.log'), '');
    const outlet = Outlet.file(this.dir.file('product.log'));
    this.supervisor = new Supervisor({
      file: this.dir.file('ballast.yaml'),
      load: (text) => Promise.resolve(this.load(text ?? this.config)),
      standard: { stdout: outlet, stderr: outlet },
      log: createProductLog({ outlet, level: 'debug', format: 'json' }),
      productVersion: '0.0.0',
      workerEntry: FAKE_WORKER,
      end: () => {
        this.endsAsked += 1;
      },
    });
  }

  /** Starts one; it is ended by disposing of it. */
  static async start(
    config: string,
    edit: (plan: Plan) => Plan = (plan) => plan,
  ): Promise<TestSupervisor> {
    const made = new TestSupervisor(config);
    made.edit = edit;
    const { plan } = made.load();
    if (plan === null) throw new Error('the configuration of the test has mistakes');
    made.plan = await made.supervisor.start(plan, config);
    return made;
  }

  load(source = this.config): LoadedConfig {
    const readFile = (): null => null;
    const options = { readFile, cores: 1 };
    const loaded = loadConfig(source, this.dir.file('ballast.yaml'), options);
    return { ...loaded, source, plan: loaded.plan === null ? null : this.edit(loaded.plan) };
  }

  /** Asks the first listener, on a connection of its own. */
  async ask(path = '/'): Promise<FakeAnswer> {
    const bind = this.plan!.listeners[0]!.binds[0]!;
    const response = await fetch(`http://127.0.0.1:${bind.port}${path}`);
    return (await response.json()) as FakeAnswer;
  }

  async status(): Promise<StatusReport> {
    const response = await fetch(`${this.supervisor.adminAddress}/status`);
    return (await response.json()) as StatusReport;
  }

  async metrics(): Promise<string> {
    return (await fetch(`${this.supervisor.adminAddress}/metrics`)).text();
  }

  /** Waits until the status is as `isSo` says. */
  async statusWhen(what: string, isSo: (report: StatusReport) => boolean): Promise<StatusReport> {
    return until(
      async () => {
        const report = await this.status();
        return isSo(report) ? report : null;
      },
      { what },
    );
  }

  async drain(): Promise<void> {
    this.#isEnded = true;
    await this.supervisor.drain();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (!this.#isEnded) await this.drain();
    this.dir[Symbol.dispose]();
  }
}

/** The workers of a report in one state. */
export function workersIn(report: StatusReport, state: string): WorkerStatus[] {
  return report.workers.filter((worker) => worker.state === state);
}
