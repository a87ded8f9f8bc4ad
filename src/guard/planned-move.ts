/**
 * A planned move of one group, on both sides.
 *
 *   leaver                                      successor, a backup
 *   prepare ── leaving (each 50 ms) ──────────▶ rules that hand back what it does not know
 *           ◀───────────────────────── ready ── once they stand
 *   resigns: the election moves the addresses
 *   retreat: keeps them, without a word on the link, and serves the connections it has
 *   ends    ── done ──────────────────────────▶ no rules any more
 *
 * Where nobody answers `ready`, keepalived say, the addresses move all the same, and what the leaver
 * had ends with them.
 */
import { formatIp } from '../codec/ip-address.ts';
import type { LeaveNote } from '../codec/leave-note.ts';
import type { Timer } from '../base/timer-heap.ts';
import type { AddressPlan } from '../config/plan-addresses.ts';
import type { Steering } from '../kernel/steering.ts';
import type { Announcer } from './announcer.ts';
import { inputNames } from './devices.ts';
import type { AddressKeeper } from './keeper.ts';
import type { NeighbourPort } from './neighbour-port.ts';
import type { Reactor } from './reactor.ts';
import type { Steer } from './steers.ts';

/** The note is repeated so often, in ms, and a successor waited for so long. */
const NOTE_EVERY_MS = 50;
const READY_MS = 250;
const WILL_FOLLOW = 'another node hands its addresses over: connections that it has stay with it';
/** Another move is followed so long after the last, in ms: notes can be forged. */
const FOLLOW_EVERY_MS = 500;
/** Rules of a successor outlast the leaver's drain by so much, in ms: the note may be old. */
const MARGIN_MS = 1_000;

/** One entry of a group, with what it has on the link. */
export type MovingEntry = {
  readonly plan: AddressPlan;
  readonly keeper: AddressKeeper;
  readonly announcer: Announcer;
  readonly neighbours: NeighbourPort;
};

export type PlannedMoveOptions = {
  readonly reactor: Reactor;
  readonly steer: Steer;
  readonly entries: () => readonly MovingEntry[];
  /** How long the connections of a leaver may last, in ms. */
  readonly drainMs: () => number;
  /** Nodes that were heard of, by their addresses. */
  readonly heard: () => readonly string[];
  readonly tell: (message: string) => void;
};

export class PlannedMove {
  readonly #options: PlannedMoveOptions;
  #timer: Timer | null = null;
  #move = 0;
  /** Of the leaver: what is called once a successor is ready, or none is. */
  #then: (() => void) | null = null;
  #ready = new Set<number>();
  /** Of the leaver, between `ready` and the retreat. */
  #hasSuccessor = false;
  #isRetreating = false;
  /** Of the successor, by the virtual router: the move that rules stand for. */
  readonly #followed = new Map<number, number>();
  readonly #followedMs = new Map<number, number>();

  constructor(options: PlannedMoveOptions) {
    this.#options = options;
  }

  /** Whether the addresses are kept for the connections they still have. */
  get isRetreating(): boolean {
    return this.#isRetreating;
  }

  /** Says that this node leaves; calls `then` when a successor is ready, or nobody has answered. */
  prepare(then: () => void): void {
    if (this.#then !== null) return;
    if (this.#options.drainMs() === 0) {
      then();
      return;
    }
    this.#then = then;
    this.#move = (Math.random() * 2 ** 32) >>> 0;
    this.#ready.clear();
    this.#say(Math.ceil(READY_MS / NOTE_EVERY_MS));
  }

  /** A note of another node; `isBackup`: this node could be its successor. */
  hear(note: LeaveNote, port: NeighbourPort, isBackup: boolean): void {
    const entries = this.#options.entries();
    const entry = entries.find((one) => one.neighbours === port && one.plan.vrrp.id === note.vrid);
    if (entry === undefined) return;
    if (note.kind === 'ready') this.#heardReady(note, entries.length);
    else if (note.kind === 'done') this.#heardDone(note, entry);
    else if (isBackup) this.#follow(note, entry);
  }

  /** The addresses move now: keeps them silently where a successor is ready; false: it does not. */
  retreat(): boolean {
    if (!this.#hasSuccessor) return false;
    this.#hasSuccessor = false;
    this.#isRetreating = true;
    const forMs = this.#options.drainMs();
    for (const { plan, keeper, announcer, neighbours } of this.#options.entries()) {
      announcer.stop();
      keeper.keep();
      const want = { ...steering('leaver', plan, neighbours), forMs };
      // Who has left hands nothing on: what came from one before could go round for ever.
      this.#options.steer(steerKey('successor', plan), null);
      this.#options.steer(steerKey('leaver', plan), want);
    }
    this.#arm(forMs, () => this.end());
    return true;
  }

  /** The addresses are held again: nothing is silent any more. */
  cancel(): void {
    this.#hasSuccessor = false;
    if (!this.#isRetreating) return;
    this.#stop();
  }

  /** Lets go of what is kept, and says so. */
  end(): void {
    this.#disarm();
    if (!this.#isRetreating) return;
    for (const { keeper } of this.#options.entries()) keeper.release();
    // Twice: a frame may be lost, and the rules would stay for the rest of the drain.
    for (let i = 0; i < 2; i++) this.#send('done', this.#options.entries());
    this.#stop();
  }

  #stop(): void {
    this.#disarm();
    this.#isRetreating = false;
    for (const { plan } of this.#options.entries()) {
      this.#options.steer(steerKey('leaver', plan), null);
    }
  }

  #say(left: number): void {
    if (left === 0) {
      this.#proceed(false);
      return;
    }
    this.#send('leaving', this.#options.entries());
    this.#arm(NOTE_EVERY_MS, () => this.#say(left - 1));
  }

  #heardReady({ vrid, move }: LeaveNote, needed: number): void {
    if (this.#then === null || move !== this.#move) return;
    this.#ready.add(vrid);
    if (this.#ready.size >= needed) this.#proceed(true);
  }

  #proceed(hasSuccessor: boolean): void {
    this.#disarm();
    this.#hasSuccessor = hasSuccessor;
    const then = this.#then;
    this.#then = null;
    then?.();
  }

  #follow(note: LeaveNote, { plan, neighbours }: MovingEntry): void {
    const ready = (): void => this.#answer(note, neighbours);
    if (this.#followed.get(note.vrid) === note.move) return ready();
    const { nowMs } = this.#options.reactor;
    if (nowMs - (this.#followedMs.get(note.vrid) ?? -Infinity) < FOLLOW_EVERY_MS) return;
    if (!this.#isKnown(note)) return;
    this.#followedMs.set(note.vrid, nowMs);
    const want: Steering = {
      ...steering('successor', plan, neighbours),
      ipv4: note.ipv4 === null ? null : formatIp(note.ipv4),
      linkLocal: note.linkLocal === null ? null : formatIp(note.linkLocal),
      forMs: note.drainMs + MARGIN_MS,
    };
    this.#options.steer(steerKey('successor', plan), want, () => {
      if (![...this.#followed.values()].includes(note.move)) this.#options.tell(WILL_FOLLOW);
      this.#followed.set(note.vrid, note.move);
      ready();
    });
  }

  /** Whether it comes from a node that advertises. */
  #isKnown({ ipv4, linkLocal }: LeaveNote): boolean {
    const heard = this.#options.heard();
    return [ipv4, linkLocal].some((ip) => ip !== null && heard.includes(formatIp(ip)));
  }

  #heardDone({ vrid, move }: LeaveNote, { plan }: MovingEntry): void {
    if (this.#followed.get(vrid) !== move) return;
    this.#followed.delete(vrid);
    this.#options.steer(steerKey('successor', plan), null);
  }

  #answer(note: LeaveNote, port: NeighbourPort): void {
    port.sendNote({ ...note, kind: 'ready', ipv4: null, linkLocal: null });
  }

  #send(kind: LeaveNote['kind'], entries: readonly MovingEntry[]): void {
    for (const { plan, neighbours } of entries) {
      const drainMs = this.#options.drainMs();
      const note = { kind, vrid: plan.vrrp.id, move: this.#move, drainMs };
      neighbours.sendNote({ ...note, ...neighbours.own(plan.vrrp.source) });
    }
  }

  #arm(afterMs: number, run: () => void): void {
    this.#disarm();
    this.#timer = this.#options.reactor.after(afterMs, run);
  }

  #disarm(): void {
    this.#options.reactor.cancel(this.#timer);
    this.#timer = null;
  }
}

const steerKey = (role: Steering['role'], { key, interface: name }: AddressPlan): string =>
  `${role} ${name} ${key}`;

function steering(
  role: Steering['role'],
  plan: AddressPlan,
  neighbours: NeighbourPort,
): Omit<Steering, 'forMs'> {
  const { ipv4, linkLocal } = neighbours.own(plan.vrrp.source);
  return {
    role,
    interface: plan.interface,
    inputs: inputNames(plan),
    ips: plan.ips.map(({ host }) => host),
    ipv4: ipv4 === null ? null : formatIp(ipv4),
    linkLocal: linkLocal === null ? null : formatIp(linkLocal),
  };
}
