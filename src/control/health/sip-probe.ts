import { randomBytes } from 'node:crypto';
import { assert } from '../../base/errors.ts';
import {
  SIP_HEAD_BYTES_MAX,
  SIP_MESSAGE_BYTES_MAX,
  encodeSipOptions,
  isSipAnswerTo,
  readSip,
} from '../../codec/sip-options.ts';
import type { SipProbePlan } from '../../config/plan-check.ts';
import { ByteStore } from './byte-store.ts';
import { authorityOf } from './host-port.ts';
import { ProbeRun } from './probe-run.ts';
import { ProbeSocket } from './probe-socket.ts';
import type { ProbeReader, ProbeTalk } from './probe-socket.ts';
import type { CancelProbe, ProbeResult, ProbeTarget } from './probe.ts';
import { askByUdp } from './udp-question.ts';
import { isAccepted, statusFault } from './status-ranges.ts';

/** Messages that are no answer to the question; more end the probe. */
export const SIP_FOREIGN_MAX = 64;

/**
 * Asks a SIP server for its abilities (OPTIONS, RFC 3261 §11) over UDP or TCP; an answer with an
 * accepted status passes. Provisional answers, requests, and answers to other questions, late ones
 * included, are skipped. Called once per probe of a `sip` check.
 */
export function sipProbe(target: ProbeTarget, done: (result: ProbeResult) => void): CancelProbe {
  const plan = target.probe;
  assert(plan.kind === 'sip', 'sipProbe is given sip checks only');
  const run = new ProbeRun(target, done);
  const question = new SipQuestion(run, plan);
  if (plan.transport === 'tcp') new ProbeSocket(run, null, new SipTalk(question));
  else askByUdp(run, question);
  return () => run.cancel();
}

/** One request and the judgement of what comes back. Made once per probe. */
class SipQuestion {
  readonly #run: ProbeRun;
  readonly #plan: SipProbePlan;
  readonly #unique = randomBytes(8).toString('hex');
  #foreign = 0;

  constructor(run: ProbeRun, plan: SipProbePlan) {
    this.#run = run;
    this.#plan = plan;
  }

  /** The bytes of the request from our side's address and port. */
  request(local: string): string {
    const { uri, transport } = this.#plan;
    const suffix = transport === 'tcp' ? ';transport=tcp' : '';
    const own = `sip:${authorityOf(this.#run.target.address)}${suffix}`;
    const options = { uri: uri === '' ? own : uri, transport, local, unique: this.#unique };
    return encodeSipOptions(options);
  }

  /**
   * Judges the message at the beginning of `bytes`; gives the bytes that it takes, -1 where they
   * are no message, and 0 where more of it must come.
   */
  judge(bytes: Uint8Array): number {
    const message = readSip(bytes, this.#plan.transport);
    if (message.kind === 'more') return 0;
    if (message.kind === 'bad' || message.kind === 'too-large') {
      // In a stream nothing can follow what is no message; a datagram is just dropped.
      if (this.#plan.transport === 'udp') this.#countForeign();
      else this.#run.finish(message.kind === 'bad' ? 'protocol' : 'too-large', message.problem);
      return -1;
    }
    if (message.kind === 'request' || !isSipAnswerTo(message, this.#unique)) {
      this.#countForeign();
    } else if (message.status >= 200) {
      const { statuses } = this.#plan;
      const { status } = message;
      if (isAccepted(status, statuses)) this.#run.pass(`status ${status}`);
      else this.#run.finish('status', statusFault(status, statuses));
    }
    return message.size;
  }

  #countForeign(): void {
    const count = ++this.#foreign;
    this.#run.place = `${count} ${count === 1 ? 'message was' : 'messages were'} no answer to it`;
    if (count > SIP_FOREIGN_MAX) {
      this.#run.finish('protocol', `${SIP_FOREIGN_MAX} messages and no answer among them`);
    }
  }
}

class SipTalk implements ProbeTalk, ProbeReader {
  readonly reader = this;
  readonly #question: SipQuestion;
  readonly #store = new ByteStore(SIP_HEAD_BYTES_MAX + SIP_MESSAGE_BYTES_MAX);

  constructor(question: SipQuestion) {
    this.#question = question;
  }

  connected(probe: ProbeSocket): void {
    probe.write(this.#question.request(probe.local));
  }

  data({ run }: ProbeSocket, chunk: Buffer): void {
    let rest = chunk;
    while (rest.length > 0 && !run.isOver) {
      const taken = this.#store.append(rest);
      if (taken === 0) run.finish('too-large', 'more was sent than a message can have');
      rest = rest.subarray(taken);
      while (this.#store.bytes.length > 0 && !run.isOver) {
        const size = this.#question.judge(this.#store.bytes);
        if (size <= 0) break;
        this.#store.consume(size);
      }
    }
  }

  ended({ run }: ProbeSocket): void {
    run.finish('closed', 'closed before the answer');
  }
}
