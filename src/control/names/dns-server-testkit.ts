/** A name server for tests whose answers a test makes up, over UDP and TCP on one port. */
import { createSocket } from 'node:dgram';
import type { RemoteInfo, Socket as DatagramSocket } from 'node:dgram';
import { createServer } from 'node:net';
import type { Server, Socket } from 'node:net';
import { DNS_TYPE, readDns } from '../../codec/dns.ts';
import type { DnsMessage, DnsType } from '../../codec/dns.ts';
import { writeDns } from '../../codec/dns-testkit.ts';
import type { DnsParts } from '../../codec/dns-testkit.ts';
import type { BindPlan } from '../../config/plan.ts';
import { TcpFrameReader, tcpFrame } from './tcp-frames.ts';
import { freePort } from '../../../test/kit/free-ports.ts';

export type FakeQuestion = {
  readonly transport: 'udp' | 'tcp';
  readonly name: string;
  readonly type: DnsType;
  readonly message: DnsMessage;
  /** The client of a datagram, and the socket that got it. */
  readonly from: RemoteInfo | null;
  readonly socket: DatagramSocket;
};

/** Parts of a message, bytes as they are, or null for silence. */
export type FakeAnswer = DnsParts | Uint8Array | null;
export type FakeAnswers = (question: FakeQuestion) => FakeAnswer | Promise<FakeAnswer>;

const TYPE_NAMES = new Map<number, DnsType>(
  Object.entries(DNS_TYPE).map(([name, id]) => [id, name as DnsType]),
);

export class FakeDns implements AsyncDisposable {
  readonly server: BindPlan;
  /** Everything that was asked, in order: `udp A db.test`. */
  readonly asked: string[] = [];
  readonly clientPorts: number[] = [];
  readonly ids: number[] = [];
  answers: FakeAnswers;
  readonly #udp = createSocket('udp4');
  readonly #tcp: Server;
  readonly #connections = new Set<Socket>();

  private constructor(port: number, answers: FakeAnswers) {
    this.server = { family: 'ipv4', host: '127.0.0.1', port };
    this.answers = answers;
    this.#udp.on('message', (bytes, from) => void this.#datagram(bytes, from));
    this.#udp.on('error', () => {});
    this.#tcp = createServer((socket) => this.#connected(socket));
  }

  static async start(answers: FakeAnswers, fixedPort?: number): Promise<FakeDns> {
    const fake = new FakeDns(fixedPort ?? (await freePort()), answers);
    const { host, port } = fake.server;
    await new Promise<void>((resolve) => {
      fake.#udp.bind(port, host, resolve);
    });
    await new Promise<void>((resolve) => {
      fake.#tcp.listen(port, host, resolve);
    });
    return fake;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#udp.close();
    for (const socket of this.#connections) socket.destroy();
    await new Promise((resolve) => {
      this.#tcp.close(resolve);
    });
  }

  async #datagram(bytes: Buffer, from: RemoteInfo): Promise<void> {
    this.clientPorts.push(from.port);
    const answer = await this.#answer(bytes, 'udp', from);
    if (answer !== null) this.#udp.send(answer, from.port, from.address);
  }

  #connected(socket: Socket): void {
    this.#connections.add(socket);
    const frames = new TcpFrameReader();
    socket.on('error', () => {});
    socket.once('close', () => this.#connections.delete(socket));
    socket.on('data', (piece: Buffer) => {
      const bytes = frames.push(piece);
      if (bytes === null) return;
      void this.#answer(bytes, 'tcp', null).then((answer) => {
        if (answer !== null) socket.write(tcpFrame(answer));
      });
    });
  }

  async #answer(
    bytes: Buffer,
    transport: 'udp' | 'tcp',
    from: RemoteInfo | null,
  ): Promise<Uint8Array | null> {
    const read = readDns(bytes);
    if (!read.ok) throw new Error(`a question that is not well-formed: ${read.fault}`);
    const [question] = read.value.questions;
    const { name } = question!;
    const type = TYPE_NAMES.get(question!.type)!;
    this.asked.push(`${transport} ${type} ${name}`);
    this.ids.push(read.value.id);
    const asked = { transport, name, type, message: read.value, from, socket: this.#udp };
    const answer = await this.answers(asked);
    if (answer === null || answer instanceof Uint8Array) return answer;
    return writeDns({ id: read.value.id, questions: read.value.questions, ...answer });
  }
}

/** Records of one name, 60 s to live. */
export function recordsOf(
  name: string,
  type: 'A' | 'AAAA',
  addresses: readonly string[],
): DnsParts {
  const answers = addresses.map((address) => {
    return { name, ttlS: 60, data: { kind: type, address } as const };
  });
  return { answers };
}
