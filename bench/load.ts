/** Runs the load generators: bench/c/load.c, tls-load.c, tcp-load.c and udp-load.c. */
import { Child } from './children.ts';
import type { HttpLoad, Load } from './row.ts';
import { toolPath } from './tools.ts';
import type { Tool } from './tools.ts';

/** What a load generator prints about its measured window. */
export type LoadReport = {
  readonly seconds: number;
  readonly answered: number;
  readonly errors: number;
  readonly wrong: number;
  readonly reconnects: number;
  readonly bytes: number;
  readonly warmupErrors: number;
  readonly answeredInAll: number;
  /** Processor time of the watched processes within the window. */
  readonly cpuNs: number;
  readonly userTicks: number;
  readonly systemTicks: number;
  /** Ticks in which the balancer's core ran anything, and in which the hypervisor took it. */
  readonly busyTicks: number;
  readonly stealTicks: number;
  readonly p50Us: number;
  readonly p90Us: number;
  readonly p99Us: number;
  readonly p999Us: number;
  readonly maxUs: number;
  readonly firstError: string;
};

export type LoadOptions = {
  readonly load: Load;
  readonly port: number;
  readonly cores: string;
  readonly seconds: number;
  readonly warmupSeconds: number;
  /** Processes whose time is taken, and their core. */
  readonly pids: readonly number[];
  readonly core: number;
  /** Requests per second in open mode. */
  readonly rate: number;
  /** A file of "HOST PATH" lines, or null. */
  readonly targets: string | null;
};

function httpArgs(load: HttpLoad, options: LoadOptions): readonly string[] {
  const args = [
    `mode=${load.mode}`,
    `connections=${load.connections}`,
    `path=${load.path}`,
    `expect=${load.expect}`,
    `upload=${load.uploadBytes}`,
    `browser=${load.browser ? 1 : 0}`,
    `rate=${Math.max(1, Math.round(options.rate))}`,
  ];
  return options.targets === null ? args : [...args, `targets=${options.targets}`];
}

function commandOf(options: LoadOptions): { tool: Tool; args: readonly string[] } {
  const { load } = options;
  if (load.kind === 'http') return { tool: 'load', args: httpArgs(load, options) };
  if (load.kind === 'https') {
    const { mode, connections, path, expect } = load;
    const args = [`mode=${mode}`, `connections=${connections}`, `path=${path}`, `expect=${expect}`];
    return { tool: 'tls-load', args };
  }
  if (load.kind === 'tcp') {
    const args = [`mode=${load.mode}`, `connections=${load.connections}`];
    return { tool: 'tcp-load', args };
  }
  const args = [`ports=${load.ports}`, `outstanding=${load.outstanding}`];
  return { tool: 'udp-load', args };
}

/** Starts the load; its report comes when it ends. */
export function startLoad(options: LoadOptions): Child {
  const { tool, args } = commandOf(options);
  const common = [
    `port=${options.port}`,
    `seconds=${options.seconds}`,
    `warmup=${options.warmupSeconds}`,
    `pids=${options.pids.join(',')}`,
    `core=${options.core}`,
  ];
  return new Child({
    command: toolPath(tool),
    args: [...common, ...args],
    cores: options.cores,
  });
}

/** Waits for the end of a timed load. */
export async function loadReport(child: Child): Promise<LoadReport> {
  return JSON.parse(await child.ended()) as LoadReport;
}
