// The client of the demonstration: connections that stay, half of them asked each 100 ms and half of
// them pushed to, and new ones all the time. Says each 100 ms how all of them are.
import { connect } from 'node:net';
import { PORTS } from './probe-result.ts';
import type { DemoReport } from './demo-report.ts';

const [host = '', count = '100'] = process.argv.slice(2);
const FRESH_EVERY_MS = 20;
const FRESH_LIMIT_MS = 5_000;
const REPORT_MS = 100;

const total = { open: 0, lost: 0, opened: 0, failed: 0 };
let answeredMs = performance.now();
let gapMs = 0;

function answered(): void {
  const now = performance.now();
  gapMs = Math.max(gapMs, now - answeredMs);
  answeredMs = now;
}

function open(kind: 'ping' | 'push'): Promise<void> {
  return new Promise((resolve) => {
    const socket = connect({ host, port: PORTS.tcp });
    socket.setNoDelay(true);
    socket.on('connect', () => socket.write(kind === 'push' ? 'push' : 'hello'));
    socket.once('data', () => {
      total.open++;
      resolve();
      if (kind === 'ping') setInterval(() => socket.write('x'), 100);
    });
    socket.on('data', answered);
    let isLost = false;
    const lose = (): void => {
      if (!isLost) total.lost++;
      isLost = true;
      resolve();
    };
    socket.on('error', lose);
    socket.on('close', lose);
  });
}

function openFresh(): void {
  const socket = connect({ host, port: PORTS.tcp });
  let isOver = false;
  const end = (isWell: boolean): void => {
    if (isOver) return;
    isOver = true;
    clearTimeout(timer);
    socket.destroy();
    if (isWell) total.opened++;
    else total.failed++;
  };
  const timer = setTimeout(() => end(false), FRESH_LIMIT_MS);
  socket.on('connect', () => socket.write('hello'));
  socket.on('data', () => end(true));
  socket.on('error', () => end(false));
  socket.on('close', () => end(false));
}

for (let i = 0; i < Number(count) / 2; i++) {
  await Promise.all((['ping', 'push'] as const).map(open));
}
answeredMs = performance.now();
gapMs = 0;
setInterval(openFresh, FRESH_EVERY_MS);
setInterval(() => {
  const silentMs = performance.now() - answeredMs;
  const report: DemoReport = { ...total, gapMs: Math.max(gapMs, silentMs) };
  gapMs = 0;
  process.stdout.write(`${JSON.stringify(report)}\n`);
}, REPORT_MS);
