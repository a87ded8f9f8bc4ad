/**
 * Processor time of 2,000 checks per second, as a share of one core. The servers are in a process
 * of their own; over loopback the kernel's work for their half of each handshake is counted here
 * all the same. `bare` makes the same connections by four system calls each and nothing else: what
 * no checker can do without. Usage: `node health-checker.bench.ts [tcp|http|bare] [seconds]`.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import * as libc from '../../sys/libc.ts';
import { AF_INET, encodeSockaddr } from '../../sys/sockaddr.ts';
import { SOCK_CLOEXEC, SOCK_NONBLOCK, SOCK_STREAM, SOL_SOCKET } from '../../sys/sockets.ts';
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

// Must match <asm-generic/socket.h>.
const SO_LINGER = 13;

/** Accepts now and then, so that no connection has to wake this process up. */
const TCP_LISTENER = `
(async () => {
  const { openListener, boundAddress } = await import('${import.meta.resolve('../../sys/sockets.ts')}');
  const libc = await import('${import.meta.resolve('../../sys/libc.ts')}');
  const any = { family: 'ipv4', host: '0.0.0.0', port: 0 };
  const fd = openListener(any, { backlog: 4096, nodelay: false });
  setInterval(() => {
    for (;;) {
      const accepted = libc.accept4(fd, 0, 0, 0);
      if (accepted < 0) break;
      libc.close(accepted);
    }
  }, 100);
  console.log(boundAddress(fd).port);
  process.stdin.resume().on('end', () => process.exit(0));
})();
`;

const HTTP_LISTENER = `
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

/** Socket, connect, linger, close: twenty times each ten milliseconds, as the checker turns. */
async function bare(port: number, seconds: number): Promise<number> {
  const linger = libc.lastingAddressOf(new Int32Array([1, 0]));
  const address = encodeSockaddr(ipv4('127.0.1.1', port));
  const at = libc.lastingAddressOf(address);
  const endMs = performance.now() + seconds * 1000;
  let count = 0;
  while (performance.now() < endMs) {
    for (let i = 0; i < 20; i++, count++) {
      const fd = libc.socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
      libc.connect(fd, at, address.length);
      libc.setsockopt(fd, SOL_SOCKET, SO_LINGER, linger, 8);
      libc.close(fd);
    }
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  return count;
}

async function main(kind: string, seconds: number): Promise<void> {
  const script = kind === 'http' ? HTTP_LISTENER : TCP_LISTENER;
  const listener = spawn(process.execPath, ['-e', script], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const [line] = (await once(listener.stdout, 'data')) as [Buffer];
  const port = Number(line.toString());
  if (kind === 'bare') {
    const before = process.cpuUsage();
    const probes = await bare(port, seconds);
    report(kind, { elapsedMs: seconds * 1000, probes, used: process.cpuUsage(before) });
  } else {
    await checked(kind, port, seconds);
  }
  listener.stdin.end();
}

async function checked(kind: string, port: number, seconds: number): Promise<void> {
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
  const used = process.cpuUsage(before);
  const probes = checker.counters.probes - probesBefore;
  const up = [...checker.states()].filter((state) => state.observed === 'up').length;
  checker.stop();
  report(kind, { elapsedMs, probes, used }, { up, waits: checker.probeWaits });
}

type Measured = {
  readonly elapsedMs: number;
  readonly probes: number;
  readonly used: NodeJS.CpuUsage;
};

function report(kind: string, { elapsedMs, probes, used }: Measured, more: object = {}): void {
  const { user, system } = used;
  const figures = {
    kind,
    probesPerSecond: Math.round((probes * 1000) / elapsedMs),
    coreShare: ((user + system) / 1000 / elapsedMs).toFixed(3),
    userUsPerProbe: (user / probes).toFixed(1),
    systemUsPerProbe: (system / probes).toFixed(1),
    ...more,
  };
  process.stdout.write(`${JSON.stringify(figures)}\n`);
}

await main(process.argv[2] ?? 'tcp', Number(process.argv[3] ?? 5));
