/** Asks an agent once: connects, sends what is to be sent, reads one line. */
import { Socket } from 'node:net';
import { AGENT_LINE_BYTES_MAX, agentLineEnd, parseAgentReply } from '../../../codec/agent-reply.ts';
import type { AgentReply } from '../../../codec/agent-reply.ts';

export type AgentTarget = {
  readonly host: string;
  readonly port: number;
  /** Sent after connecting; "" sends nothing. */
  readonly send: string;
  /** Limit of the whole question, in ms. */
  readonly timeoutMs: number;
};

/** The end of a question: a line, or why there was none. */
export type AgentResult =
  | { readonly kind: 'answered'; readonly reply: AgentReply }
  | { readonly kind: 'failed'; readonly detail: string };

/**
 * Asks. `done` is called exactly once unless the question is cancelled, never before the call
 * returns; the connection is closed by then. Returns what cancels it.
 */
export type AgentProbe = (target: AgentTarget, done: (result: AgentResult) => void) => () => void;

/** The `AgentProbe` of a running balancer. */
export const askAgent: AgentProbe = (target, done) => {
  const question = new Question(target, done);
  return () => question.close();
};

class Question {
  readonly #target: AgentTarget;
  readonly #done: (result: AgentResult) => void;
  readonly #socket = new Socket();
  readonly #timer: NodeJS.Timeout;
  #line = Buffer.alloc(0);
  #isOver = false;

  constructor(target: AgentTarget, done: (result: AgentResult) => void) {
    this.#target = target;
    this.#done = done;
    const { host, port, send, timeoutMs } = target;
    // By setImmediate: after a pause of the process, what had come in time is read first.
    this.#timer = setTimeout(() => setImmediate(() => this.#late()), timeoutMs);
    const socket = this.#socket;
    socket.once('connect', () => {
      if (send !== '') socket.write(send);
    });
    socket.on('data', (chunk: Buffer) => this.#take(chunk));
    socket.once('end', () => this.#ended());
    // Stays for good: an error after the end must not become an uncaught exception.
    socket.on('error', (error: NodeJS.ErrnoException) => this.#fail(error.code ?? error.message));
    socket.connect({ host, port, autoSelectFamily: false });
  }

  /** Ends the question without a result. */
  close(): void {
    this.#isOver = true;
    clearTimeout(this.#timer);
    this.#socket.destroy();
  }

  #take(chunk: Buffer): void {
    if (this.#isOver) return;
    this.#line = Buffer.concat([this.#line, chunk.subarray(0, AGENT_LINE_BYTES_MAX)]);
    const end = agentLineEnd(this.#line);
    if (end >= 0 && end < AGENT_LINE_BYTES_MAX) this.#answer(this.#line.subarray(0, end));
    else if (this.#line.length >= AGENT_LINE_BYTES_MAX) {
      this.#fail(`its line is longer than ${AGENT_LINE_BYTES_MAX} bytes`);
    }
  }

  #ended(): void {
    if (this.#isOver) return;
    if (this.#line.length === 0) this.#fail('it closed the connection without a word');
    else this.#answer(this.#line);
  }

  #late(): void {
    this.#fail(`no whole line within ${this.#target.timeoutMs} ms`);
  }

  #answer(line: Buffer): void {
    this.close();
    this.#done({ kind: 'answered', reply: parseAgentReply(line) });
  }

  #fail(detail: string): void {
    if (this.#isOver) return;
    this.close();
    this.#done({ kind: 'failed', detail });
  }
}
