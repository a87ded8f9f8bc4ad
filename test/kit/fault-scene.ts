/**
 * Ballast before a server of each kind, with what a fault may hurt: newcomers, a request in flight, a
 * WebSocket, a session of TCP and one of UDP.
 */
import { Ballast } from './ballast.ts';
import type { BallastOptions } from './ballast.ts';
import { connectTo } from './byte-stream.ts';
import type { ByteStream } from './byte-stream.ts';
import type { Tree } from './config.ts';
import { DatagramClient, DatagramServer } from './datagrams.ts';
import { freePorts } from './free-ports.ts';
import { Newcomers } from './newcomers.ts';
import { httpAnswer, Origin } from './origin.ts';
import { childrenOf, isAlive } from './processes.ts';
import { getBytes } from './scene.ts';
import { echo } from './tcp-scene.ts';
import { until } from './wait.ts';
import { acceptValue } from './websocket.ts';

const KEY = 'dGhlIHNhbXBsZSBub25jZQ==';
const UPGRADE = getBytes(
  '/socket',
  'Connection: Upgrade',
  'Upgrade: websocket',
  'Sec-WebSocket-Version: 13',
  `Sec-WebSocket-Key: ${KEY}`,
);

export type FaultSceneOptions = BallastOptions & { readonly top?: Tree };

export class FaultScene implements AsyncDisposable {
  readonly ballast: Ballast;
  readonly ports: { readonly http: number; readonly tcp: number; readonly udp: number };
  readonly web: Origin;
  readonly plain: Origin;
  readonly datagrams: DatagramServer;
  readonly config: Tree;
  /** Lets requests to `/slow` have their answers. */
  readonly release: () => void;

  private constructor(
    parts: Pick<
      FaultScene,
      'ballast' | 'ports' | 'web' | 'plain' | 'datagrams' | 'config' | 'release'
    >,
  ) {
    this.ballast = parts.ballast;
    this.ports = parts.ports;
    this.web = parts.web;
    this.plain = parts.plain;
    this.datagrams = parts.datagrams;
    this.config = parts.config;
    this.release = parts.release;
  }

  static async start({ top, ...options }: FaultSceneOptions = {}): Promise<FaultScene> {
    let release = (): void => {};
    const held = new Promise<void>((resolve) => (release = resolve));
    const web = await Origin.start((connection) => serve(connection, held));
    const plain = await Origin.start(echo);
    const datagrams = await DatagramServer.echo('u');
    const [http = 0, tcp = 0, udp = 0] = await freePorts(3);
    const check = { tcp: {}, every: '100ms', timeout: '90ms', fall: 2 };
    const config = {
      workers: 2,
      ...top,
      listeners: {
        web: { bind: `127.0.0.1:${http}`, pool: 'web' },
        plain: { bind: `127.0.0.1:${tcp}`, protocol: 'tcp', pool: 'plain' },
        datagrams: { bind: `127.0.0.1:${udp}`, protocol: 'udp', pool: 'datagrams' },
      },
      pools: {
        web: { servers: [web.address], check },
        plain: { servers: [plain.address], check },
        datagrams: { servers: [datagrams.address] },
      },
    };
    const ports = { http, tcp, udp };
    const ballast = await Ballast.start(config, options);
    return new FaultScene({ ballast, ports, web, plain, datagrams, config, release });
  }

  newcomers(): Newcomers {
    return new Newcomers(this.ports.http);
  }

  /** A request that is at its server and has no answer yet. */
  async slowRequest(): Promise<ByteStream> {
    const client = await connectTo(this.ports.http);
    const before = this.web.text.split('GET /slow').length;
    await client.write(getBytes('/slow'));
    await until(() => this.web.text.split('GET /slow').length > before, { what: 'it there' });
    return client;
  }

  async sessions(): Promise<Sessions> {
    const socket = await connectTo(this.ports.http);
    await socket.write(UPGRADE);
    await socket.readUntil('\r\n\r\n');
    const tcp = await connectTo(this.ports.tcp);
    const udp = await DatagramClient.open();
    const sessions = new Sessions(this, { socket, tcp, udp });
    await sessions.echo('begin');
    await sessions.askDatagram('begin');
    return sessions;
  }

  /** All processes of Ballast that are there now, the supervisor first. */
  processes(): number[] {
    return [this.ballast.pid, ...childrenOf(this.ballast.pid)];
  }

  /** The process that waits for the place of a dead worker, once there is one. */
  async spare(): Promise<number> {
    return until(
      async () => {
        const { workers } = await this.ballast.status();
        return workers.find(({ state }) => state === 'standby')?.pid;
      },
      { what: 'a spare' },
    );
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const left = this.processes();
    await this.ballast[Symbol.asyncDispose]();
    // A test that kills the supervisor leaves its workers.
    for (const pid of left) if (isAlive(pid)) process.kill(pid, 'SIGKILL');
    for (const server of [this.web, this.plain, this.datagrams]) await server.stop();
  }
}

/** A WebSocket and a session each of TCP and UDP. */
export class Sessions implements AsyncDisposable {
  readonly socket: ByteStream;
  readonly tcp: ByteStream;
  readonly udp: DatagramClient;
  readonly #scene: FaultScene;

  constructor(scene: FaultScene, ends: Pick<Sessions, 'socket' | 'tcp' | 'udp'>) {
    this.#scene = scene;
    this.socket = ends.socket;
    this.tcp = ends.tcp;
    this.udp = ends.udp;
  }

  /** Sends a text over the WebSocket and the session of TCP, and waits for it to come back. */
  async echo(text: string): Promise<void> {
    for (const stream of [this.socket, this.tcp]) {
      await stream.write(`${text};`);
      await stream.readUntil(`${text};`, 60_000);
    }
  }

  /** Asks by UDP; what is lost is asked again, as clients do. */
  async askDatagram(text: string): Promise<void> {
    await this.udp.ask(text, this.#scene.ports.udp);
  }

  /** Ports from which the server got datagrams: one for each session that there ever was. */
  get datagramSessions(): number {
    return this.#scene.datagrams.sources.size;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.socket.destroy();
    this.tcp.destroy();
    await this.udp.close();
  }
}

async function serve(connection: ByteStream, held: Promise<void>): Promise<void> {
  for (;;) {
    const { head } = await connection.readMessage('request', 2 ** 31 - 1);
    if (/^upgrade:/im.test(head)) {
      const fields = ['Connection: Upgrade', 'Upgrade: websocket'];
      const accept = `Sec-WebSocket-Accept: ${acceptValue(KEY)}`;
      const answer = ['HTTP/1.1 101 X', ...fields, accept].join('\r\n');
      await connection.write(`${answer}\r\n\r\n`);
      connection.received = Buffer.alloc(0);
      return echo(connection, 0);
    }
    if (head.startsWith('GET /slow')) await held;
    await connection.write(httpAnswer(200, 'ok'));
  }
}
