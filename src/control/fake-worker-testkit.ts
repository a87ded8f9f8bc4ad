/**
 * A worker for tests of the supervisor: speaks the worker's protocol and answers every request with
 * `{ index, pid, plan, health, store }`, on Node's own HTTP server. What it does wrong on purpose is
 * asked for by the path: /die, /hang. /eject tells that the first server is ejected. A plan with a
 * pool named "refuse" is refused, and one with a server at 127.0.0.66. One with a pool named "slow"
 * is confirmed late.
 */
import { closeSync, fstatSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import { Socket } from 'node:net';
import { LISTENER_METER, SLOT_BYTES, SLOT_FIELDS, SLOTS_MAX } from '../base/meters.ts';
import { WORKER_METER } from '../base/meters.ts';
import { decodeStoreIndex } from '../codec/certificate-store.ts';
import type { Plan, ServerPlan } from '../config/plan.ts';
import {
  bindKey,
  FRAME_BYTES_MAX,
  storeKey,
  storeOfKey,
  WORKER_FD,
} from '../plane/worker-protocol.ts';
import type { FromWorker, ToWorker } from '../plane/worker-protocol.ts';
import { receiveFd } from '../sys/fd-passing.ts';
import { mapSealed, mapShared } from '../sys/shared-memory.ts';
import { encodeFrame, FrameReader } from './frames.ts';

/** How long the answer to a slow plan takes, in ms. */
const SLOW_MS = 3_000;

const index = Number(process.argv[2]);
const bytes = mapShared(WORKER_FD.meters, SLOTS_MAX * SLOT_BYTES);
const meters = new Float64Array(bytes.buffer, bytes.byteOffset, bytes.byteLength / 8);
const control = new Socket({ fd: WORKER_FD.control, readable: true, writable: true });
const log = new Socket({ fd: WORKER_FD.accessLog, readable: false, writable: true });
const frames = new FrameReader(FRAME_BYTES_MAX);
const servers = new Map<string, Server>();
let health: unknown = [];
let plan: Plan | null = null;
let store: unknown = null;
const stores = new Map<number, number>();

function say(message: FromWorker): void {
  control.write(encodeFrame(message));
}

function eject(): void {
  const server = plan!.pools[0]!.servers[0]!.key;
  const why = { reason: 'failures', detail: '5 in a row' };
  say({ type: 'passive', server, change: 'ejected', ...why, forMs: 600_000 });
}

function serve(fd: number): Server {
  const server = createServer((request, response) => {
    if (request.url === '/die') process.kill(process.pid, 'SIGKILL');
    if (request.url === '/hang') for (;;) continue;
    if (request.url === '/eject') eject();
    const counter = plan!.listeners[0]!.slot * SLOT_FIELDS + LISTENER_METER.requests;
    meters[counter] = meters[counter]! + 1;
    log.write(`${JSON.stringify({ index, path: request.url })}\n`);
    response.setHeader('connection', 'close');
    response.end(JSON.stringify({ index, pid: process.pid, plan: plan!.version, health, store }));
  });
  server.listen({ fd });
  return server;
}

/** A server whose plan is refused, too. */
function isRefused({ address }: ServerPlan): boolean {
  return address.host === '127.0.0.66';
}

/** Takes what was passed: stores are kept, sockets returned. */
function receive(): Map<string, number> {
  const received = new Map<string, number>();
  for (let one = receiveFd(WORKER_FD.descriptors); one !== null;) {
    const number = storeOfKey(one.text);
    if (number > 0) stores.set(number, one.fd);
    else received.set(one.text, one.fd);
    one = receiveFd(WORKER_FD.descriptors);
  }
  return received;
}

/** Uses a store, which must have come before. */
function use(number: number): void {
  const fd = stores.get(number);
  if (number > 0 && fd === undefined) throw new Error(`${storeKey(number)} was not passed`);
  const block = fd === undefined ? null : mapSealed(fd, fstatSync(fd).size).bytes;
  const { certificates, files } =
    block === null ? { certificates: [], files: {} } : decodeStoreIndex(block);
  const names = certificates.map((one) => one.names.join(' '));
  const stapled = certificates.filter(({ ocsp }) => ocsp[1] > 0).length;
  store = { number, names, files: Object.keys(files), stapled };
  for (const old of stores.values()) closeSync(old);
  stores.clear();
}

function apply(next: Plan, storeNumber: number): void {
  const received = receive();
  if (next.pools.some(({ key, servers: all }) => key === 'refuse' || all.some(isRefused))) {
    say({ type: 'refused', version: next.version, message: 'it was asked to' });
    return;
  }
  plan = next;
  use(storeNumber);
  const keys = new Set(next.listeners.flatMap(({ binds }) => binds.map(bindKey)));
  for (const [key, fd] of received) servers.set(key, serve(fd));
  for (const [key, server] of servers) {
    if (keys.has(key)) continue;
    server.close();
    servers.delete(key);
  }
  meters[WORKER_METER.planVersionLive] = next.version;
  const isSlow = next.pools.some(({ key }) => key === 'slow');
  setTimeout(() => say({ type: 'applied', version: next.version }), isSlow ? SLOW_MS : 0);
}

function handle(message: ToWorker): void {
  if (message.type === 'plan' || message.type === 'health') health = message.servers;
  if (message.type === 'plan') apply(message.plan, message.store);
  if (message.type === 'store') {
    receive();
    use(message.store);
  }
  if (message.type === 'stop') process.exit(0);
  if (message.type === 'drain') {
    for (const server of servers.values()) server.close();
    say({ type: 'drained' });
  }
}

control.on('data', (piece: Buffer) => {
  for (const message of frames.push(piece)) handle(message as ToWorker);
});
setInterval(() => {
  meters[WORKER_METER.heartbeat] = meters[WORKER_METER.heartbeat]! + 1;
}, 50);
say({ type: 'hello', pid: process.pid });
