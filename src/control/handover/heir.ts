/** The side of a handover that was started to take over: see messages.ts. */
import { setTimeout as pause } from 'node:timers/promises';
import { BallastError } from '../../base/errors.ts';
import type { Hold } from '../../plane/worker-protocol.ts';
import { receiveFd } from '../../sys/fd-passing.ts';
import { closeFd } from '../../sys/sockets.ts';
import { FrameLink } from './frame-link.ts';
import { HANDOVER_BYTES_MAX, HANDOVER_FD, HANDOVER_FORMAT } from './messages.ts';
import { HANDOVER_VARIABLE } from './messages.ts';
import type { FromHeir, SectionDocument, ToHeir } from './messages.ts';

/** All descriptors are there after this time, or something is wrong, in ms. */
const DESCRIPTORS_LIMIT_MS = 10_000;
const LOOK_EVERY_MS = 1;

/** What is taken over. */
export type Inheritance = {
  readonly generation: number;
  /** Version of the program before. */
  readonly version: string;
  /** Descriptors by name; they belong to who gets this. */
  readonly sockets: Map<string, number>;
  readonly sections: SectionDocument;
};

export type TakeOver = {
  readonly version: string;
  /** Names of the sockets that are used. */
  readonly taken: readonly string[];
  /** Lets the workers take what they held back; resolves when they do. */
  readonly open: (hold: Hold) => Promise<void>;
};

export class Heir {
  readonly #link: FrameLink<ToHeir, FromHeir>;
  /** Whether our workers have clients already. */
  hasOpened = false;
  #isOver = false;

  private constructor() {
    this.#link = new FrameLink<ToHeir, FromHeir>(HANDOVER_FD.messages, HANDOVER_BYTES_MAX);
  }

  /** Where this process was started to take over from another one; called once. */
  static fromEnvironment(): Heir | null {
    const isAsked = process.env[HANDOVER_VARIABLE] !== undefined;
    delete process.env[HANDOVER_VARIABLE];
    return isAsked ? new Heir() : null;
  }

  /** Resolves when nothing is to come any more: with whether this one has come to nothing then. */
  async isAbandoned(): Promise<boolean> {
    await this.#link.gone;
    return !this.#isOver && !this.hasOpened;
  }

  /** What there is to take over. Throws BAL_UPGRADE_BROKEN. */
  async receive(): Promise<Inheritance> {
    const begin = await this.#link.next();
    if (begin?.type !== 'begin') throw broken('it said nothing');
    if (begin.format !== HANDOVER_FORMAT) {
      throw broken(`it speaks format ${begin.format}, this program ${HANDOVER_FORMAT}`);
    }
    const sockets = await receiveAll(begin.sockets);
    closeFd(HANDOVER_FD.descriptors);
    const { generation, version, sections } = begin;
    return { generation, version, sockets, sections };
  }

  /**
   * Says that everything is ready, and takes over as the other one lets go. Resolves when this is
   * the one that serves. Throws BAL_UPGRADE_ABANDONED where the other changed its mind.
   */
  async takeOver({ version, taken, open }: TakeOver): Promise<void> {
    this.#link.send({ type: 'ready', version, taken });
    await this.#expect('go');
    this.hasOpened = true;
    await open('datagrams');
    this.#link.send({ type: 'serving' });
    await this.#expect('left');
    this.#isOver = true;
    this.#link.close();
    await open('none');
  }

  /** Says why it cannot be; the other one goes on. */
  fail(message: string, hint: string): void {
    this.#link.send({ type: 'failed', message, hint });
    this.#isOver = true;
    this.#link.close();
  }

  async #expect(type: 'go' | 'left'): Promise<void> {
    const message = await this.#link.next();
    if (message?.type === type) return;
    throw new BallastError(
      'BAL_UPGRADE_ABANDONED',
      'the process to take over from has ended, or has changed its mind',
    );
  }
}

/** Waits for all descriptors, which come in any order. */
async function receiveAll(names: readonly string[]): Promise<Map<string, number>> {
  const sockets = new Map<string, number>();
  const untilMs = performance.now() + DESCRIPTORS_LIMIT_MS;
  while (sockets.size < names.length) {
    const passed = receiveFd(HANDOVER_FD.descriptors);
    if (passed !== null) sockets.set(passed.text, passed.fd);
    else if (performance.now() > untilMs) {
      throw broken(`${sockets.size} of ${names.length} descriptors came`);
    } else await pause(LOOK_EVERY_MS);
  }
  return sockets;
}

function broken(why: string): BallastError {
  return new BallastError(
    'BAL_UPGRADE_BROKEN',
    `cannot take over from the running balancer: ${why}`,
    {
      hint: `it was started for an upgrade; by hand, start it without ${HANDOVER_VARIABLE}`,
    },
  );
}
