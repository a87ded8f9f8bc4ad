/** All groups of this node, and what the supervisor wants of them. */
import { formatIp } from '../codec/ip-address.ts';
import type { SeenAddress } from '../codec/netlink/address.ts';
import type { AddressPlan } from '../config/plan-addresses.ts';
import type { Netlink } from '../sys/netlink.ts';
import { sweepDevices } from './devices.ts';
import { DOUBT_MS, Group, type GroupParts } from './group.ts';
import { BOARD_GROUP, BOARD_GROUP_AT, BOARD_GROUP_FIELDS } from './guard-protocol.ts';
import type { FromGuard, ToGuard, TrackVerdict } from './guard-protocol.ts';
import { Ports } from './ports.ts';
import type { Reactor } from './reactor.ts';
import { Steers } from './steers.ts';
import type { WorkerHearts } from './worker-hearts.ts';

/** Everything is looked at so often, in ms, though nothing seems to have changed. */
const LOOK_MS = 500;
/** A move is answered after so long at the latest, in ms; an election calls it off before. */
const MOVE_MS = 5_000;

type PlanFrame = Extract<ToGuard, { type: 'plan' }>;

export type GroupsParts = {
  readonly reactor: Reactor;
  readonly netlink: Netlink;
  readonly board: Float64Array;
  readonly hearts: WorkerHearts;
  readonly send: (frame: FromGuard) => void;
};

export class Groups {
  readonly #parts: GroupsParts;
  readonly #ports: Ports;
  readonly #groups = new Map<string, Group>();
  readonly #verdicts = new Map<string, TrackVerdict>();
  readonly #moves = new Map<string, number>();
  #places: Readonly<Record<string, number>> = {};
  readonly #steers: Steers;
  #drainMs = 0;
  #onStopped: (() => void) | null = null;
  #seen = '';
  #lookedMs = -Infinity;

  constructor(parts: GroupsParts) {
    this.#parts = parts;
    this.#steers = new Steers(parts.reactor, parts.send);
    this.#ports = new Ports(parts.reactor);
  }

  /** Puts a plan in force: groups that stay go on, whatever changes in them. */
  setPlan({ addresses, places, drainMs }: Omit<PlanFrame, 'type' | 'version' | 'act'>): void {
    this.#places = places;
    this.#drainMs = drainMs;
    this.#ports.floating.clear();
    for (const { ips } of addresses) for (const { host } of ips) this.#ports.floating.add(host);
    const byGroup = Map.groupBy(addresses, ({ group }) => group);
    for (const [name, group] of this.#groups) {
      if (byGroup.has(name)) continue;
      group.end();
      this.#groups.delete(name);
    }
    for (const [name, plans] of byGroup) {
      const known = this.#groups.get(name);
      if (known !== undefined) known.setPlans(plans);
      else this.#begin(name, plans);
    }
    sweepDevices(this.#parts.netlink, addresses);
    this.#ports.sweep(new Set(addresses.map(({ interface: one }) => one)));
    this.tellStanding();
  }

  setVerdicts(tracks: Readonly<Record<string, TrackVerdict>>): void {
    this.#verdicts.clear();
    for (const [key, verdict] of Object.entries(tracks)) this.#verdicts.set(key, verdict);
    this.look();
  }

  /** Looks at everything that decides, in all groups. */
  look(): void {
    for (const group of this.#groups.values()) group.look();
    this.#noteAll();
  }

  /** The same, only where something may have changed that nobody tells of. */
  glance(): void {
    const { hearts, reactor } = this.#parts;
    const { nowMs } = reactor;
    const alive = hearts.living(nowMs);
    const isInDoubt = hearts.silentMs(nowMs) > DOUBT_MS;
    const seen = `${alive} ${this.#ports.openOnes}`;
    if (seen !== this.#seen || isInDoubt || nowMs - this.#lookedMs > LOOK_MS) {
      this.#seen = seen;
      this.#lookedMs = nowMs;
      this.look();
    } else this.#noteAll();
  }

  #noteAll(): void {
    for (const [name, group] of this.#groups) this.#note(name, group);
  }

  /** Links or addresses have changed: sockets are opened where they can be, and closed elsewhere. */
  reopen(): void {
    this.#ports.reopen();
  }

  /** News of an address. Returns whether it is one of ours. */
  onAddress(seen: SeenAddress): boolean {
    if (!this.#ports.floating.has(formatIp(seen.ip))) return false;
    for (const group of this.#groups.values()) group.onAddress(seen);
    return true;
  }

  move(name: string, request: number): void {
    const group = this.#groups.get(name);
    if (group?.state !== 'active') {
      const outcome = group === undefined ? 'there is no such group' : 'it is not active here';
      this.#parts.send({ type: 'moved', request, ok: false, outcome });
      return;
    }
    this.#moves.set(name, request);
    this.#parts.reactor.after(MOVE_MS, () => this.#answerMove(name, false, 'it took too long'));
    group.move();
  }

  /** Gives everything to other nodes. */
  stop(limitMs: number, onStopped: () => void): void {
    this.#onStopped = onStopped;
    this.#parts.reactor.after(limitMs, () => this.#allStopped());
    for (const group of this.#groups.values()) group.stop();
    this.#checkStopped();
  }

  /** What came of rules that a planned move wanted. */
  steered(request: number, isDone: boolean): void {
    this.#steers.answered(request, isDone);
  }

  /** The first address of each group. */
  firstHosts(): string[] {
    return [...this.#groups.values()].map(({ firstHost }) => firstHost);
  }

  leave(): void {
    for (const group of this.#groups.values()) group.leave();
  }

  tellStanding(): void {
    const { nowMs } = this.#parts.reactor;
    const groups = [...this.#groups.values()].map((group) => group.standing(nowMs));
    this.#parts.send({ type: 'standing', groups });
  }

  #begin(name: string, plans: readonly AddressPlan[]): void {
    const group = new Group(name, plans, this.#groupParts());
    this.#groups.set(name, group);
    group.begin(this.#wasActive(name, plans[0]!));
  }

  #groupParts(): GroupParts {
    const { reactor, netlink, hearts, send } = this.#parts;
    return {
      reactor,
      netlink,
      ports: this.#ports,
      workersAlive: () => (hearts.count === 0 ? null : hearts.living(reactor.nowMs)),
      workersSilentMs: () => hearts.silentMs(reactor.nowMs),
      verdicts: this.#verdicts,
      events: {
        onState: (group) => this.#changed(group),
        onEvent: (group, level, code, message) =>
          send({ type: 'event', level, code, group, message }),
        onStopped: () => this.#checkStopped(),
      },
      steer: this.#steers.set,
      drainMs: () => this.#drainMs,
    };
  }

  #changed(group: Group): void {
    this.#note(group.name, group);
    if (group.state === 'backup') this.#answerMove(group.name, true, 'another node has it now');
    else if (group.state === 'active') this.#answerMove(group.name, false, 'no other node took it');
    this.tellStanding();
  }

  #answerMove(name: string, ok: boolean, outcome: string): void {
    const request = this.#moves.get(name);
    if (request === undefined) return;
    this.#moves.delete(name);
    this.#parts.send({ type: 'moved', request, ok, outcome });
  }

  #checkStopped(): void {
    if (this.#onStopped === null) return;
    for (const group of this.#groups.values()) if (group.state !== 'initialize') return;
    this.#allStopped();
  }

  #allStopped(): void {
    const onStopped = this.#onStopped;
    this.#onStopped = null;
    if (onStopped === null) return;
    for (const [name, group] of this.#groups) {
      group.rest();
      this.#note(name, group);
    }
    onStopped();
  }

  /** Writes to the board what a successor must know. */
  #note(name: string, group: Group): void {
    const at = this.#place(name);
    if (at < 0) return;
    const { board } = this.#parts;
    board[at + BOARD_GROUP.isActive] = group.state === 'active' ? 1 : 0;
    board[at + BOARD_GROUP.advertisedMs] = group.sentMs;
  }

  #wasActive(name: string, { vrrp }: AddressPlan): boolean {
    const at = this.#place(name);
    if (at < 0 || this.#parts.board[at + BOARD_GROUP.isActive] !== 1) return false;
    const silentMs = this.#parts.reactor.nowMs - this.#parts.board[at + BOARD_GROUP.advertisedMs]!;
    return silentMs < vrrp.misses * vrrp.intervalMs;
  }

  #place(name: string): number {
    const place = this.#places[name];
    return place === undefined ? -1 : BOARD_GROUP_AT + place * BOARD_GROUP_FIELDS;
  }
}
