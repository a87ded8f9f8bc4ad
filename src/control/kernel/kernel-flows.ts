/** Looks at the kernel's table of connections for our servers, and takes flows out of it. */
import { performance } from 'node:perf_hooks';
import { setImmediate as immediate } from 'node:timers/promises';
import { forgetFlow, listFlows, readFlow, type Flow } from '../../codec/netlink/conntrack.ts';
import type { FlowIndex, FlowKind, FlowPlace } from '../../kernel/flow-index.ts';
import { Netlink } from '../../sys/netlink.ts';
import type { ProductLog } from '../product-log.ts';
import { Serial } from '../serial.ts';

/** Who asks for a report does not wait for a count that takes longer than this, in ms. */
const PATIENCE_MS = 200;
/** Flows that are taken out before other work gets its turn: a few µs each. */
const FORGOTTEN_A_TURN = 256;
/** Connections are counted at most so often, in ms. */
const COUNT_EVERY_MS = 1_000;
/** And not before so many times the last count's own time have passed. */
const REST_FACTOR = 20;

/** How many there are of each key. */
class Counts {
  readonly #counts = new Map<string, number>();
  sum = 0;

  add(key: string): void {
    this.#counts.set(key, this.get(key) + 1);
    this.sum++;
  }

  get(key: string): number {
    return this.#counts.get(key) ?? 0;
  }
}

export class KernelFlows {
  readonly #log: ProductLog;
  readonly #jobs = new Serial();
  #netlink: Netlink | null = null;
  #servers = new Counts();
  #listeners = new Counts();
  #countedAtMs = -Infinity;
  #tookMs = 0;
  #counting: Promise<void> | null = null;
  /** What is to be released next; null where nothing is. */
  #lost: { readonly index: FlowIndex; readonly isLost: (place: FlowPlace) => boolean } | null =
    null;
  #isRefused = false;

  constructor(log: ProductLog) {
    this.#log = log;
  }

  /** Connections that are live on a server, as last counted. */
  liveOn(serverKey: string): number {
    return this.#servers.get(serverKey);
  }

  /** Those by way of a listener, to servers that have left its pool as well. */
  liveBy(listenerKey: string): number {
    return this.#listeners.get(listenerKey);
  }

  /** Time between counts, so that they are a small part of what this process does. */
  get restMs(): number {
    return this.#tookMs * REST_FACTOR;
  }

  /**
   * Counts, where that is due, or where it `isUrgent`. Resolves when `liveOn` knows; where the last
   * count took long, and it is not urgent, at once, with what was counted before.
   */
  count(index: FlowIndex, isUrgent = false): Promise<void> {
    const everyMs = Math.max(COUNT_EVERY_MS, this.restMs);
    const isDue = performance.now() - this.#countedAtMs >= everyMs;
    if (!isUrgent && !isDue) return Promise.resolve();
    this.#counting ??= this.#jobs
      .run(() => this.#count(index))
      .finally(() => (this.#counting = null));
    return isUrgent || this.#tookMs < PATIENCE_MS ? this.#counting : Promise.resolve();
  }

  /** Counts those of all listeners now; Infinity where the kernel does not tell. */
  async countAll(index: FlowIndex): Promise<number> {
    await this.count(index, true);
    if (this.#isRefused) return Infinity;
    return this.#listeners.sum;
  }

  /** Takes out the flows of UDP whose place `isLost`: their next datagrams are given another. */
  release(index: FlowIndex, isLost: (place: FlowPlace) => boolean): void {
    const kinds = index.kinds.filter(({ protocol }) => protocol === 'udp');
    if (kinds.length === 0) return;
    const isWaiting = this.#lost !== null;
    this.#lost = { index, isLost };
    if (isWaiting) return;
    void this.#jobs.run(async () => {
      const lost = this.#lost!;
      this.#lost = null;
      for (const kind of kinds) await this.#release(kind, lost.index, lost.isLost);
    });
  }

  close(): void {
    void this.#jobs.run(async () => {
      this.#netlink?.close();
      this.#netlink = null;
      await Promise.resolve();
    });
  }

  async #count(index: FlowIndex): Promise<void> {
    const beganMs = performance.now();
    const [servers, listeners] = [new Counts(), new Counts()];
    for (const kind of index.kinds) {
      await this.#each(kind, (flow) => {
        const place = index.placeOf(kind.protocol, flow);
        if (place === null || place.isUnserved || !flow.isLive) return;
        listeners.add(place.listener);
        if (place.server !== null) servers.add(place.server);
      });
    }
    this.#servers = servers;
    this.#listeners = listeners;
    this.#countedAtMs = performance.now();
    this.#tookMs = this.#countedAtMs - beganMs;
  }

  async #release(
    kind: FlowKind,
    index: FlowIndex,
    isLost: (place: FlowPlace) => boolean,
  ): Promise<void> {
    const lost: Flow[] = [];
    await this.#each(kind, (flow) => {
      const place = index.placeOf(kind.protocol, flow);
      if (place !== null && isLost(place)) lost.push(flow);
    });
    for (const [i, flow] of lost.entries()) {
      if (i % FORGOTTEN_A_TURN === FORGOTTEN_A_TURN - 1) await immediate();
      this.#netlink?.request((sequence) => forgetFlow(kind.family, flow, sequence));
    }
    const { family } = kind;
    if (lost.length > 0) this.#log.debug({ family, flows: lost.length }, 'flows of UDP move on');
  }

  async #each({ family, protocol }: FlowKind, onFlow: (flow: Flow) => void): Promise<void> {
    let isWhole = false;
    try {
      this.#netlink ??= new Netlink('netfilter');
      isWhole = await this.#netlink.dumpInTurns(
        (sequence) => listFlows(family, protocol, sequence),
        ({ body }) => {
          const flow = readFlow(body, family, protocol);
          if (flow !== null) onFlow(flow);
        },
      );
    } catch {
      // No such sockets in this kernel: the same as a refusal.
    }
    if (isWhole || this.#isRefused) return;
    this.#isRefused = true;
    this.#log.warn(
      'the kernel does not list its connections (nf_conntrack_netlink): ' +
        'those of mode: kernel are not counted, and flows of UDP stay with servers that fail',
    );
  }
}
