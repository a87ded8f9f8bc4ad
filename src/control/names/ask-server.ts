/**
 * One question to one name server: over UDP, and over TCP where the answer does not fit or where
 * somebody seems to guess.
 *
 * Each question goes out from a socket of its own, whose port the kernel draws at random, with an id
 * drawn at random. An answer counts when it comes from the server, with that id and that question;
 * everything else is passed over, as if it had never come.
 */
import { createSocket } from 'node:dgram';
import type { RemoteInfo, Socket as DatagramSocket } from 'node:dgram';
import { Socket } from 'node:net';
import type { DnsMessage, DnsType } from '../../codec/dns.ts';
import { parseIp } from '../../codec/ip-address.ts';
import type { BindPlan } from '../../config/plan.ts';
import { bindText } from '../../sys/sockets.ts';
import { DnsQuery } from './dns-query.ts';
import { TcpFrameReader, tcpFrame } from './tcp-frames.ts';

/** Datagrams that are passed over until the question is asked over TCP, which nobody can forge. */
export const FOREIGN_MAX = 32;
/** A lost datagram is sent again after this share of the time limit. */
const RESEND_SHARE = 0.5;

/** Where to ask, and what. The time limit is that of UDP and of TCP each. */
export type ServerQuestion = {
  readonly server: BindPlan;
  readonly host: string;
  readonly type: DnsType;
  readonly timeoutMs: number;
  /** Ends the question at once; its result then has no meaning. */
  readonly signal: AbortSignal;
};

export type ServerAnswer =
  | { readonly kind: 'answer'; readonly message: DnsMessage }
  /** Nothing that could be used came back. */
  | {
      readonly kind: 'none';
      readonly reason: 'name-no-answer' | 'name-bad-answer';
      readonly detail: string;
    };

type Step = ServerAnswer | { readonly kind: 'use-tcp' };

const CODE_FORMERR = 1;

/** Asks one server. Never rejects. */
export async function askServer(question: ServerQuestion): Promise<ServerAnswer> {
  const answer = await askOnce(question, true);
  if (answer.kind !== 'answer') return answer;
  const { code, hasEdns } = answer.message;
  // RFC 6891 §7: a server that does not know EDNS is asked without it.
  return code === CODE_FORMERR && !hasEdns ? askOnce(question, false) : answer;
}

async function askOnce(question: ServerQuestion, edns: boolean): Promise<ServerAnswer> {
  const query = DnsQuery.make(question.host, question.type, edns);
  if (query === null) return none('name-bad-answer', `"${question.host}" is not a name`);
  const step = await new UdpAsking(question, query).result;
  if (step.kind !== 'use-tcp') return step;
  return new TcpAsking(question, query).result;
}

/** The single result of one question over one transport, its time limit and its clean-up. */
abstract class Asking<T> {
  readonly result: Promise<T>;
  protected readonly question: ServerQuestion;
  protected readonly query: DnsQuery;
  #resolve!: (result: T) => void;
  #isOver = false;
  readonly #timer: NodeJS.Timeout;
  readonly #onAbort = (): void => this.late();

  constructor(question: ServerQuestion, query: DnsQuery) {
    this.question = question;
    this.query = query;
    this.result = new Promise((resolve) => {
      this.#resolve = resolve;
    });
    this.#timer = setTimeout(() => this.late(), question.timeoutMs);
    question.signal.addEventListener('abort', this.#onAbort, { once: true });
  }

  protected get isOver(): boolean {
    return this.#isOver;
  }

  protected get where(): string {
    return bindText(this.question.server);
  }

  protected abstract late(): void;
  protected abstract close(): void;

  protected finish(result: T): void {
    if (this.#isOver) return;
    this.#isOver = true;
    clearTimeout(this.#timer);
    this.question.signal.removeEventListener('abort', this.#onAbort);
    this.close();
    this.#resolve(result);
  }
}

class UdpAsking extends Asking<Step> {
  readonly #socket: DatagramSocket;
  readonly #resend: NodeJS.Timeout;
  #foreign = 0;

  constructor(question: ServerQuestion, query: DnsQuery) {
    super(question, query);
    const { server, timeoutMs } = question;
    this.#socket = createSocket({ type: server.family === 'ipv6' ? 'udp6' : 'udp4' });
    this.#socket.on('error', (error: NodeJS.ErrnoException) => this.#failed(error));
    this.#socket.on('message', (bytes, from) => this.#received(bytes, from));
    // Connected: the kernel drops what others send, and tells when nobody listens there.
    this.#socket.connect(server.port, server.host, (error?: NodeJS.ErrnoException) => {
      if (error === undefined || error === null) this.#send();
      else this.#failed(error);
    });
    this.#resend = setTimeout(() => this.#send(), timeoutMs * RESEND_SHARE);
  }

  protected override late(): void {
    const { timeoutMs } = this.question;
    const passed = this.#foreign === 0 ? '' : `, ${this.#foreign} did not fit the question`;
    this.finish(none('name-no-answer', `${this.where} did not answer in ${timeoutMs} ms${passed}`));
  }

  protected override close(): void {
    clearTimeout(this.#resend);
    this.#socket.close();
  }

  #send(): void {
    if (this.isOver) return;
    try {
      this.#socket.send(this.query.bytes, (error) => {
        if (error !== null) this.#failed(error);
      });
    } catch (error) {
      // The time to send again has come before the socket is connected.
      if ((error as NodeJS.ErrnoException).code !== 'ERR_SOCKET_DGRAM_NOT_CONNECTED') throw error;
    }
  }

  #received(bytes: Buffer, from: RemoteInfo): void {
    if (this.isOver) return;
    // What arrived between binding and connecting was not looked at by the kernel.
    const received = isPeer(from, this.question.server) ? this.query.receive(bytes) : null;
    if (received === null || received.kind === 'foreign') {
      this.#foreign += 1;
      if (this.#foreign >= FOREIGN_MAX) this.finish({ kind: 'use-tcp' });
    } else if (received.kind === 'truncated') {
      this.finish({ kind: 'use-tcp' });
    } else if (received.kind === 'fault') {
      this.finish(none('name-bad-answer', `${this.where}: ${received.fault}`));
    } else {
      this.finish(received);
    }
  }

  #failed(error: NodeJS.ErrnoException): void {
    this.finish(none('name-no-answer', `${this.where}: ${error.code ?? error.message}`));
  }
}

class TcpAsking extends Asking<ServerAnswer> {
  readonly #socket = new Socket();
  readonly #frames = new TcpFrameReader();

  constructor(question: ServerQuestion, query: DnsQuery) {
    super(question, query);
    const { host, port } = question.server;
    const socket = this.#socket;
    socket.on('error', (error: NodeJS.ErrnoException) => {
      this.finish(none('name-no-answer', `${this.where} over TCP: ${error.code ?? error.message}`));
    });
    socket.once('connect', () => socket.write(tcpFrame(query.bytes)));
    socket.on('data', (piece: Buffer) => this.#received(piece));
    socket.once('end', () => {
      this.finish(none('name-no-answer', `${this.where} closed the connection over TCP`));
    });
    socket.connect({ host, port, autoSelectFamily: false });
  }

  protected override late(): void {
    const { timeoutMs } = this.question;
    this.finish(none('name-no-answer', `${this.where} did not answer in ${timeoutMs} ms over TCP`));
  }

  protected override close(): void {
    this.#socket.destroy();
  }

  #received(piece: Buffer): void {
    if (this.isOver) return;
    const message = this.#frames.push(piece);
    if (message === null) return;
    const received = this.query.receive(message);
    if (received.kind === 'answer') {
      this.finish(received);
      return;
    }
    const fault = received.kind === 'fault' ? received.fault : 'not an answer to the question';
    this.finish(none('name-bad-answer', `${this.where} over TCP: ${fault}`));
  }
}

/** Whether a datagram came from the server that was asked. */
function isPeer(from: RemoteInfo, server: BindPlan): boolean {
  return from.port === server.port && isSameIp(from.address, server.host);
}

function isSameIp(a: string, b: string): boolean {
  const [x, y] = [a, b].map((text) => parseIp(text.split('%')[0]!));
  return x !== null && y !== null && x !== undefined && y !== undefined && x.join() === y.join();
}

function none(
  reason: 'name-no-answer' | 'name-bad-answer',
  detail: string,
): ServerAnswer & { kind: 'none' } {
  return { kind: 'none', reason, detail };
}
