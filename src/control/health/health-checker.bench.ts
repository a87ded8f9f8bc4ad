/**
 * Processor time of 2,000 checks per second, as a share of one core. The servers are in a process
 * of their own. Usage: `node health-checker.bench.ts [tcp|http] [seconds]`.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { systemHealthClock } from './health-clock.ts';
import { HealthChecker } from './health-checker.ts';
import { runProbe } from './run-probe.ts';
import {
  TCP_PROBE,
  checkPlan,
  httpProbePlan,
  ipv4,
  planOf,
  poolPlan,
  serverPlan,
} from './test-plan.ts';

const SERVERS = 2000;

const LISTENER = `
const { createServer } = require('node:net');
const answer = 'HTTP/1.1 200 OK\\r\\nContent-Length: 2\\r\\nConnection: close\\r\\n\\r\\nok';
const server = createServer((socket) => {
  socket.on('error', () => {});
  socket.once('data', () => socket.end(answer));
});
server.listen(0, '0.0.0.0', 4096, () => console.log(server.address().port));
process.stdin.resume().on('end', () => process.exit(0));
`;

const HTTP = httpProbePlan({ path: '/healthz', host: 'health.test' });

async function main(kind: string, seconds: number): Promise<void> {
  const listener = spawn(process.execPath, ['-e', LISTENER], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const [line] = (await once(listener.stdout, 'data')) as [Buffer];
  const port = Number(line.toString());
  const servers = Array.from({ length: SERVERS }, (_, i) =>
    serverPlan('p', String(i), ipv4(`127.0.${1 + (i >> 8)}.${i & 255}`, port)),
  );
  const checker = new HealthChecker({
    clock: systemHealthClock,
    random: Math.random,
    probe: runProbe,
    onChange: () => undefined,
  });
  const probe = kind === 'http' ? HTTP : TCP_PROBE;
  checker.apply(planOf([poolPlan('p', checkPlan({ probe, jitterPercent: 10 }), servers)]));
  await new Promise((resolve) => setTimeout(resolve, 2000));
  const before = process.cpuUsage();
  const probesBefore = checker.counters.probes;
  const startMs = performance.now();
  await new Promise((resolve) => setTimeout(resolve, seconds * 1000));
  const elapsedMs = performance.now() - startMs;
  const { user, system } = process.cpuUsage(before);
  const probes = checker.counters.probes - probesBefore;
  const up = [...checker.states()].filter((state) => state.observed === 'up').length;
  checker.stop();
  listener.stdin.end();
  const report = {
    kind,
    up,
    probesPerSecond: Math.round((probes * 1000) / elapsedMs),
    coreShare: ((user + system) / 1000 / elapsedMs).toFixed(3),
    userUsPerProbe: (user / probes).toFixed(1),
    systemUsPerProbe: (system / probes).toFixed(1),
    waits: checker.probeWaits,
  };
  process.stdout.write(`${JSON.stringify(report, null, 2)}\n`);
}

await main(process.argv[2] ?? 'tcp', Number(process.argv[3] ?? 5));
