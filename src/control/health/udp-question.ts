import { createSocket } from 'node:dgram';
import type { Socket } from 'node:dgram';
import { hostPort } from './host-port.ts';
import { reasonOfError } from './probe-errors.ts';
import type { ProbeRun } from './probe-run.ts';

/**
 * A question without an answer is sent again after T1, and less often up to T2: the times of SIP (RFC
 * 3261 §17.1.2.2), which suit the DNS too.
 */
const T1_MS = 500;
const T2_MS = 4000;

/** What is asked, one character per byte, and the judgement of each datagram that comes back. */
export type UdpQuestion = {
  request(local: string): string;
  judge(bytes: Uint8Array): number;
};

/**
 * Asks over UDP until the run ends. The socket is connected: the kernel drops what comes from other
 * addresses, and tells of an answer that nobody listens. Called once per probe.
 */
export function askByUdp(run: ProbeRun, question: UdpQuestion): void {
  const { address } = run.target;
  if (address.family === 'unix') {
    // Nobody to ask, and no reason to say so before the caller has returned.
    setImmediate(() => run.finish('local-setup', 'UDP does not lead to a unix socket'));
    return;
  }
  run.awaits = 'answer';
  const socket = createSocket(address.family === 'ipv6' ? 'udp6' : 'udp4');
  const asker = new UdpAsker(run, question, socket);
  run.close = () => asker.close();
  socket.connect(address.port, address.host);
}

class UdpAsker {
  readonly #run: ProbeRun;
  readonly #question: UdpQuestion;
  readonly #socket: Socket;
  #request = '';
  #waitMs = T1_MS;
  #timer: NodeJS.Timeout | undefined;

  constructor(run: ProbeRun, question: UdpQuestion, socket: Socket) {
    this.#run = run;
    this.#question = question;
    this.#socket = socket;
    socket.on('error', (error: NodeJS.ErrnoException) => this.#failed(error));
    socket.once('connect', () => this.#connected());
    socket.on('message', (datagram) => {
      if (!run.isOver) question.judge(datagram);
    });
  }

  close(): void {
    clearTimeout(this.#timer);
    this.#socket.close();
  }

  #connected(): void {
    if (this.#run.isOver) return;
    const { address, port } = this.#socket.address();
    this.#request = this.#question.request(hostPort(address, port));
    this.#send();
  }

  #send(): void {
    this.#socket.send(Buffer.from(this.#request, 'latin1'), (error) => {
      if (error !== null) this.#failed(error);
    });
    this.#timer = setTimeout(() => this.#send(), this.#waitMs);
    this.#waitMs = Math.min(2 * this.#waitMs, T2_MS);
  }

  #failed(error: NodeJS.ErrnoException): void {
    const [reason, detail] = reasonOfError(error, false);
    this.#run.finish(reason, detail);
  }
}
