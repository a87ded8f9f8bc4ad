/**
 * Server-Sent Events: whoever asks is told of what happens as it happens, and after a break of what
 * it has missed. An id is `<start of the balancer>-<number>`, so that a reader of one that was
 * restarted is not given the wrong ones.
 */
import { EVENTS_MAX, type ControlEvent, type EventBook } from '../event-book.ts';

/** Streams at once; the next one is refused. */
export const STREAMS_MAX = 32;
/** Bytes that wait for a reader who takes none; past them its stream is cut, to begin anew. */
export const STREAM_BACKLOG_BYTES = 2 * 1_024 * 1_024;
/** A comment is sent this often, so that both sides notice a dead connection, in ms. */
export const HEARTBEAT_EVERY_MS = 10_000;
/** What a reader is sent of the past: in bytes at most half of what may wait. */
const REPLAY_CHARACTERS_MAX = STREAM_BACKLOG_BYTES / 6;
/** What a reader is told to wait before it comes back, in ms. */
const RETRY_MS = 1_000;

type Controller = ReadableStreamDefaultController<Uint8Array>;

const encoder = new TextEncoder();

export class EventStreams {
  readonly #book: EventBook;
  readonly #epoch: string;
  readonly #open = new Set<Controller>();
  #heartbeat: NodeJS.Timeout | null = null;
  #unfollow: (() => void) | null = null;

  /** `startedAt` tells this run of the balancer from others, in ms since the epoch. */
  constructor(book: EventBook, startedAt: number) {
    this.#book = book;
    this.#epoch = startedAt.toString(36);
  }

  get count(): number {
    return this.#open.size;
  }

  /**
   * A stream of all that happens from now on; with the id of the latest event that the reader has,
   * also of what came since. Null where there are STREAMS_MAX already.
   */
  open(lastEventId: string | null): ReadableStream<Uint8Array> | null {
    if (this.#open.size >= STREAMS_MAX) return null;
    this.#begin();
    let own: Controller | null = null;
    const strategy = {
      highWaterMark: STREAM_BACKLOG_BYTES,
      size: (chunk: Uint8Array) => chunk.length,
    };
    return new ReadableStream<Uint8Array>(
      {
        start: (controller) => {
          own = controller;
          this.#open.add(controller);
          this.#send(controller, `retry: ${RETRY_MS}\n\n${this.#missed(lastEventId)}`);
        },
        cancel: () => this.#leave(own!),
      },
      strategy,
    );
  }

  /** Ends all streams: their readers come back and find out who answers then. */
  closeAll(): void {
    for (const controller of this.#open) {
      this.#leave(controller);
      controller.close();
    }
  }

  #begin(): void {
    this.#unfollow ??= this.#book.follow((event) => this.#tellAll(this.#text(event)));
    const beat = () => this.#tellAll(`: ${new Date().toISOString()}\n\n`);
    this.#heartbeat ??= setInterval(beat, HEARTBEAT_EVERY_MS).unref();
  }

  #leave(controller: Controller): void {
    this.#open.delete(controller);
    if (this.#open.size > 0) return;
    if (this.#heartbeat !== null) clearInterval(this.#heartbeat);
    this.#heartbeat = null;
    this.#unfollow?.();
    this.#unfollow = null;
  }

  #tellAll(text: string): void {
    for (const controller of this.#open) this.#send(controller, text);
  }

  #send(controller: Controller, text: string): void {
    const bytes = encoder.encode(text);
    if ((controller.desiredSize ?? 0) >= bytes.length) {
      controller.enqueue(bytes);
      return;
    }
    this.#leave(controller);
    controller.error(new Error('the reader of the events is too slow'));
  }

  /** What came after the reader's last event; a comment says where something is missing. */
  #missed(lastEventId: string | null): string {
    if (lastEventId === null) return '';
    const match = /^([0-9a-z]{1,12})-(\d{1,15})$/.exec(lastEventId);
    const isOurs = match !== null && match[1] === this.#epoch;
    const after = isOurs ? Number(match[2]) : 0;
    let text = '';
    let first = this.#book.lastId + 1;
    for (const event of this.#book.list(after).reverse()) {
      const more = this.#text(event);
      if (text.length + more.length > REPLAY_CHARACTERS_MAX) break;
      text = more + text;
      first = event.id;
    }
    const isGap = !isOurs || first > after + 1;
    const note = isGap ? `: not all are there: at most the latest ${EVENTS_MAX} are kept\n\n` : '';
    return note + text;
  }

  #text(event: ControlEvent): string {
    return `id: ${this.#epoch}-${event.id}\ndata: ${JSON.stringify(event)}\n\n`;
  }
}
