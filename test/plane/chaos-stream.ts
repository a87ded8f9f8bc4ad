/**
 * One end of a connection that writes, pauses, half-closes and resets at random, and checks that what
 * comes is what the other end sent. Each stream begins with its number, from which all its bytes
 * follow, so that a byte that is lost, doubled, out of order or of another stream is seen.
 */
import type { Socket } from 'node:net';
import { delay } from '../kit/wait.ts';
import { Random } from './random.ts';

const NUMBER_BYTES = 4;
const TABLE_BYTES = (1 << 20) + 7;
/** Twice the table, so that a piece of any stream is one run of it. */
const table = Buffer.alloc(2 * TABLE_BYTES);
{
  const random = new Random(4711);
  for (let i = 0; i < TABLE_BYTES; i++) table[i] = random.next() >>> 24;
  table.copyWithin(TABLE_BYTES, 0, TABLE_BYTES);
}

/** What one end has sent. */
type Sent = {
  readonly total: number;
  /** `whole` once a FIN follows all of it; `cut` where it was or will be broken off. */
  state: 'open' | 'whole' | 'cut';
};

/** Everything that the ends of one run know of each other. */
export class ChaosRun {
  readonly faults: string[] = [];
  readonly tally = new Map<string, number>();
  readonly sent = new Map<number, Sent>();
  /** Those that are not over. */
  readonly ends = new Set<ChaosEnd>();
  #next = 1;

  /** A number for a stream; its first byte is at times that of a PROXY header. */
  number(total: number, random: Random): number {
    const first = random.pick([0x50, 0x0d, 0x16, 0x7f]);
    const number = first * 2 ** 24 + this.#next++;
    this.sent.set(number, { total, state: 'open' });
    return number;
  }

  count(what: string, by = 1): void {
    this.tally.set(what, (this.tally.get(what) ?? 0) + by);
  }
}

/** Bytes `from` to `to` of a stream. */
function piece(number: number, from: number, to: number): Buffer {
  const out = Buffer.alloc(to - from);
  const head = Buffer.alloc(NUMBER_BYTES);
  head.writeUInt32BE(number);
  for (let at = from; at < to;) {
    if (at < NUMBER_BYTES) {
      out[at - from] = head[at]!;
      at++;
      continue;
    }
    const start = (at + number * 131) % TABLE_BYTES;
    const size = Math.min(to - at, TABLE_BYTES);
    table.copy(out, at - from, start, start + size);
    at += size;
  }
  return out;
}

export type EndOptions = {
  readonly run: ChaosRun;
  readonly random: Random;
  /** For messages: which end of which kind of connection. */
  readonly name: string;
  /** Whether somebody else may cut the connection: a reset then is no fault. */
  readonly mayBeCut: boolean;
  /** Whether it may wait for the other end to finish before it does. */
  readonly mayBeLast: boolean;
  /** A unix socket knows no reset: what is cut there ends. */
  readonly isUnix: boolean;
  /** What goes before the stream, at any pieces. */
  readonly preamble?: Buffer;
  /** Called once the number of the other end's stream is known. */
  readonly onNumber?: (number: number) => void;
};

export class ChaosEnd {
  readonly number: number;
  /** The number of the other end's stream; -1 until it is known. */
  peer = -1;
  readonly #socket: Socket;
  readonly #options: EndOptions;
  readonly #sent: Sent;
  #received = 0;
  #head: Buffer = Buffer.alloc(0);
  #ending: 'open' | 'end' | 'reset' = 'open';
  #isOver = false;
  #wake: () => void = () => undefined;

  constructor(socket: Socket, options: EndOptions) {
    const { run, random } = options;
    const total = NUMBER_BYTES + sizeOf(random);
    this.number = run.number(total, random);
    this.#sent = run.sent.get(this.number)!;
    this.#socket = socket;
    this.#options = options;
    socket.setNoDelay(true);
    socket.on('data', (chunk: Buffer) => this.#take(chunk));
    socket.on('drain', () => this.#wake());
    socket.on('end', () => this.#ended('end'));
    socket.on('error', () => this.#ended('reset'));
    socket.on('close', () => {
      this.#isOver = true;
      run.ends.delete(this);
      this.#ended('reset');
      this.#wake();
    });
    socket.resume();
    run.ends.add(this);
  }

  /** Where it stands, for messages. */
  toString(): string {
    const { name } = this.#options;
    const { writableLength, bytesWritten } = this.#socket;
    const sent = `${bytesWritten - writableLength} of ${this.#sent.total}, ${this.#sent.state}`;
    return `${name} ${this.number}: sent ${sent}; got ${this.#received} of ${this.peer}, ${this.#ending}`;
  }

  /** Sends its stream and takes the other one, to the end of both. */
  async play(): Promise<void> {
    const { random, run, mayBeLast } = this.#options;
    const { total } = this.#sent;
    const cutAt = random.chance(12) ? random.int(total + 1) : -1;
    if (cutAt >= 0) this.#sent.state = 'cut';
    const pausing = this.#pauseNowAndThen();
    await this.#sendPreamble();
    const largest = random.pick([40, 5_000, 200_000, 2_000_000]);
    for (let at = 0; at < total && !this.#isOver;) {
      let to = Math.min(total, at + 1 + random.int(largest));
      // Not too many small pieces.
      if (at > 60 * largest) to = total;
      if (cutAt >= at && cutAt < to) to = cutAt;
      if (to > at) await this.#write(piece(this.number, at, to));
      at = to;
      if (at === cutAt) return this.#reset();
      if (random.chance(15)) await delay(random.int(30));
    }
    if (cutAt >= 0) return this.#reset();
    if (!this.#isOver) {
      if (mayBeLast && random.chance(40)) await this.#otherEnd();
      if (this.#ending !== 'reset') this.#sent.state = 'whole';
      this.#socket.end();
    }
    await this.#otherEnd();
    await pausing;
    run.count(this.#ending);
  }

  /** Its connection is about to be cut by the test. */
  cut(): void {
    this.#sent.state = 'cut';
    this.#socket.destroy();
  }

  #reset(): void {
    this.#options.run.count('cut');
    this.#sent.state = 'cut';
    if (this.#isOver) return;
    if (this.#options.isUnix) this.#socket.destroy();
    else this.#socket.resetAndDestroy();
  }

  async #sendPreamble(): Promise<void> {
    const { preamble, random } = this.#options;
    if (preamble === undefined) return;
    const cut = random.chance(50) ? preamble.length : random.int(preamble.length);
    await this.#write(preamble.subarray(0, cut));
    if (cut === preamble.length) return;
    await delay(random.int(10));
    await this.#write(preamble.subarray(cut));
  }

  async #write(data: Buffer): Promise<void> {
    if (this.#isOver || this.#socket.write(data)) return;
    await new Promise<void>((resolve) => {
      this.#wake = resolve;
    });
  }

  /** A reader that does not read makes what waits on the way pile up. */
  async #pauseNowAndThen(): Promise<void> {
    const { random } = this.#options;
    for (let i = random.pick([0, 0, 1, 3]); i > 0 && this.#ending === 'open'; i--) {
      this.#socket.pause();
      await delay(random.int(150));
      this.#socket.resume();
      await delay(random.int(60));
    }
  }

  async #otherEnd(): Promise<void> {
    while (this.#ending === 'open' && !this.#isOver) await delay(5);
  }

  #take(chunk: Buffer): void {
    const { run, name, onNumber } = this.#options;
    let data: Buffer = chunk;
    if (this.peer < 0) {
      data = Buffer.concat([this.#head, chunk]);
      this.#head = data;
      if (data.length < NUMBER_BYTES) return;
      this.peer = data.readUInt32BE();
      onNumber?.(this.peer);
    }
    const from = this.#received;
    this.#received += data.length;
    const sent = run.sent.get(this.peer);
    if (sent === undefined) run.faults.push(`${name}: bytes of nobody, number ${this.peer}`);
    else if (this.#received > sent.total) run.faults.push(`${name}: too many bytes`);
    else if (!piece(this.peer, from, this.#received).equals(data)) {
      run.faults.push(`${name}: other bytes than were sent, from ${from} on`);
    }
    run.count('bytes', data.length);
  }

  #ended(how: 'end' | 'reset'): void {
    if (this.#ending !== 'open') return;
    this.#ending = how;
    this.#check(how);
  }

  /** A stream that ends is whole; one that is reset was broken off by an end of its connection. */
  #check(how: 'end' | 'reset'): void {
    const { run, name, mayBeCut, isUnix } = this.#options;
    const sent = run.sent.get(this.peer);
    const isOwn = this.#sent.state === 'cut';
    if (how === 'end' && sent?.state === 'whole' && this.#received < sent.total) {
      run.faults.push(`${name}: ${this.#received} of ${sent.total} bytes, then the end`);
    }
    if (mayBeCut || isOwn) return;
    const isCut = sent?.state === 'cut' || this.#isPeerCut();
    if (how === 'end' && sent?.state !== 'whole' && !(isUnix && isCut)) {
      run.faults.push(`${name}: an end after ${this.#received} bytes that nobody has sent`);
    }
    if (how === 'reset' && !isCut) {
      run.faults.push(`${name}: a reset after ${this.#received} bytes, by nobody`);
    }
  }

  /** An end that was reset before its first byte came is known to nobody: any may be it. */
  #isPeerCut(): boolean {
    if (this.peer >= 0) return false;
    for (const { state } of this.#options.run.sent.values()) if (state === 'cut') return true;
    return false;
  }
}

/** Mostly little, at times enough to be spliced. */
function sizeOf(random: Random): number {
  const most = random.pick([10, 2_000, 100_000, 100_000, 1_000_000, 6_000_000]);
  return random.int(most);
}
