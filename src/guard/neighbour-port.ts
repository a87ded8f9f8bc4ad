/** ARP, neighbour discovery and notes on one interface: what is sent, paced, and who hears it. */
import { decodeArp, ETHERTYPE_ARP } from '../codec/arp.ts';
import { decodeNote, encodeNote, ETHERTYPE_NOTE, type LeaveNote } from '../codec/leave-note.ts';
import { parseIp } from '../codec/ip-address.ts';
import { equalBytes } from '../codec/mac.ts';
import { decodeNeighbour, ETHERTYPE_IPV6 } from '../codec/neighbour.ts';
import { NEIGHBOUR_FILTER, openPacketSocket, receiveFrames } from '../sys/packet-sockets.ts';
import { sendFrame } from '../sys/packet-sockets.ts';
import { closeFd } from '../sys/sockets.ts';
import { interfaceFacts } from './interface-facts.ts';
import type { Reactor } from './reactor.ts';

/** Frames that are announced in one go, and the wait until the next go, in ms. */
const PACE = { frames: 100, everyMs: 10 } as const;
/** Frames that may wait: 1,000 addresses in two forms, twice. */
const WAITING_MAX = 4_000;

/** A host that uses or claims an address. `ip` and `mac` are copies. */
export type Claim = {
  readonly ip: Uint8Array;
  readonly mac: Uint8Array;
  /** Whether it answers somebody's question, as to a probe of ours. */
  readonly isAnswer: boolean;
};

export type NoteHearer = (note: LeaveNote, port: NeighbourPort) => void;

export class NeighbourPort {
  readonly interface: string;
  readonly #reactor: Reactor;
  readonly #floating: ReadonlySet<string>;
  readonly #hearers = new Set<(claim: Claim) => void>();
  readonly #noteHearers = new Set<NoteHearer>();
  #arp = -1;
  #six = -1;
  #notes = -1;
  #waiting: Uint8Array[] = [];
  #isPacing = false;
  index = 0;
  mac: Uint8Array = new Uint8Array(6);

  constructor(options: { reactor: Reactor; interface: string; floating: ReadonlySet<string> }) {
    this.#reactor = options.reactor;
    this.interface = options.interface;
    this.#floating = options.floating;
  }

  get isOpen(): boolean {
    return this.#arp >= 0;
  }

  /** As `AdvertPort.open`. */
  open(): boolean {
    const facts = interfaceFacts(this.interface, this.#floating);
    if (facts.index === 0) {
      this.close();
      return false;
    }
    this.mac = facts.mac;
    if (this.isOpen && this.index === facts.index) return true;
    this.close();
    this.#arp = openPacketSocket(ETHERTYPE_ARP, facts.index);
    this.#six = openPacketSocket(ETHERTYPE_IPV6, facts.index, NEIGHBOUR_FILTER);
    this.#notes = openPacketSocket(ETHERTYPE_NOTE, facts.index);
    this.index = facts.index;
    this.#reactor.watch(this.#arp, () => receiveFrames(this.#arp, (frame) => this.#hearArp(frame)));
    this.#reactor.watch(this.#six, () => receiveFrames(this.#six, (frame) => this.#hearSix(frame)));
    this.#reactor.watch(this.#notes, () =>
      receiveFrames(this.#notes, (frame) => this.#hearNote(frame)),
    );
    return true;
  }

  close(): void {
    for (const fd of [this.#arp, this.#six, this.#notes]) {
      if (fd < 0) continue;
      this.#reactor.unwatch(fd);
      closeFd(fd);
    }
    this.#arp = this.#six = this.#notes = -1;
    this.index = 0;
    this.#waiting = [];
  }

  /** Calls `hearer` for every claim by another host. */
  hear(hearer: (claim: Claim) => void): void {
    this.#hearers.add(hearer);
  }

  unhear(hearer: (claim: Claim) => void): void {
    this.#hearers.delete(hearer);
  }

  /** Calls `hearer` for every note of another node of Ballast. */
  hearNotes(hearer: NoteHearer): void {
    this.#noteHearers.add(hearer);
  }

  unhearNotes(hearer: NoteHearer): void {
    this.#noteHearers.delete(hearer);
  }

  sendNote(note: LeaveNote): void {
    if (this.#notes >= 0) sendFrame(this.#notes, encodeNote(note, this.mac));
  }

  /** This node's own addresses on the interface; `source` is one that advertisements come from. */
  own(source: string | null): Pick<LeaveNote, 'ipv4' | 'linkLocal'> {
    const { ipv4, linkLocal } = interfaceFacts(this.interface, this.#floating);
    const given = source === null ? null : parseIp(source);
    return { ipv4: given?.length === 4 ? given : ipv4, linkLocal };
  }

  /** At once. */
  send(frame: Uint8Array): void {
    if (this.#arp >= 0) sendFrame(this.#arp, frame);
  }

  /** One after the other, a few at a time: switches throttle what comes in a flood. */
  sendPaced(frames: readonly Uint8Array[]): void {
    for (const frame of frames) if (this.#waiting.length < WAITING_MAX) this.#waiting.push(frame);
    if (!this.#isPacing) this.#pace();
  }

  #pace(): void {
    for (const frame of this.#waiting.splice(0, PACE.frames)) this.send(frame);
    this.#isPacing = this.#waiting.length > 0;
    if (this.#isPacing) this.#reactor.after(PACE.everyMs, () => this.#pace());
  }

  #hearArp(frame: Uint8Array): void {
    const arp = decodeArp(frame);
    if (arp === null || equalBytes(arp.senderMac, this.mac) || arp.senderIp[0] === 0) return;
    const isAnswer = arp.operation === 'reply';
    this.#tell({ ip: arp.senderIp, mac: arp.senderMac, isAnswer });
  }

  #hearSix(frame: Uint8Array): void {
    const message = decodeNeighbour(frame);
    if (message === null || equalBytes(message.mac, this.mac)) return;
    const isAdvert = message.kind === 'advertisement';
    const ip = isAdvert ? message.target : message.source;
    this.#tell({ ip, mac: message.mac, isAnswer: isAdvert });
  }

  #hearNote(frame: Uint8Array): void {
    const note = decodeNote(frame);
    if (note !== null) for (const hearer of this.#noteHearers) hearer(note, this);
  }

  #tell(claim: Claim): void {
    for (const hearer of this.#hearers) hearer(claim);
  }
}
