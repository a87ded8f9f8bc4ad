/**
 * What the election of one group of floating addresses hears, and what it wants done.
 *
 * A group has one election, whatever the number of its virtual routers (RFC 9568 §1.2: one for each
 * family and interface): they move together or not at all. The shell sends an advertisement for each
 * of them, and hands over what it hears of any of them.
 */

export type ElectionOptions = {
  /** Base priority, 1 to 254; 255 is the owner of the address (RFC 9568 §5.2.4). */
  readonly priority: number;
  readonly intervalMs: number;
  /** Intervals without an advertisement after which the active node is taken for dead. */
  readonly misses: number;
  /** Whether a higher priority takes over from a node that is well. */
  readonly preempt: boolean;
  readonly preemptDelayMs: number;
  /** Nodes that are known from the configuration, by the names of `HeardAdvert.peer`. */
  readonly peers: readonly string[];
};

export type HeardAdvert = {
  /** Address that it came from: names the node. */
  readonly peer: string;
  readonly priority: number;
  readonly intervalMs: number;
  /** What its addresses are to ours. `disjoint`: another cluster with our vrid. */
  readonly addresses: 'same' | 'overlapping' | 'disjoint';
  /**
   * Whether the peer wins at equal priority: its address is the greater one (RFC 9568 §6.4.3). Null
   * on all virtual routers of the group but the first, so that all nodes decide a tie alike.
   */
  readonly winsTie: boolean | null;
};

/** What came of a question that the effect `ask` put. */
export type Answer = {
  /** The question's number. */
  readonly question: number;
  /** Whether a host other than ours answers for the addresses; `unknown`: it could not be asked. */
  readonly owner: 'answered' | 'silent' | 'unknown';
  /** What a connection to a listener at the address met, where another owner answered. */
  readonly service: 'ok' | 'refused' | 'reset' | 'silent' | 'unknown';
  /** Whether others on the link answer, a gateway say; `none`: nobody is known that should. */
  readonly witnesses: 'answered' | 'silent' | 'none';
  /** Whether other nodes of the group answer at addresses of their own; `none`: none is known. */
  readonly peers: 'answered' | 'silent' | 'none';
};

/** How well this node could serve. */
export type Fitness =
  /** `drop`: the sum of the weights of what has failed; it lowers the priority. */
  | { readonly kind: 'fit'; readonly drop: number }
  /** The data path does not answer, or a tracker without weight fails. */
  | { readonly kind: 'unfit'; readonly reason: string }
  /** There is no link that an address could stand on. */
  | { readonly kind: 'no-link' };

export type ElectionEvent =
  /**
   * Begins. `held`: the kernel has the addresses of a process before. `resume`: that process was
   * active, and its last advertisement is younger than the down interval.
   */
  | { readonly kind: 'begin'; readonly held: boolean; readonly resume: boolean }
  | { readonly kind: 'advert'; readonly advert: HeardAdvert }
  /** `dueMs` of the state has come. */
  | { readonly kind: 'due' }
  | { readonly kind: 'answer'; readonly answer: Answer }
  | { readonly kind: 'fitness'; readonly fitness: Fitness }
  /** Another host claims one of the addresses by ARP or a neighbour advertisement. */
  | { readonly kind: 'claim' }
  /** An operator wants another node to have the addresses. */
  | { readonly kind: 'move' }
  /** The program ends: gives the addresses to another node, for which it waits a while. */
  | { readonly kind: 'stop' }
  /** Another configuration, of the same group. */
  | { readonly kind: 'options'; readonly options: ElectionOptions };

export type ElectionEffect =
  /** Sends an advertisement for each virtual router, by each path. */
  | { readonly kind: 'advertise'; readonly priority: number }
  /** Sets the addresses and renews them from now on. */
  | { readonly kind: 'hold' }
  /** Renews the addresses that the kernel still has, and sets none anew. */
  | { readonly kind: 'keep' }
  /** Removes the addresses. */
  | { readonly kind: 'release' }
  /** Tells the neighbours where the addresses are, now and a few times more. */
  | { readonly kind: 'announce' }
  /** Asks who answers for the addresses; the answer must come within `withinMs`. */
  | { readonly kind: 'ask'; readonly question: number; readonly withinMs: number }
  /** Something that people should know of. `peer` is "" where none is concerned. */
  | { readonly kind: 'tell'; readonly reason: ElectionReason; readonly peer: string }
  /** After `stop`: nothing is held any more. */
  | { readonly kind: 'stopped' };

/** Why something happened, in one word each; the table of texts is in src/guard. */
export type ElectionReason =
  // Becoming active.
  | 'owner-silent'
  | 'owner-resigned'
  | 'service-dead'
  | 'preempts'
  | 'resumed'
  | 'listened'
  | 'owner-of-address'
  // Ceasing to be.
  | 'leaves'
  | 'peer-is-higher'
  | 'peer-is-deaf'
  | 'moved'
  | 'stopped'
  | 'unfit'
  | 'link-lost'
  // Neither.
  | 'holds-off'
  | 'link-in-doubt'
  | 'unverified-advert'
  | 'foreign-cluster'
  | 'nobody-took-over'
  | 'overslept'
  | 'unfit-but-alone'
  | 'rival-claims';

export type ElectionName =
  | 'initialize'
  | 'backup'
  | 'active'
  /** Active, but asks others to take over, and holds the addresses until one does. */
  | 'leaving'
  /** Holds addresses of which it does not know whether another node has them: listens. */
  | 'doubtful'
  /** Has no link. */
  | 'fault';
