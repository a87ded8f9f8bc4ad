import { assert } from '../../base/errors.ts';
import {
  SMTP_LINE_BYTES_MAX,
  SMTP_REPLY_BYTES_MAX,
  readSmtpReply,
} from '../../codec/smtp-reply.ts';
import type { SmtpReply } from '../../codec/smtp-reply.ts';
import type { SmtpProbePlan } from '../../config/plan-check.ts';
import { ByteStore } from './byte-store.ts';
import { ProbeRun } from './probe-run.ts';
import { ProbeSocket } from './probe-socket.ts';
import type { ProbeReader, ProbeTalk } from './probe-socket.ts';
import type { CancelProbe, ProbeResult, ProbeTarget } from './probe.ts';

/**
 * Greets a mail server (RFC 5321): its banner must be 220, its answer to EHLO 250; then QUIT. TLS
 * begins at once, or after STARTTLS (RFC 3207), which must be announced, and EHLO is said again
 * under it. Called once per probe of an `smtp` check.
 */
export function smtpProbe(target: ProbeTarget, done: (result: ProbeResult) => void): CancelProbe {
  const plan = target.probe;
  assert(plan.kind === 'smtp', 'smtpProbe is given smtp checks only');
  const run = new ProbeRun(target, done);
  const tls = plan.tls === null ? null : { plan: plan.tls, isLater: plan.startTls };
  new ProbeSocket(run, tls, new SmtpTalk(plan));
  return () => run.cancel();
}

/**
 * What is awaited.
 *
 *   banner ─► hello ─► quit                  without STARTTLS
 *   banner ─► hello ─► startTls ─► hello ─► quit
 */
type Awaited = 'banner' | 'hello' | 'startTls' | 'quit';

const NAMES: Readonly<Record<Awaited, string>> = {
  banner: 'the banner',
  hello: 'EHLO',
  startTls: 'STARTTLS',
  quit: 'QUIT',
};

const CODES: Readonly<Record<Awaited, number>> = {
  banner: 220,
  hello: 250,
  startTls: 220,
  quit: 221,
};

class SmtpTalk implements ProbeTalk, ProbeReader {
  readonly reader = this;
  readonly #plan: SmtpProbePlan;
  readonly #store = new ByteStore(SMTP_REPLY_BYTES_MAX + SMTP_LINE_BYTES_MAX);
  #awaited: Awaited = 'banner';

  constructor(plan: SmtpProbePlan) {
    this.#plan = plan;
  }

  connected(probe: ProbeSocket): void {
    this.#await(probe, 'banner');
  }

  data(probe: ProbeSocket, chunk: Buffer): void {
    const { run } = probe;
    // Past the store's limit the reply has ended or exceeds its own limits.
    this.#store.append(chunk);
    const result = readSmtpReply(this.#store.bytes);
    if (result.kind === 'more') return;
    if (result.kind === 'bad') run.finish('protocol', this.#text(result.problem));
    else if (result.kind === 'too-large') run.finish('too-large', this.#text(result.problem));
    else this.#reply(probe, result.reply);
  }

  ended({ run }: ProbeSocket): void {
    if (this.#awaited === 'quit') run.pass('banner 220, EHLO 250');
    else run.finish('closed', `closed while ${run.place}`);
  }

  #reply(probe: ProbeSocket, reply: SmtpReply): void {
    const { run } = probe;
    const wanted = CODES[this.#awaited];
    this.#store.consume(reply.size);
    if (reply.code !== wanted) {
      run.finish('status', this.#text(`code ${reply.code}, expected ${wanted}`));
    } else if (this.#store.bytes.length > 0) {
      // Above all behind the answer to STARTTLS: bytes that an attacker put in before TLS.
      run.finish('protocol', this.#text('the server said more than it was asked for'));
    } else {
      this.#next(probe, reply);
    }
  }

  #next(probe: ProbeSocket, reply: SmtpReply): void {
    switch (this.#awaited) {
      case 'banner':
        this.#sayHello(probe);
        return;
      case 'hello':
        if (this.#plan.tls === null || !this.#plan.startTls || probe.isSecure) {
          this.#say(probe, 'QUIT', 'quit');
        } else if (reply.lines.some((line) => line.toUpperCase() === 'STARTTLS')) {
          this.#say(probe, 'STARTTLS', 'startTls');
        } else {
          probe.run.finish('tls-handshake', 'the server does not offer STARTTLS');
        }
        return;
      case 'startTls':
        probe.startTls(() => this.#sayHello(probe));
        return;
      case 'quit':
        probe.run.pass('banner 220, EHLO 250');
        return;
      default:
        this.#awaited satisfies never;
    }
  }

  #sayHello(probe: ProbeSocket): void {
    this.#say(probe, `EHLO ${this.#plan.hello}`, 'hello');
  }

  #say(probe: ProbeSocket, command: string, awaited: Awaited): void {
    this.#await(probe, awaited);
    probe.write(`${command}\r\n`);
  }

  #await(probe: ProbeSocket, awaited: Awaited): void {
    this.#awaited = awaited;
    probe.run.place = `waiting for ${awaited === 'banner' ? '' : 'the answer to '}${NAMES[awaited]}`;
  }

  #text(problem: string): string {
    return `${NAMES[this.#awaited]}: ${problem}`;
  }
}
