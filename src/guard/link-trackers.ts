/** Trackers that the guardian sees itself: whether interfaces are up, whether gateways answer. */
import { arpProbe } from '../codec/arp.ts';
import { parseIp } from '../codec/ip-address.ts';
import { equalBytes } from '../codec/mac.ts';
import { neighbourProbe } from '../codec/neighbour.ts';
import { dumpLinks, readLink } from '../codec/netlink/link.ts';
import type { Timer } from '../base/timer-heap.ts';
import type { TrackPlan } from '../config/plan-addresses.ts';
import type { Netlink } from '../sys/netlink.ts';
import type { TrackVerdict } from './guard-protocol.ts';
import type { Claim, NeighbourPort } from './neighbour-port.ts';
import type { Reactor } from './reactor.ts';

/** Interfaces are looked at so often, in ms: what the kernel knows costs little. */
const LINKS_MS = 100;

type InterfaceTrack = Extract<TrackPlan, { kind: 'interface' }>;
type GatewayTrack = Extract<TrackPlan, { kind: 'gateway' }>;

export type LinkTrackersParts = {
  readonly reactor: Reactor;
  readonly netlink: Netlink;
  /** The interface of the addresses: gateways are asked there. */
  readonly port: NeighbourPort;
  readonly onChange: () => void;
};

/** Those of one entry. */
export class LinkTrackers {
  readonly #parts: LinkTrackersParts;
  readonly #interfaces: readonly InterfaceTrack[];
  readonly #gateways: readonly Gateway[];
  readonly #verdicts = new Map<string, TrackVerdict>();
  #timer: Timer | null = null;

  constructor(tracks: readonly TrackPlan[], parts: LinkTrackersParts) {
    this.#parts = parts;
    this.#interfaces = tracks.filter((track) => track.kind === 'interface');
    this.#gateways = tracks
      .filter((track) => track.kind === 'gateway')
      .map((track) => new Gateway(track, parts, (verdict) => this.#take(track.key, verdict)));
    if (this.#interfaces.length > 0) this.#look();
  }

  /** By the key of the tracker. */
  get verdicts(): ReadonlyMap<string, TrackVerdict> {
    return this.#verdicts;
  }

  close(): void {
    this.#parts.reactor.cancel(this.#timer);
    for (const gateway of this.#gateways) gateway.close();
  }

  #look(): void {
    const running = new Map<string, boolean>();
    for (const message of this.#parts.netlink.dump(dumpLinks)) {
      const link = readLink(message);
      if (link !== null) running.set(link.name, link.isRunning);
    }
    for (const { key, interface: name } of this.#interfaces) {
      const isRunning = running.get(name);
      const seen = isRunning === undefined ? 'is not there' : isRunning ? 'is up' : 'is down';
      this.#take(key, { isWell: isRunning === true, seen });
    }
    this.#timer = this.#parts.reactor.after(LINKS_MS, () => this.#look());
  }

  #take(key: string, verdict: TrackVerdict): void {
    const before = this.#verdicts.get(key);
    this.#verdicts.set(key, verdict);
    if (before !== undefined && before.isWell !== verdict.isWell) this.#parts.onChange();
  }
}

/** A host on the link that is asked for its address again and again. */
class Gateway {
  readonly #track: GatewayTrack;
  readonly #parts: LinkTrackersParts;
  readonly #tell: (verdict: TrackVerdict) => void;
  readonly #ip: Uint8Array;
  readonly #hear = (claim: Claim): void => this.#heard(claim);
  #timer: Timer;
  #limit: Timer | null = null;
  #isAsked = false;
  #isWell = true;
  /** Outcomes in a row that speak against the verdict. */
  #inRow = 0;

  constructor(
    track: GatewayTrack,
    parts: LinkTrackersParts,
    tell: (verdict: TrackVerdict) => void,
  ) {
    this.#track = track;
    this.#parts = parts;
    this.#tell = tell;
    this.#ip = parseIp(track.host)!;
    parts.port.hear(this.#hear);
    this.#timer = parts.reactor.after(0, () => this.#ask());
  }

  close(): void {
    this.#parts.port.unhear(this.#hear);
    for (const timer of [this.#timer, this.#limit]) this.#parts.reactor.cancel(timer);
  }

  #ask(): void {
    const { reactor, port } = this.#parts;
    // Asked again before the time for an answer is over.
    this.#outcome(false);
    this.#isAsked = true;
    const { mac } = port;
    port.send(this.#ip.length === 4 ? arpProbe(mac, this.#ip) : neighbourProbe(mac, this.#ip));
    this.#limit = reactor.after(this.#track.timeoutMs, () => this.#outcome(false));
    this.#timer = reactor.after(this.#track.everyMs, () => this.#ask());
  }

  #heard({ ip, isAnswer }: Claim): void {
    if (this.#isAsked && isAnswer && equalBytes(ip, this.#ip)) this.#outcome(true);
  }

  #outcome(isWell: boolean): void {
    if (!this.#isAsked) return;
    this.#isAsked = false;
    this.#parts.reactor.cancel(this.#limit);
    const { rise, fall } = this.#track;
    this.#inRow = isWell === this.#isWell ? 0 : this.#inRow + 1;
    if (this.#inRow >= (isWell ? rise : fall)) {
      this.#isWell = isWell;
      this.#inRow = 0;
    }
    this.#tell({ isWell: this.#isWell, seen: this.#isWell ? 'answers' : 'does not answer' });
  }
}
