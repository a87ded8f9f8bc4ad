/** One sample: everything is started, one contender is measured, everything is ended again. */
import { createReadStream, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { freePort } from '../test/kit/free-ports.ts';
import { Child } from './children.ts';
import { contenderOf } from './contenders/table.ts';
import { routeTarget } from './contenders/contender.ts';
import type { Balancer, Setup } from './contenders/contender.ts';
import { makeCertificate } from './certificate.ts';
import { loadReport, startLoad } from './load.ts';
import type { LoadOptions, LoadReport } from './load.ts';
import { otherCores, proportionalBytes } from './machine.ts';
import type { Options } from './options.ts';
import type { Sample } from './result.ts';
import { protocolOf } from './row.ts';
import type { HttpLoad, HttpsLoad, Load, Row, Variant } from './row.ts';
import { serverPorts, startServers } from './servers.ts';
import { makeTemporary, removeTemporary } from './temporary.ts';
import { outDir, toolPath } from './tools.ts';

/** Ticks of /proc in a second. */
const TICKS = 100;
/** Time that a balancer gets to come to rest before its memory is read, in ms. */
const SETTLE_MS = 1_000;
/** Most failed requests of a valid sample: none. */
const ERRORS_MAX = 0;
/** Least share of its rate that an open load must reach: below, something was saturated. */
const RATE_REACHED_MIN = 0.98;

type IdleLoad = HttpLoad | HttpsLoad;

/** Characters of what went wrong that are kept. */
const PROBLEM_MAX = 200;

export type SampleOptions = {
  readonly row: Row;
  readonly variant: Variant;
  readonly options: Options;
  /** Requests per second of an open load. */
  readonly rate: number;
};

type Stage = {
  readonly setup: Setup;
  readonly cores: string;
  readonly balancer: Balancer;
  readonly sink: Child | null;
  readonly targets: string | null;
};

const EMPTY: Sample = {
  value: null,
  problem: null,
  requests: 0,
  requestsPerSecond: 0,
  coreShare: 0,
  userShare: 0,
  othersShare: 0,
  stealShare: 0,
  p50Us: 0,
  p99Us: 0,
  p999Us: 0,
  loggedShare: null,
  memoryMib: null,
};

async function lineCount(file: string): Promise<number> {
  let count = 0;
  for await (const chunk of createReadStream(file)) {
    const bytes = chunk as Buffer;
    for (let at = bytes.indexOf(10); at >= 0; at = bytes.indexOf(10, at + 1)) count++;
  }
  return count;
}

function writeTargets(dir: string, routes: number): string | null {
  if (routes === 0) return null;
  const file = join(dir, 'targets');
  let text = '';
  for (let i = 0; i < routes; i++) {
    const { host, path } = routeTarget(i);
    text += `${host} ${path}small\n`;
  }
  writeFileSync(file, text);
  return file;
}

function loadOptions(stage: Stage, sample: SampleOptions, load: Load): LoadOptions {
  return {
    load,
    port: stage.setup.port,
    cores: stage.cores,
    seconds: sample.options.seconds,
    warmupSeconds: sample.options.warmupSeconds,
    pids: stage.balancer.pids(),
    core: stage.setup.core,
    rate: sample.rate,
    targets: stage.targets,
  };
}

function problemOf(report: LoadReport, rate: number): string | null {
  if (report.answered === 0) return `nothing was answered: ${report.firstError}`;
  const failed = report.errors + report.wrong;
  if (failed > ERRORS_MAX) return `${failed} failed requests: ${report.firstError}`;
  const reached = Math.round(report.answered / report.seconds);
  return reached < rate * RATE_REACHED_MIN
    ? `${reached} of ${Math.round(rate)} requests / s`
    : null;
}

function valueOf(report: LoadReport, row: Row): number {
  return row.measure === 'p99' ? report.p99Us : report.cpuNs / 1e3 / report.answered;
}

async function measureTimed(stage: Stage, sample: SampleOptions): Promise<[Sample, LoadReport]> {
  const child = startLoad(loadOptions(stage, sample, sample.row.load));
  const { warmupSeconds, seconds } = sample.options;
  const reported = loadReport(child);
  await sleep((warmupSeconds + seconds / 2) * 1e3);
  const { metricsUrl } = stage.balancer;
  if (sample.row.logs && metricsUrl !== null && child.isAlive) {
    await fetch(metricsUrl, { headers: { connection: 'close' } })
      .then((answer) => answer.arrayBuffer())
      .catch(() => null);
  }
  const report = await reported;
  const problem = problemOf(report, sample.rate);
  const ticks = report.userTicks + report.systemTicks;
  const result: Sample = {
    ...EMPTY,
    value: problem === null ? valueOf(report, sample.row) : null,
    problem,
    requests: report.answered,
    requestsPerSecond: report.answered / report.seconds,
    coreShare: report.cpuNs / 1e9 / report.seconds,
    userShare: ticks === 0 ? 0 : report.userTicks / ticks,
    othersShare: Math.max(0, (report.busyTicks / TICKS - report.cpuNs / 1e9) / report.seconds),
    stealShare: report.stealTicks / TICKS / report.seconds,
    p50Us: report.p50Us,
    p99Us: report.p99Us,
    p999Us: report.p999Us,
  };
  return [result, report];
}

/**
 * Memory of the balancer after a second of work. What a garbage collector keeps in reserve and what
 * it has not collected yet is then about the same at both readings.
 */
async function memoryAfterWork(
  stage: Stage,
  sample: SampleOptions,
  load: IdleLoad,
): Promise<number> {
  const busy: Load =
    load.kind === 'https'
      ? { ...load, mode: 'keep', connections: 64 }
      : { ...load, mode: 'closed', connections: 64 };
  await loadReport(startLoad(loadOptions(stage, sample, busy)));
  await sleep(SETTLE_MS);
  return proportionalBytes(stage.balancer.pids());
}

async function measureMemory(stage: Stage, sample: SampleOptions, load: IdleLoad): Promise<Sample> {
  const before = await memoryAfterWork(stage, sample, load);
  const child = startLoad(loadOptions(stage, sample, load));
  const [, held, errors] = await child.saying(/^held (\d+) errors (\d+)/m, 60_000);
  const after = await memoryAfterWork(stage, sample, load);
  child.process.stdin.end();
  const output = await child.ended();
  const lost = Number(/^lost (\d+)/m.exec(output)?.[1] ?? 0);
  const isWhole = Number(held) === load.connections && Number(errors) === 0 && lost === 0;
  return {
    ...EMPTY,
    value: isWhole ? (after - before) / load.connections : null,
    problem: isWhole ? null : `${held} held, ${errors} errors, ${lost} lost`,
    requests: Number(held),
    memoryMib: after / 2 ** 20,
  };
}

async function loggedShare(stage: Stage, report: LoadReport): Promise<number | null> {
  const { logFile } = stage.balancer;
  if (stage.sink !== null) {
    await stage.sink.stop();
    const lines = Number(/^lines (\d+)/m.exec(stage.sink.output)?.[1] ?? 0);
    return Math.min(1, lines / report.answeredInAll);
  }
  return logFile === null ? null : Math.min(1, (await lineCount(logFile)) / report.answeredInAll);
}

async function measure(stage: Stage, sample: SampleOptions): Promise<Sample> {
  const { load } = sample.row;
  const isIdle = load.kind === 'http' || load.kind === 'https';
  if (sample.row.measure === 'memory' && isIdle) {
    return measureMemory(stage, sample, load);
  }
  const [result, report] = await measureTimed(stage, sample);
  if (!sample.row.logs) return result;
  await stage.balancer.stop();
  return { ...result, loggedShare: await loggedShare(stage, report) };
}

async function prepare(
  dir: string,
  sample: SampleOptions,
  ports: readonly number[],
): Promise<Setup> {
  const { row, variant, options } = sample;
  return {
    dir,
    core: options.core,
    protocol: protocolOf(row.load),
    certificate: row.load.kind === 'https' ? makeCertificate(dir) : null,
    port: await freePort(),
    adminPort: await freePort(),
    origins: ports,
    logs: row.logs,
    logSocket: join(dir, 'log.sock'),
    routes: variant.routes,
    reuseAlways: variant.reuseAlways,
    asItComes: variant.asItComes,
    splice: variant.splice,
    perPacket: row.load.kind === 'udp' && row.load.perPacket,
    profileDir: options.profile ? join(outDir, 'profile', row.id, variant.id) : null,
  };
}

/** Measures one contender once. What goes wrong is in the sample, not thrown. */
export async function takeSample(sample: SampleOptions): Promise<Sample> {
  const { variant, row, options } = sample;
  const cores = otherCores(options.core);
  const dir = makeTemporary();
  const started: { stop(): Promise<void> }[] = [];
  try {
    const servers = startServers(row.load, cores);
    started.push(servers);
    const setup = await prepare(dir, sample, await serverPorts(servers));
    let sink: Child | null = null;
    if (row.logs && variant.program === 'haproxy') {
      sink = new Child({ command: toolPath('sink'), args: [setup.logSocket], cores });
      started.push(sink);
      await sink.saying(/^ready$/m);
    }
    const balancer = await contenderOf(variant.program).start(setup);
    started.push(balancer);
    const targets = writeTargets(dir, variant.routes);
    return await measure({ setup, cores, balancer, sink, targets }, sample);
  } catch (error) {
    const text = error instanceof Error ? error.message : String(error);
    return { ...EMPTY, problem: text.split('\n', 1)[0]!.slice(0, PROBLEM_MAX) };
  } finally {
    for (const one of started.reverse()) await one.stop();
    removeTemporary(dir);
  }
}
