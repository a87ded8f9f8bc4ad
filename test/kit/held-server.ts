/** What tests of draining have in common: servers that hold requests, and commands. */
import assert from 'node:assert/strict';
import type { ServerStatus, StatusReport } from '../../src/control/status-report.ts';
import { runCommand } from './ballast.ts';
import type { Ballast, CommandResult } from './ballast.ts';
import { httpAnswer, Origin } from './origin.ts';
import { ask, getBytes } from './scene.ts';

/** An HTTP server that holds the answers to `/held` until it is told to give them. */
export class HeldServer implements AsyncDisposable {
  origin!: Origin;
  release: () => void = () => {};
  checks = 0;
  readonly name: string;
  readonly #held: Promise<void>;

  private constructor(name: string) {
    this.name = name;
    this.#held = new Promise((resolve) => (this.release = resolve));
  }

  static async start(name: string): Promise<HeldServer> {
    const server = new HeldServer(name);
    server.origin = await Origin.startHttp(async ({ target }) => {
      if (target === '/healthz') server.checks += 1;
      if (target === '/held') await server.#held;
      return httpAnswer(200, name);
    });
    return server;
  }

  /** Requests but for checks. */
  get served(): number {
    return this.origin.requests.filter(({ target }) => target !== '/healthz').length;
  }

  /** As the configuration has it. */
  get plan(): { readonly address: string; readonly name: string } {
    return { address: this.origin.address, name: this.name };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.release();
    await this.origin.stop();
  }
}

/** Runs a command for the balancer of a scene, and expects this exit code. */
export async function run(
  { ballast }: { readonly ballast: Ballast },
  args: readonly string[],
  code = 0,
): Promise<CommandResult> {
  const result = await runCommand([...args, '--admin', `unix:${ballast.adminSocket}`]);
  assert.equal(result.code, code, `${args.join(' ')}\n${result.stdout}${result.stderr}`);
  return result;
}

/** Sends requests one by one; returns the names of the servers that answered. */
export async function answers(port: number, count: number): Promise<Set<string>> {
  const names = new Set<string>();
  for (let i = 0; i < count; i++) {
    const { status, body } = await ask(port, getBytes('/'));
    names.add(status === 200 ? body.toString() : String(status));
  }
  return names;
}

/** A server of a status report by its name. */
export function serverOf({ pools }: StatusReport, name: string): ServerStatus {
  return pools.flatMap(({ servers }) => servers).find((server) => server.name === name)!;
}
