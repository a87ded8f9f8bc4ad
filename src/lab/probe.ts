// The lab's probe, in the client's namespace: open-loop, so that a silence is seen in its full length.
// Writes "open" when all connections are, and the result when its standard input ends.
import { connect, type Socket } from 'node:net';
import { arpProbe, decodeArp, ETHERTYPE_ARP } from '../codec/arp.ts';
import { parseIp } from '../codec/ip-address.ts';
import { equalBytes, formatMac, parseMac } from '../codec/mac.ts';
import {
  interfaceIndex,
  openPacketSocket,
  receiveFrames,
  sendFrame,
} from '../sys/packet-sockets.ts';
import { networkInterfaces } from 'node:os';
import { createSocket } from 'node:dgram';
import {
  PORTS,
  type Datagram,
  type FreshRequest,
  type OwnerLook,
  type ProbeResult,
} from './probe-result.ts';

const [host = '', each = '50'] = process.argv.slice(2);
const FRESH_EVERY_MS = 10;
const FRESH_LIMIT_MS = 2_000;
const KEPT = 4;
const KEPT_EVERY_MS = 50;
const KEPT_LIMIT_MS = 2_000;
const LOOK_EVERY_MS = 20;
const SETTLE_MS = 3_000;
const FLOWS = 10;
const FLOW_EVERY_MS = 50;
const REQUEST = 'GET / HTTP/1.1\r\nHost: lab\r\n\r\n';
const CLOSING = 'GET / HTTP/1.1\r\nHost: lab\r\nConnection: close\r\n\r\n';

const began = performance.now();
const now = (): number => performance.now() - began;
const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

const fresh: FreshRequest[] = [];
function askFresh(): void {
  const startMs = now();
  const socket = connect({ host, port: PORTS.http });
  let isOver = false;
  const end = (fault: string): void => {
    if (isOver) return;
    isOver = true;
    clearTimeout(timer);
    socket.destroy();
    fresh.push({ startMs, endMs: now(), fault });
  };
  const timer = setTimeout(() => end('timeout'), FRESH_LIMIT_MS);
  socket.on('connect', () => socket.write(CLOSING));
  socket.on('data', (data) => end(data.includes(' 200 ') ? '' : data.toString('latin1', 9, 12)));
  socket.on('error', (error) => end((error as NodeJS.ErrnoException).code ?? 'error'));
  socket.on('close', () => end('closed'));
}

const kept = { sent: 0, failed: 0 };
/** One connection that is used again and again, and opened anew when it has failed. */
async function keepAsking(): Promise<void> {
  let socket: Socket | null = null;
  for (; !isEnding; await pause(KEPT_EVERY_MS)) {
    kept.sent++;
    socket = await askKept(socket);
    if (socket === null) kept.failed++;
  }
}

function askKept(before: Socket | null): Promise<Socket | null> {
  return new Promise((resolve) => {
    // One that was ended between two requests is opened anew, as clients do.
    const isOpen = before !== null && before.readyState === 'open';
    const socket = isOpen ? before : connect({ host, port: PORTS.http });
    const end = (isWell: boolean): void => {
      clearTimeout(timer);
      socket.removeAllListeners();
      socket.on('error', () => {});
      if (!isWell || isLast) socket.destroy();
      resolve(isWell ? socket : null);
    };
    const timer = setTimeout(() => end(false), KEPT_LIMIT_MS);
    let isLast = false;
    socket.once('data', (data) => {
      isLast = /\r\nconnection: *close\r\n/i.test(data.toString('latin1'));
      end(data.includes(' 200 '));
    });
    socket.once('error', () => end(false));
    socket.once('close', () => end(false));
    socket.write(REQUEST);
  });
}

type Kind = 'ping' | 'idle' | 'push';
type Client = { readonly kind: Kind; readonly socket: Socket; answers: number; isLost: boolean };
const clients: Client[] = [];

function openClient(kind: Kind): Promise<void> {
  return new Promise((resolve) => {
    const socket = connect({ host, port: PORTS.tcp });
    const client: Client = { kind, socket, answers: 0, isLost: false };
    clients.push(client);
    const lose = (): void => {
      client.isLost = true;
      resolve();
    };
    socket.setNoDelay(true);
    socket.on('data', () => client.answers++);
    socket.once('data', () => resolve());
    socket.on('error', lose);
    socket.on('close', lose);
    socket.on('connect', () => socket.write(kind === 'push' ? 'push' : 'hello'));
  });
}

const datagrams: Datagram[] = [];
/** A flow of datagrams from one port, each answered with the same bytes. */
function startFlow(): void {
  const socket = createSocket('udp4');
  socket.on('error', () => {});
  socket.on('message', (message) => {
    const one = datagrams[Number(message.toString('latin1'))];
    if (one !== undefined) one.isAnswered = true;
  });
  socket.connect(PORTS.udp, host, () => {
    setInterval(() => {
      if (isEnding) return;
      const number = datagrams.push({ atMs: now(), isAnswered: false }) - 1;
      socket.send(String(number), () => {});
    }, FLOW_EVERY_MS);
  });
}

const looks: OwnerLook[] = [];
function watchOwners(): void {
  const fd = openPacketSocket(ETHERTYPE_ARP, interfaceIndex('eth0'));
  const mac = parseMac(networkInterfaces()['eth0']?.[0]?.mac ?? '')!;
  const question = arpProbe(mac, parseIp(host)!);
  const address = parseIp(host)!;
  setInterval(() => {
    const macs = new Set<string>();
    receiveFrames(fd, (frame) => {
      const arp = decodeArp(frame);
      if (arp?.operation === 'reply' && equalBytes(arp.senderIp, address)) {
        // Answers to us alone: gratuitous ones come from nodes that may be about to let go.
        if (!equalBytes(arp.targetIp, address)) macs.add(formatMac(arp.senderMac));
      }
    });
    looks.push({ atMs: now(), macs: [...macs] });
    sendFrame(fd, question);
  }, LOOK_EVERY_MS);
}

let stallMs = 0;
let lastMs = now();
setInterval(() => {
  stallMs = Math.max(stallMs, now() - lastMs - 5);
  lastMs = now();
}, 5);

let isEnding = false;
for (let i = 0; i < Number(each); i++) {
  await Promise.all((['ping', 'idle', 'push'] as const).map(openClient));
}
const pinging = setInterval(() => {
  for (const { kind, socket, isLost } of clients) if (kind === 'ping' && !isLost) socket.write('x');
}, 100);
watchOwners();
for (let i = 0; i < KEPT; i++) void keepAsking();
for (let i = 0; i < FLOWS; i++) startFlow();
let asked = 0;
const asking = setInterval(() => {
  // Those that a late timer has left out are made up for: the loop stays open.
  for (; asked * FRESH_EVERY_MS < now() - firstMs; asked++) askFresh();
}, FRESH_EVERY_MS / 2);
const firstMs = now();
process.stdout.write(`open ${began + performance.timeOrigin}\n`);

process.stdin.resume();
await new Promise((resolve) => process.stdin.once('end', resolve));
clearInterval(asking);
// Datagrams of the last moment may still be under way.
const endedMs = now();
const before = clients.map(({ answers }) => answers);
for (const { kind, socket, isLost } of clients) if (kind === 'idle' && !isLost) socket.write('x');
await pause(SETTLE_MS);
isEnding = true;
clearInterval(pinging);

const lived = (kind: Kind): { opened: number; lost: number } => {
  const all = clients.map((client, i) => ({ ...client, heard: client.answers > before[i]! }));
  const own = all.filter((client) => client.kind === kind);
  return { opened: own.length, lost: own.filter(({ isLost, heard }) => isLost || !heard).length };
};
const result: ProbeResult = {
  fresh,
  kept,
  established: { ping: lived('ping'), idle: lived('idle'), push: lived('push') },
  datagrams: datagrams.filter(({ atMs }) => atMs < endedMs),
  owners: looks,
  ownStallMs: stallMs,
};
process.stdout.write(`${JSON.stringify(result)}\n`, () => process.exit(0));
