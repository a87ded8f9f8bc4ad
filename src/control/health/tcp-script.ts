import type { TcpStep } from '../../config/plan-check.ts';
import { ByteStore } from './byte-store.ts';
import type { ProbeReader, ProbeSocket, ProbeTalk } from './probe-socket.ts';

/** Bytes that one `expect` looks at. */
export const EXPECT_BYTES_MAX = 64 * 1024;
/**
 * How often the regular expression of one step is tried: once for each piece that comes in. A
 * server that sends byte by byte must not keep the supervisor busy.
 */
export const REGEX_TRIES_MAX = 1000;

type ExpectStep = Exclude<TcpStep, { kind: 'send' }>;

/**
 * Sends and expects, step by step. An `expect` takes bytes up to the end of its first match; what
 * follows them is for the next one. A regular expression sees each byte as one character (Latin-1).
 * Made once per probe.
 */
export class TcpScript implements ProbeTalk, ProbeReader {
  readonly reader = this;
  readonly #steps: readonly TcpStep[];
  readonly #store = new ByteStore(EXPECT_BYTES_MAX);
  #place = 0;
  /** Of the present expect: how far a text was looked for, and tries of a regular expression. */
  #searched = 0;
  #tries = 0;

  constructor(steps: readonly TcpStep[]) {
    this.#steps = steps;
  }

  connected(probe: ProbeSocket): void {
    this.#go(probe);
  }

  data(probe: ProbeSocket, chunk: Buffer): void {
    let rest = chunk;
    while (rest.length > 0 && !probe.run.isOver) {
      rest = rest.subarray(this.#store.append(rest));
      this.#go(probe);
      if (this.#store.isFull) this.#fail(probe, `no match in ${EXPECT_BYTES_MAX} bytes`);
    }
  }

  ended(probe: ProbeSocket): void {
    probe.run.finish('closed', `closed before step ${this.#place + 1} was done`);
  }

  /** Goes on as far as the bytes that have come allow. */
  #go(probe: ProbeSocket): void {
    while (this.#place < this.#steps.length) {
      const step = this.#steps[this.#place]!;
      if (step.kind === 'send') {
        probe.write(Buffer.from(step.hex, 'hex'));
      } else {
        const end = this.#matchEnd(step);
        if (end === -1) {
          if (this.#tries >= REGEX_TRIES_MAX) {
            this.#fail(probe, `no match in ${REGEX_TRIES_MAX} pieces`);
          }
          probe.run.place = `at step ${this.#place + 1}`;
          return;
        }
        this.#store.consume(end);
        this.#searched = 0;
        this.#tries = 0;
      }
      this.#place++;
    }
    // A reset could overtake what the last step sent.
    const isReset = this.#steps.at(-1)!.kind !== 'send';
    const count = this.#steps.length;
    probe.run.pass(count === 1 ? '1 step done' : `${count} steps done`, isReset);
  }

  /** Where the first match ends; -1 while there is none. */
  #matchEnd(step: ExpectStep): number {
    const { bytes } = this.#store;
    if (step.kind === 'expect' && step.pattern.kind === 'regex') {
      this.#tries++;
      const match = new RegExp(step.pattern.value).exec(bytes.toString('latin1'));
      return match === null ? -1 : match.index + match[0].length;
    }
    const wanted =
      step.kind === 'expect' ? Buffer.from(step.pattern.value) : Buffer.from(step.hex, 'hex');
    const at = bytes.indexOf(wanted, this.#searched);
    if (at !== -1) return at + wanted.length;
    this.#searched = Math.max(0, bytes.length - wanted.length + 1);
    return -1;
  }

  #fail(probe: ProbeSocket, why: string): void {
    probe.run.finish('too-large', `step ${this.#place + 1}: ${why}`);
  }
}
