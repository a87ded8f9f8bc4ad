/**
 * A whole cluster in made-up time: nodes with a kernel that leases addresses, a network that loses,
 * delays and duplicates, and faults at random. The same seed gives the same history.
 */
import { dueMs, step } from './election.ts';
import { newElection, type ElectionState } from './state.ts';
import { downIntervalMs, effectivePriority } from './timing.ts';
import type { Answer, ElectionEffect, ElectionEvent, ElectionOptions } from './words.ts';

export const LEASE_MS = 2_000;
const RENEW_MS = 500;
/** What a socket holds for a process that does not run. */
const BACKLOG_MAX = 200;
/** ARP requests of one question. */
const ASK_TRIES = 3;
/** When gratuitous ARP is sent, after an announcement has begun. */
const ANNOUNCE_AT_MS = [0, 100, 300, 1_200, 2_400, 5_000] as const;

export type Rng = () => number;

/** Mulberry32: numbers from 0 to 1. */
export function seeded(seed: number): Rng {
  let a = seed >>> 0;
  return () => {
    a = (a + 0x6d2b79f5) >>> 0;
    let t = Math.imul(a ^ (a >>> 15), 1 | a);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296;
  };
}

type Job = { readonly atMs: number; readonly order: number; readonly run: () => void };

/** Jobs by time, those of one time in the order of their making. */
class Agenda {
  readonly #heap: Job[] = [];
  #order = 0;

  add(atMs: number, run: () => void): void {
    const heap = this.#heap;
    heap.push({ atMs, order: this.#order++, run });
    for (let i = heap.length - 1; i > 0;) {
      const above = (i - 1) >> 1;
      if (!isBefore(heap[i]!, heap[above]!)) break;
      [heap[i], heap[above]] = [heap[above]!, heap[i]!];
      i = above;
    }
  }

  take(untilMs: number): Job | null {
    const heap = this.#heap;
    const first = heap[0];
    if (first === undefined || first.atMs > untilMs) return null;
    const last = heap.pop()!;
    if (heap.length === 0) return first;
    heap[0] = last;
    for (let i = 0; ;) {
      let below = 2 * i + 1;
      if (below >= heap.length) break;
      if (below + 1 < heap.length && isBefore(heap[below + 1]!, heap[below]!)) below++;
      if (!isBefore(heap[below]!, heap[i]!)) break;
      [heap[i], heap[below]] = [heap[below]!, heap[i]!];
      i = below;
    }
    return first;
  }
}

const isBefore = (a: Job, b: Job): boolean =>
  a.atMs < b.atMs || (a.atMs === b.atMs && a.order < b.order);

export type SimNode = {
  readonly index: number;
  readonly options: ElectionOptions;
  /** Power: kernel and network. */
  isOn: boolean;
  /** The guardian: runs, is stopped, or is dead. */
  process: 'running' | 'stopped' | 'dead';
  service: 'ok' | 'refused' | 'reset' | 'silent';
  state: ElectionState;
  /** What waits in the sockets of a process that is stopped. */
  readonly backlog: ElectionEvent[];
  leaseEndMs: number;
  wantsAddress: boolean;
  /** Goes up with each life of the process, so that jobs of an earlier one are void. */
  life: number;
  armedMs: number;
  lastSentMs: number;
  announcements: number;
  readonly log: string[];
};

/** How frames fare from one host to another. The gateway has the number after the last node's. */
export type Link = {
  isCut: boolean;
  loss: number;
  /** Whether advertisements alone are lost. */
  isDeaf: boolean;
};

export class Simulation {
  readonly nodes: SimNode[];
  readonly links: Link[][];
  readonly rng: Rng;
  nowMs = 0;
  delayMs = 0.2;
  jitterMs = 0.3;
  duplicates = 0;
  /** Whether nodes know a gateway that should answer. */
  hasWitness = true;
  readonly #agenda = new Agenda();
  /** Called before time goes on, when an owner may have changed. */
  onOwners: (owners: readonly number[], nowMs: number) => void = () => {};

  constructor(seed: number, options: readonly ElectionOptions[]) {
    this.rng = seeded(seed);
    this.nodes = options.map((one, index) => ({
      index,
      options: one,
      isOn: true,
      process: 'dead',
      service: 'ok',
      state: newElection(one),
      backlog: [],
      leaseEndMs: -1,
      wantsAddress: false,
      life: 0,
      armedMs: Infinity,
      lastSentMs: -Infinity,
      announcements: 0,
      log: [],
    }));
    const hosts = options.length + 1;
    this.links = Array.from({ length: hosts }, () =>
      Array.from({ length: hosts }, () => ({ isCut: false, loss: 0, isDeaf: false })),
    );
  }

  at(atMs: number, run: () => void): void {
    this.#agenda.add(atMs, run);
  }

  runUntil(endMs: number): void {
    for (let job = this.#agenda.take(endMs); job !== null; job = this.#agenda.take(endMs)) {
      if (job.atMs > this.nowMs) {
        this.nowMs = job.atMs;
        this.onOwners(this.owners(), this.nowMs);
      }
      job.run();
    }
    this.nowMs = endMs;
    this.onOwners(this.owners(), endMs);
  }

  hasAddress = (node: SimNode): boolean => node.isOn && node.leaseEndMs > this.nowMs;

  owners(): number[] {
    const owners: number[] = [];
    for (const node of this.nodes) if (this.hasAddress(node)) owners.push(node.index);
    return owners;
  }

  start(node: SimNode): void {
    if (!node.isOn || node.process !== 'dead') return;
    const before = node.state;
    const wasActive = before.name === 'active';
    node.process = 'running';
    node.state = { ...newElection(node.options), fitness: before.fitness };
    node.life++;
    node.backlog.length = 0;
    const held = this.hasAddress(node);
    const silentMs = this.nowMs - node.lastSentMs;
    const resume = held && wasActive && silentMs < downIntervalMs(node.state);
    node.wantsAddress = false;
    this.#tell(node, { kind: 'begin', held, resume });
  }

  kill(node: SimNode): void {
    node.process = 'dead';
    node.life++;
  }

  powerOff(node: SimNode): void {
    this.kill(node);
    node.isOn = false;
    node.leaseEndMs = -1;
    node.state = newElection(node.options);
    node.lastSentMs = -Infinity;
  }

  stopProcess(node: SimNode): void {
    if (node.process === 'running') node.process = 'stopped';
  }

  /** What waited in its sockets is read first, then the timers that are due. */
  resumeProcess(node: SimNode): void {
    if (node.process !== 'stopped') return;
    node.process = 'running';
    for (const event of node.backlog.splice(0)) this.#tell(node, event);
    if (this.hasAddress(node)) this.#renew(node, node.life);
    if (dueMs(node.state) <= this.nowMs) this.#tell(node, { kind: 'due' });
    else this.#arm(node);
  }

  tell(node: SimNode, event: ElectionEvent): void {
    if (!node.isOn) return;
    if (node.process === 'running') this.#tell(node, event);
    else if (node.process === 'stopped' && node.backlog.length < BACKLOG_MAX) {
      node.backlog.push(event);
    }
  }

  #tell(node: SimNode, event: ElectionEvent): void {
    const before = node.state.name;
    const { state, effects } = step(node.state, event, this.nowMs);
    node.state = state;
    if (state.name !== before) {
      const of = event.kind === 'advert' ? ` ${event.advert.peer}` : '';
      node.log.push(
        `${this.nowMs.toFixed(1)} node${node.index} ${before} -> ${state.name} ` +
          `(${state.reason}, by ${event.kind}${of}, priority ${effectivePriority(state)})`,
      );
    }
    for (const effect of effects) this.#carryOut(node, effect);
    this.#arm(node);
  }

  #arm(node: SimNode): void {
    const due = dueMs(node.state);
    if (due === Infinity || due === node.armedMs) return;
    node.armedMs = due;
    const { life } = node;
    this.at(Math.max(due, this.nowMs), () => {
      if (node.armedMs === due) node.armedMs = Infinity;
      if (node.life !== life || node.process !== 'running') return;
      if (dueMs(node.state) <= this.nowMs) this.#tell(node, { kind: 'due' });
      else this.#arm(node);
    });
  }

  #carryOut(node: SimNode, effect: ElectionEffect): void {
    switch (effect.kind) {
      case 'advertise':
        node.lastSentMs = this.nowMs;
        this.#advertise(node, effect.priority);
        break;
      case 'hold':
        node.wantsAddress = true;
        this.#renew(node, node.life);
        break;
      case 'keep':
        node.wantsAddress = true;
        if (this.hasAddress(node)) this.#renew(node, node.life);
        break;
      case 'release':
        node.wantsAddress = false;
        node.leaseEndMs = -1;
        break;
      case 'announce':
        node.announcements++;
        this.#announce(node);
        break;
      case 'ask':
        this.#ask(node, effect.question, effect.withinMs);
        break;
      default:
    }
  }

  #renew(node: SimNode, life: number): void {
    if (node.life !== life || node.process !== 'running' || !node.wantsAddress) return;
    node.leaseEndMs = this.nowMs + LEASE_MS;
    // The end of a lease is a change of owners: time stops there.
    this.at(node.leaseEndMs + 0.001, () => {});
    this.at(this.nowMs + RENEW_MS, () => this.#renew(node, life));
  }

  passes(from: number, to: number): boolean {
    const link = this.links[from]![to]!;
    return !link.isCut && (link.loss === 0 || this.rng() >= link.loss);
  }

  #send(from: number, to: number, arrive: () => void): void {
    if (!this.passes(from, to)) return;
    const times = this.rng() < this.duplicates ? 2 : 1;
    for (let i = 0; i < times; i++) {
      this.at(this.nowMs + this.delayMs + this.rng() * this.jitterMs, arrive);
    }
  }

  #advertise(node: SimNode, priority: number): void {
    for (const other of this.nodes) {
      if (other === node || this.links[node.index]![other.index]!.isDeaf) continue;
      this.#send(node.index, other.index, () => {
        this.tell(other, {
          kind: 'advert',
          advert: {
            peer: String(node.index),
            priority,
            intervalMs: node.options.intervalMs,
            addresses: 'same',
            winsTie: node.index > other.index,
          },
        });
      });
    }
  }

  #announce(node: SimNode): void {
    const { life } = node;
    for (const afterMs of ANNOUNCE_AT_MS) {
      this.at(this.nowMs + afterMs, () => {
        if (node.life !== life || node.process !== 'running' || !node.wantsAddress) return;
        for (const other of this.nodes) {
          if (other === node) continue;
          this.#send(node.index, other.index, () => {
            this.tell(other, { kind: 'claim' });
          });
        }
      });
    }
  }

  /** Each try is a request to all, each answer a frame back. */
  #ask(node: SimNode, question: number, withinMs: number): void {
    const { life } = node;
    const gateway = this.nodes.length;
    let isOpen = true;
    let witnesses: Answer['witnesses'] = this.hasWitness ? 'silent' : 'none';
    let peers: Answer['peers'] = 'silent';
    const end = (found: Pick<Answer, 'owner' | 'service'>): void => {
      if (!isOpen || node.life !== life) return;
      isOpen = false;
      this.tell(node, { kind: 'answer', answer: { question, witnesses, peers, ...found } });
    };
    for (let i = 0; i < ASK_TRIES; i++) {
      this.at(this.nowMs + (i * withinMs) / ASK_TRIES, () => {
        if (!node.isOn || node.life !== life) return;
        if (this.hasWitness) {
          this.#send(node.index, gateway, () =>
            this.#send(gateway, node.index, () => (witnesses = 'answered')),
          );
        }
        for (const other of this.nodes) {
          if (other === node) continue;
          this.#send(node.index, other.index, () => {
            if (!other.isOn) return;
            this.#send(other.index, node.index, () => (peers = 'answered'));
            if (!this.hasAddress(other)) return;
            this.#send(other.index, node.index, () => {
              end({ owner: 'answered', service: other.service });
            });
          });
        }
      });
    }
    this.at(this.nowMs + withinMs, () => end({ owner: 'silent', service: 'unknown' }));
  }
}
