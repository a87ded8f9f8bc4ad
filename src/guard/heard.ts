/** Who was heard of, and what people should know of it: each thing once for each node. */
import type { AdvertFault } from '../codec/vrrp/decode.ts';
import type { AddressPlan } from '../config/plan-addresses.ts';
import type { Rival } from '../machine/vrrp/state.ts';
import type { FaceAdvert } from './face.ts';
import type { PeerStanding } from './guard-protocol.ts';

/** Nodes that are remembered; past it, the one that was silent longest is forgotten. */
const PEERS_MAX = 32;
/** Nodes not heard of for so long are not shown, in ms. */
const SHOWN_MS = 60_000;
/** Addresses heard within so many intervals with one priority are those of one node. */
const ALIAS_INTERVALS = 3;
/** Things told, over all nodes; past it, none is told any more until the next configuration. */
const TOLD_MAX = 200;

type Peer = {
  readonly peer: string;
  priority: number;
  heardMs: number;
  addresses: FaceAdvert['addresses'];
};

export class Heard {
  readonly #peers = new Map<string, Peer>();
  readonly #told = new Set<string>();
  /** Other addresses of the active node, each with the one it is known by. */
  readonly #aliases = new Map<string, string>();
  readonly #tell: (message: string) => void;
  count = 0;
  /** By the decoder's word. */
  readonly refused: Partial<Record<AdvertFault, number>> = {};

  constructor(tell: (message: string) => void) {
    this.#tell = tell;
  }

  /** Takes note of an advertisement, and explains what is odd about it. */
  advert(heard: FaceAdvert, plan: AddressPlan, nowMs: number): void {
    this.count++;
    const { peer, advert, addresses } = heard;
    const known = this.#peers.get(peer);
    if (known !== undefined) {
      known.priority = advert.priority;
      known.heardMs = nowMs;
      known.addresses = addresses;
    } else {
      if (this.#peers.size >= PEERS_MAX) this.#forgetOldest();
      this.#peers.set(peer, { peer, priority: advert.priority, heardMs: nowMs, addresses });
    }
    if (this.#told.size < TOLD_MAX) this.#explain(heard, plan);
  }

  /**
   * The name that the election knows a node by. A node speaks from one address on each interface and
   * in each family; where it loses one link, it can resign on the others alone.
   */
  nameOf({ peer, advert }: FaceAdvert, rival: Rival | null, nowMs: number): string {
    if (rival === null || rival.peer === peer) return peer;
    if (advert.priority === 0) return this.#aliases.get(peer) === rival.peer ? rival.peer : peer;
    const isHeard = nowMs - rival.heardMs < ALIAS_INTERVALS * rival.intervalMs;
    if (!isHeard || advert.priority !== rival.priority) this.#aliases.delete(peer);
    else if (this.#aliases.size < PEERS_MAX) this.#aliases.set(peer, rival.peer);
    return peer;
  }

  fault(fault: AdvertFault, peer: string): void {
    this.refused[fault] = (this.refused[fault] ?? 0) + 1;
    this.#once(`${peer} ${fault}`, `an advertisement of ${peer} is refused: ${FAULT_TEXT[fault]}`);
  }

  standing(nowMs: number): PeerStanding[] {
    return [...this.#peers.values()]
      .filter(({ heardMs }) => nowMs - heardMs < SHOWN_MS)
      .map(({ peer, priority, heardMs, addresses }) => ({
        peer,
        priority,
        heardAgoMs: Math.round(nowMs - heardMs),
        addresses,
      }));
  }

  /** Names of nodes that were heard of and have our addresses. */
  names(): string[] {
    const all = [...this.#peers.values()];
    return all.filter(({ addresses }) => addresses !== 'disjoint').map(({ peer }) => peer);
  }

  #forgetOldest(): void {
    const oldest = [...this.#peers.values()].reduce((a, b) => (a.heardMs <= b.heardMs ? a : b));
    this.#peers.delete(oldest.peer);
  }

  #explain({ peer, advert, addresses, hops, checksum }: FaceAdvert, { vrrp }: AddressPlan): void {
    if (addresses === 'overlapping') {
      this.#once(
        `${peer} list`,
        `${peer} advertises other addresses than this node for virtual router ${vrrp.id}: make both lists alike`,
      );
    }
    if (advert.version !== vrrp.version && !peer.includes(':')) {
      this.#once(
        `${peer} version`,
        `${peer} speaks VRRP version ${advert.version}, this node ${vrrp.version}: both are understood`,
      );
    }
    if (advert.priority !== 0 && advert.intervalMs !== vrrp.intervalMs) {
      this.#once(
        `${peer} interval`,
        `${peer} advertises each ${advert.intervalMs} ms, this node each ${vrrp.intervalMs} ms: its own interval counts while it is active`,
      );
    }
    if (hops !== 255) {
      this.#once(
        `${peer} hops`,
        `advertisements of ${peer} come with TTL ${hops}: through a router?`,
      );
    }
    if (checksum === 'pseudo-group') {
      this.#once(`${peer} checksum`, `${peer} makes checksums as keepalived before 1.3.7 did`);
    }
  }

  #once(key: string, message: string): void {
    if (this.#told.has(key) || this.#told.size >= TOLD_MAX) return;
    this.#told.add(key);
    this.#tell(message);
  }
}

const FAULT_TEXT: Readonly<Record<AdvertFault, string>> = {
  truncated: 'it is too short',
  version: 'its version is neither 2 nor 3',
  type: 'it is of an unknown type',
  'vrid-zero': 'its virtual router id is 0',
  'count-zero': 'it names no address',
  'interval-zero': 'its interval is 0',
  checksum: 'its checksum is wrong',
  'auth-type': 'it has authentication that version 2 knows no more (RFC 3768)',
  family: 'version 2 is for IPv4 alone',
  'auth-missing': 'it has no authentication, which this node demands',
  'auth-wrong': 'its authentication is wrong: are the keys the same?',
  'auth-replay': 'its authentication was used before',
};
