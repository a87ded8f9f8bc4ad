// Random mixtures of everything that the two ends of a session do, with reloads, a server that comes
// and goes, queues and PROXY headers meanwhile. SOAK_SEED repeats the choices of a run.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { readdirSync, readlinkSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import type { ListenOptions, Server, Socket } from 'node:net';
import { test } from 'node:test';
import { Ballast } from '../kit/ballast.ts';
import type { Tree } from '../kit/config.ts';
import { freePort, portOf } from '../kit/free-ports.ts';
import { TempDir } from '../kit/temp-dir.ts';
import { delay, until, within } from '../kit/wait.ts';
import { ChaosEnd, ChaosRun } from './chaos-stream.ts';
import { Random } from './random.ts';

const SOAK_MS = 12_000;
const CLIENTS = 12;
/** Past the last limit of a session that is over. */
const TAIL_MS = 12_000;
/** Pipes for bulk that a worker keeps: see docs/tcp.md. */
const PIPE_DESCRIPTORS_MAX = 64;
/** Version 2 with IPv4 addresses, and with its checksum. */
const V2_BYTES = 16 + 12 + 7;

const KINDS = ['plain', 'fragile', 'proxied', 'screened', 'limited', 'unix'] as const;
type Kind = (typeof KINDS)[number];

/** A generator of its own; one that began at an output of another would repeat what that gives. */
function fork(random: Random): Random {
  return new Random(Math.imul(random.next(), 0x9e3779b1));
}

/** A server whose every connection is one end of a session. */
class ChaosServer {
  readonly #server: Server;
  readonly #ends = new Set<ChaosEnd>();

  constructor(run: ChaosRun, kind: Kind, random: Random) {
    this.#server = createServer({ allowHalfOpen: true }, (socket) => {
      void this.#serve(socket, run, kind, fork(random)).catch((error: unknown) => {
        run.faults.push(`${kind} server: ${String(error)}`);
      });
    });
  }

  async listen(options: ListenOptions): Promise<string> {
    this.#server.listen({ backlog: 1024, ...options });
    await once(this.#server, 'listening');
    return options.path === undefined
      ? `127.0.0.1:${portOf(this.#server)}`
      : `unix:${options.path}`;
  }

  async #serve(socket: Socket, run: ChaosRun, kind: Kind, random: Random): Promise<void> {
    let header: Buffer | null = null;
    if (kind === 'proxied') {
      header = await readHeader(socket);
      // The session was cut before its header had come.
      if (header === null) return;
    }
    const end = new ChaosEnd(socket, {
      run,
      random,
      name: `${kind} server`,
      mayBeCut: kind === 'fragile',
      isUnix: kind === 'unix',
      mayBeLast: false,
      onNumber: (number) => {
        if (header === null) return;
        const port = header.readUInt16BE(24);
        if (port !== number % 65_536) run.faults.push(`the header of ${port} before ${number}`);
      },
    });
    this.#ends.add(end);
    await end.play();
    this.#ends.delete(end);
  }

  /** Ends it and every connection that it has. */
  stop(): void {
    this.#server.close();
    for (const end of this.#ends) end.cut();
  }
}

/** Takes the header of version 2 that a pool sends off a connection; null where it ends before. */
async function readHeader(socket: Socket): Promise<Buffer | null> {
  const over = new Promise<null>((resolve) => {
    socket.on('error', () => undefined);
    socket.once('close', () => resolve(null));
    socket.once('end', () => resolve(null));
  });
  for (;;) {
    const header = socket.read(V2_BYTES) as Buffer | null;
    if (header !== null) return header.length === V2_BYTES ? header : null;
    const more = new Promise<boolean>((resolve) => socket.once('readable', () => resolve(true)));
    if ((await Promise.race([more, over])) === null) {
      socket.destroy();
      return null;
    }
  }
}

type Addresses = Readonly<Record<Kind, readonly string[]>>;
type Ports = Readonly<Record<Exclude<Kind, 'unix'>, number>>;

function configOf(ports: Ports, path: string, servers: Addresses, round: number): Tree {
  const timeouts = { idle: '30s', halfClosed: '30s', hello: `${10 + (round % 2)}s` };
  const listeners: Record<string, Tree> = {
    unix: { bind: `unix:${path}`, protocol: 'tcp', timeouts, pool: 'unix' },
  };
  for (const kind of Object.keys(ports) as (keyof Ports)[]) {
    const bind = `127.0.0.1:${ports[kind]}`;
    listeners[kind] = { bind, protocol: 'tcp', timeouts, pool: kind };
  }
  Object.assign(listeners['proxied']!, { proxyProtocol: { from: ['127.0.0.0/8'] } });
  Object.assign(listeners['screened']!, { proxyProtocol: { from: ['10.0.0.0/8'] } });
  const balance = (['least-connections', 'random-of-two', 'least-time'] as const)[round % 3];
  return {
    workers: 1,
    limits: { bufferMemory: '64MiB' },
    listeners,
    pools: {
      plain: { servers: round % 2 === 0 ? servers.plain : servers.plain.slice(1), balance },
      fragile: { servers: servers.fragile, retry: { budget: '100%' } },
      proxied: { servers: servers.proxied, proxyProtocol: 'v2', balance: 'source-hash' },
      screened: { servers: servers.screened },
      limited: {
        servers: servers.limited,
        maxConnections: 1 + (round % 2),
        queue: { size: 100, timeout: '60s' },
      },
      unix: { servers: servers.unix },
    },
  };
}

/** Opens sessions, one after the other, until `until`. */
async function chaosClient(
  run: ChaosRun,
  ports: Ports,
  path: string,
  options: { readonly until: number; readonly random: Random },
): Promise<void> {
  const { random } = options;
  while (performance.now() < options.until) {
    const kind = random.pick(KINDS);
    const address = kind === 'unix' ? { path } : { port: ports[kind], host: '127.0.0.1' };
    const socket = connect({ ...address, allowHalfOpen: true });
    const failed = once(socket, 'error').then(([error]) => error as Error);
    const error = await Promise.race([failed, once(socket, 'connect').then(() => null)]);
    if (error !== null) {
      // A server that resets at once may be quicker than the event of the connection.
      run.count(`${kind} refused`);
      if (!String(error).includes('ECONNRESET'))
        run.faults.push(`${kind} client: ${String(error)}`);
      continue;
    }
    failed.catch(() => undefined);
    run.count(kind);
    const numbered: { preamble?: Buffer } = {};
    const end = new ChaosEnd(socket, {
      run,
      random,
      name: `${kind} client`,
      mayBeCut: kind === 'fragile',
      isUnix: kind === 'unix',
      mayBeLast: true,
      get preamble(): Buffer | undefined {
        return numbered.preamble;
      },
    } as ConstructorParameters<typeof ChaosEnd>[1]);
    if (kind === 'proxied') {
      const port = end.number % 65_536;
      numbered.preamble = Buffer.from(`PROXY TCP4 192.0.2.7 198.51.100.9 ${port} 443\r\n`);
    }
    await end.play();
  }
}

/** Descriptors of a process: pipes, and all others. */
function descriptorsOf(pid: number): { pipes: number; others: string[] } {
  const links = readdirSync(`/proc/${pid}/fd`).flatMap((fd) => {
    try {
      return [readlinkSync(`/proc/${pid}/fd/${fd}`)];
    } catch {
      return [];
    }
  });
  const others = links.filter((link) => !link.startsWith('pipe:'));
  return { pipes: links.length - others.length, others: others.map((link) => link.slice(0, 6)) };
}

/** Gauges that are 0 when nothing is under way, and counters of what must not happen. */
const GAUGES = [
  'ballast_connections',
  'ballast_upstream_connections',
  'ballast_buffer_bytes',
  'ballast_listener_connections',
  'ballast_pool_requests_active',
  'ballast_pool_queue_length',
  'ballast_server_requests_active',
  'ballast_exceptions_total',
  'ballast_worker_restarts_total',
] as const;

async function gaugesLeft(ballast: Ballast): Promise<string[]> {
  const values = await Promise.all(GAUGES.map((name) => ballast.metric(name)));
  return GAUGES.flatMap((name, i) => (values[i] === 0 ? [] : [`${name} ${values[i]}`]));
}

test('after any mixture of sessions nothing is left, and every byte was in its place', async (t) => {
  const seed = Number(process.env['SOAK_SEED'] ?? Math.floor(Math.random() * 2 ** 31));
  t.diagnostic(`SOAK_SEED=${seed}`);
  const random = new Random(seed);
  const run = new ChaosRun();
  using dir = new TempDir();
  const servers: ChaosServer[] = [];
  const start = async (
    kind: Kind,
    options: ListenOptions = { host: '127.0.0.1', port: 0 },
  ): Promise<string> => {
    const server = new ChaosServer(run, kind, fork(random));
    servers.push(server);
    return server.listen(options);
  };
  const fragilePort = await freePort();
  const addresses: Addresses = {
    plain: [await start('plain'), await start('plain')],
    fragile: [await start('fragile'), `127.0.0.1:${fragilePort}`],
    proxied: [await start('proxied'), await start('proxied')],
    screened: [await start('screened')],
    limited: [await start('limited'), await start('limited')],
    unix: [await start('unix', { path: dir.file('server.sock') })],
  };
  const path = dir.file('listener.sock');
  const ports: Ports = {
    plain: await freePort(),
    fragile: await freePort(),
    proxied: await freePort(),
    screened: await freePort(),
    limited: await freePort(),
  };
  await using ballast = await Ballast.start(configOf(ports, path, addresses, 0));
  const [worker] = (await ballast.workerPids()) as [number];
  const before = descriptorsOf(worker);
  const end = performance.now() + SOAK_MS;
  const clients = Array.from({ length: CLIENTS }, () =>
    chaosClient(run, ports, path, { until: end, random: fork(random) }),
  );
  let fragile: ChaosServer | null = null;
  for (let round = 1; performance.now() < end; round++) {
    await delay(400);
    ballast.writeConfig(configOf(ports, path, addresses, round));
    const { ok, message } = await ballast.reload();
    assert.ok(ok, message);
    fragile?.stop();
    fragile = null;
    if (round % 3 !== 0) {
      fragile = new ChaosServer(run, 'fragile', fork(random));
      await fragile.listen({ host: '127.0.0.1', port: fragilePort });
    }
  }
  const context = (): string =>
    `SOAK_SEED=${seed} ${JSON.stringify([...run.tally].sort())}\n${ballast.stderr.slice(-2_000)}`;
  await within(Promise.all(clients), 'the last sessions', TAIL_MS).catch((error: unknown) => {
    run.faults.push(String(error), ...[...run.ends].map(String));
  });
  fragile?.stop();
  for (const server of servers) server.stop();
  assert.deepEqual(run.faults.slice(0, 5), [], context());
  await until(async () => (await gaugesLeft(ballast)).length === 0, {
    what: 'idleness',
    timeoutMs: 5_000,
  }).catch(() => undefined);
  assert.deepEqual(await gaugesLeft(ballast), [], context());
  const after = descriptorsOf(worker);
  assert.deepEqual(after.others.sort(), before.others.sort(), context());
  assert.ok(after.pipes - before.pipes <= PIPE_DESCRIPTORS_MAX, context());
  const { pools } = await ballast.status();
  for (const pool of pools) {
    assert.equal(pool.requestsLive, 0);
    for (const server of pool.servers) assert.equal(server.requestsLive, 0);
  }
  assert.ok((run.tally.get('bytes') ?? 0) > 50e6, context());
  assert.ok(
    KINDS.every((kind) => (run.tally.get(kind) ?? 0) > 5),
    context(),
  );
  t.diagnostic(JSON.stringify([...run.tally].sort()));
});
