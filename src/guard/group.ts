/**
 * One group of addresses: its election, and everything that carries out what the election wants.
 * All its virtual routers move together.
 */
import { parseIp } from '../codec/ip-address.ts';
import type { AddressPlan, TrackPlan } from '../config/plan-addresses.ts';
import { dueMs, isHolding, step } from '../machine/vrrp/election.ts';
import { newElection, type ElectionState } from '../machine/vrrp/state.ts';
import { effectivePriority } from '../machine/vrrp/timing.ts';
import type { ElectionEffect, ElectionEvent, ElectionReason } from '../machine/vrrp/words.ts';
import type { SeenAddress } from '../codec/netlink/address.ts';
import type { Timer } from '../base/timer-heap.ts';
import type { Netlink } from '../sys/netlink.ts';
import { Announcer } from './announcer.ts';
import { Asker } from './asker.ts';
import { standsAlike } from './devices.ts';
import { fitnessOf, isSameFitness, listConditions } from './conditions.ts';
import type { Face, FaceAdvert } from './face.ts';
import { facesOf, withoutLink } from './faces.ts';
import type { Condition, GroupStanding, TrackVerdict } from './guard-protocol.ts';
import { Heard } from './heard.ts';
import { AddressKeeper } from './keeper.ts';
import type { Claim, NeighbourPort, NoteHearer } from './neighbour-port.ts';
import { PlannedMove } from './planned-move.ts';
import type { Ports } from './ports.ts';
import { questionOf } from './question.ts';
import type { Reactor } from './reactor.ts';
import { reasonLevel, reasonText } from './reasons.ts';
import { Refusals } from './refusals.ts';
import type { Steer } from './steers.ts';
import { Watches } from './watches.ts';
import { equalBytes } from '../codec/mac.ts';

/** Workers silent for so long are doubted: a beat comes each 50 ms, in ms. */
export const DOUBT_MS = 70;

export type GroupEvents = {
  readonly onState: (group: Group) => void;
  readonly onEvent: (group: string, level: 'info' | 'warn', code: string, message: string) => void;
  readonly onStopped: (group: Group) => void;
};

export type GroupParts = {
  readonly reactor: Reactor;
  readonly netlink: Netlink;
  readonly ports: Ports;
  /** How many workers are alive; null where none is known. */
  readonly workersAlive: () => number | null;
  /** For how long the heart of none has moved, in ms. */
  readonly workersSilentMs: () => number;
  readonly verdicts: ReadonlyMap<string, TrackVerdict>;
  readonly events: GroupEvents;
  readonly steer: Steer;
  /** How long connections may last that stay behind in a planned move, in ms. */
  readonly drainMs: () => number;
};

type Entry = {
  plan: AddressPlan;
  readonly keeper: AddressKeeper;
  readonly announcer: Announcer;
  readonly neighbours: NeighbourPort;
};

export class Group {
  readonly name: string;
  readonly #parts: GroupParts;
  readonly #heard: Heard;
  readonly #asker: Asker;
  readonly #move: PlannedMove;
  readonly #watches: Watches;
  readonly #refusals = new Refusals((why) => this.#event('warn', 'BAL_ADDRESS_KERNEL', why));
  readonly #hearClaim = (claim: Claim): void => this.#claimed(claim);
  readonly #hearNote: NoteHearer = (note, port) =>
    this.#move.hear(note, port, this.state === 'backup');
  #entries: readonly Entry[] = [];
  #faces: readonly Face[] = [];
  #conditions: readonly Condition[] = [];
  #state: ElectionState;
  #timer: Timer | null = null;
  #sinceMs = Date.now();
  #takeovers = 0;
  #sent = 0;
  sentMs = -Infinity;

  constructor(name: string, plans: readonly AddressPlan[], parts: GroupParts) {
    this.name = name;
    this.#parts = parts;
    this.#heard = new Heard((message) => this.#event('warn', 'BAL_ADDRESS_PEER', message));
    this.#state = newElection(optionsOf(plans[0]!));
    const port = parts.ports.neighbour(plans[0]!.interface);
    this.#asker = new Asker(parts.reactor, port, (answer) => this.tell({ kind: 'answer', answer }));
    this.#watches = new Watches({ ...parts, onChange: () => this.look() });
    this.#move = new PlannedMove({
      ...parts,
      entries: () => this.#entries,
      heard: () => this.#heard.names(),
      tell: (message) => this.#event('info', 'BAL_ADDRESS_STATE', message),
    });
    this.#build(plans);
  }

  get state(): ElectionState['name'] {
    return this.#state.name;
  }

  get firstHost(): string {
    return this.#entries[0]!.plan.ips[0]!.host;
  }

  get isHolding(): boolean {
    return isHolding(this.#state);
  }

  /**
   * Begins the election. `resume`: a process before this one was active until just now. Throws what
   * opening the sockets throws.
   */
  begin(resume: boolean): void {
    this.open();
    const looks = this.#entries.map(({ plan, keeper }) => ({ plan, ...keeper.look() }));
    for (const { plan, foreign } of looks) {
      if (foreign.length === 0 || plan.vrrp.priority === 255 || plan.leaseMs === 0) continue;
      const message = `${foreign.join(', ')} is set on ${plan.interface} for ever, by another program`;
      this.#event('warn', 'BAL_ADDRESS_CLASH', message);
    }
    this.#look();
    const down = withoutLink(this.#faces);
    if (down !== null) this.#tellNoLink(down);
    const held = looks.some(({ leased }) => leased.length > 0);
    this.tell({ kind: 'begin', held, resume: resume && held });
  }

  /** Opens the sockets where they can be opened, anew where the interface is another one. */
  open(): void {
    for (const { neighbours } of this.#entries) neighbours.open();
    for (const face of this.#faces) face.port.open();
  }

  /** Another configuration of the same group. */
  setPlans(plans: readonly AddressPlan[]): void {
    this.#build(plans);
    this.open();
    this.tell({ kind: 'options', options: optionsOf(plans[0]!) });
    this.look();
  }

  /** Hands an event to the election, and carries out what follows. */
  tell(event: ElectionEvent): void {
    const before = this.#state;
    const { state, effects } = step(before, event, this.#parts.reactor.nowMs);
    this.#state = state;
    for (const effect of effects) this.#carryOut(effect);
    this.#arm();
    if (state.name !== before.name) {
      if (state.name === 'active' && before.name !== 'leaving') this.#takeovers++;
      this.#sinceMs = Date.now();
      this.#watches.setHolding(this.isHolding);
    }
    if (state.name !== before.name || state.rival?.peer !== before.rival?.peer) {
      this.#parts.events.onState(this);
    }
  }

  /** Gives the addresses to another node, which is told before. */
  move(): void {
    this.#move.prepare(() => this.tell({ kind: 'move' }));
  }

  /** The same, for good. */
  stop(): void {
    if (this.#state.name === 'active') this.#move.prepare(() => this.tell({ kind: 'stop' }));
    else this.tell({ kind: 'stop' });
  }

  /** Looks at everything that decides about fitness. */
  look(): void {
    if (this.#state.name !== 'initialize') this.#look();
  }

  onAddress(seen: SeenAddress): void {
    for (const { keeper } of this.#entries) keeper.onAddress(seen);
  }

  /** Goes without removing anything: for a process that follows. */
  leave(): void {
    this.#move.end();
    for (const { keeper } of this.#entries) {
      if (this.state === 'initialize') keeper.end();
      else keeper.leave();
    }
    this.#close();
  }

  /** Has stopped: what is kept for old connections stays until `leave`, all else goes. */
  rest(): void {
    if (!this.#move.isRetreating) for (const { keeper } of this.#entries) keeper.end();
    this.#watches.close();
  }

  /** Goes, and removes what it holds. */
  end(): void {
    this.#move.end();
    for (const { keeper } of this.#entries) keeper.end();
    this.#close();
  }

  standing(nowMs: number): GroupStanding {
    const { name, reason, options, rival } = this.#state;
    return {
      group: this.name,
      state: name,
      reason,
      since: this.#sinceMs,
      basePriority: options.priority,
      priority: effectivePriority(this.#state),
      intervalMs: options.intervalMs,
      misses: options.misses,
      preempt: options.preempt,
      activePeer: rival?.peer ?? '',
      activePriority: rival?.priority ?? 0,
      takeovers: this.#takeovers,
      advertsSent: this.#sent,
      advertsHeard: this.#heard.count,
      advertsRefused: this.#heard.refused,
      conditions: this.#conditions,
      peers: this.#heard.standing(nowMs),
    };
  }

  #close(): void {
    this.#parts.reactor.cancel(this.#timer);
    this.#timer = null;
    this.#asker.stop();
    this.#watches.close();
    for (const face of this.#faces) face.close();
    for (const { announcer, neighbours } of this.#entries) {
      announcer.stop();
      neighbours.unhear(this.#hearClaim);
      neighbours.unhearNotes(this.#hearNote);
    }
  }

  #build(plans: readonly AddressPlan[]): void {
    const { reactor, netlink, ports } = this.#parts;
    for (const face of this.#faces) face.close();
    const before = new Map(this.#entries.map((entry) => [entry.plan.key, entry]));
    this.#entries = plans.map((plan) => {
      const known = before.get(plan.key);
      if (known !== undefined && standsAlike(known.plan, plan)) {
        before.delete(plan.key);
        known.keeper.setPlan(plan);
        known.announcer.setPlan(plan);
        known.plan = plan;
        return known;
      }
      const neighbours = ports.neighbour(plan.interface);
      neighbours.hear(this.#hearClaim);
      neighbours.hearNotes(this.#hearNote);
      const keeper = new AddressKeeper(reactor, netlink, plan, {
        onTaken: (ip) => {
          const what = `another program removed ${ip} from ${plan.interface}: it was put back`;
          this.#event('warn', 'BAL_ADDRESS_GONE', what);
        },
        onCannotKeep: (why) => this.#refusals.note(why, reactor.nowMs),
      });
      return { plan, keeper, announcer: new Announcer(reactor, neighbours, plan), neighbours };
    });
    for (const { keeper, announcer } of before.values()) {
      keeper.end();
      announcer.stop();
    }
    if (this.isHolding) for (const { keeper } of this.#entries) keeper.hold();
    this.#faces = plans.flatMap((plan) =>
      facesOf(plan, ports, {
        onAdvert: (face, advert) => this.#heardAdvert(face, plan, advert),
        onFault: (fault, peer) => this.#heard.fault(fault, peer),
      }),
    );
    this.#watches.use(this.#entries, this.isHolding);
  }

  #heardAdvert(face: Face, plan: AddressPlan, heard: FaceAdvert): void {
    const { nowMs } = this.#parts.reactor;
    this.#heard.advert(heard, plan, nowMs);
    const { priority, intervalMs } = heard.advert;
    const winsTie = face === this.#faces[0] ? heard.isGreater : null;
    const { addresses } = heard;
    const peer = this.#heard.nameOf(heard, this.#state.rival, nowMs);
    this.tell({ kind: 'advert', advert: { peer, priority, intervalMs, addresses, winsTie } });
  }

  #claimed({ ip, mac, isAnswer }: Claim): void {
    if (this.#state.name === 'initialize') return;
    const isOurs = this.#entries.some(({ plan }) =>
      plan.ips.some(({ host }) => equalBytes(parseIp(host)!, ip)),
    );
    // An answer to a question of ours is the asker's.
    if (isOurs && !(isAnswer && this.#state.question !== 0) && mac[0] !== 255) {
      this.tell({ kind: 'claim' });
    }
  }

  #arm(): void {
    this.#parts.reactor.cancel(this.#timer);
    const due = dueMs(this.#state);
    this.#timer =
      due === Infinity ? null : this.#parts.reactor.at(due, () => this.tell({ kind: 'due' }));
  }

  #carryOut(effect: ElectionEffect): void {
    switch (effect.kind) {
      case 'advertise':
        for (const face of this.#faces) this.#sent += face.send(effect.priority);
        this.sentMs = this.#parts.reactor.nowMs;
        break;
      case 'hold':
        this.#move.cancel();
        for (const { keeper } of this.#entries) keeper.hold();
        break;
      case 'keep':
        for (const { keeper } of this.#entries) keeper.keep();
        break;
      case 'release':
        this.#release();
        break;
      case 'announce':
        for (const { announcer } of this.#entries) announcer.announce();
        break;
      case 'ask':
        this.#ask(effect.question, effect.withinMs);
        break;
      case 'tell':
        this.#tell(effect.reason, effect.peer);
        break;
      case 'stopped':
        this.#parts.events.onStopped(this);
        break;
      default:
        effect satisfies never;
    }
  }

  #ask(number: number, withinMs: number): void {
    const { plan } = this.#entries[0]!;
    const question = questionOf(
      plan,
      this.#heard.names(),
      this.isHolding || this.#move.isRetreating,
    );
    this.#asker.ask({ number, withinMs, ...question });
  }

  #release(): void {
    if (this.#move.retreat()) return;
    for (const { keeper, announcer } of this.#entries) {
      announcer.stop();
      keeper.release();
    }
  }

  #tell(reason: ElectionReason, peer: string): void {
    const unfit = this.#state.fitness.kind === 'unfit' ? ` (${this.#state.fitness.reason})` : '';
    const text = reasonText(reason, peer) + (reason === 'moved' ? '' : unfit);
    const isState = this.#state.reason === reason;
    this.#event(reasonLevel(reason), isState ? 'BAL_ADDRESS_STATE' : 'BAL_ADDRESS_PEER', text);
  }

  #event(level: 'info' | 'warn', code: string, message: string): void {
    this.#parts.events.onEvent(this.name, level, code, message);
  }

  #tellNoLink(name: string): void {
    const message = `the interface ${name} is not there, is down, or has no address of its own`;
    this.#event('warn', 'BAL_ADDRESS_INTERFACE', message);
  }

  #look(): void {
    const tracks: readonly TrackPlan[] = this.#entries.flatMap(({ plan }) => plan.tracks);
    const workersAlive = this.#parts.workersAlive();
    if (this.#parts.workersSilentMs() > DOUBT_MS) this.#watches.doubt();
    const own = {
      withoutLink: withoutLink(this.#faces),
      workersAlive,
      refused: this.#refusals.standing(this.#parts.reactor.nowMs),
      dataPath: this.#watches.dataPath,
    };
    const verdicts = new Map([...this.#parts.verdicts, ...this.#watches.verdicts]);
    this.#conditions = listConditions(own, tracks, verdicts);
    const fitness = fitnessOf(this.#conditions);
    if (!isSameFitness(fitness, this.#state.fitness)) this.tell({ kind: 'fitness', fitness });
  }
}

function optionsOf({ vrrp }: AddressPlan): ElectionState['options'] {
  const { priority, intervalMs, misses, preempt, preemptDelayMs, peers } = vrrp;
  return { priority, intervalMs, misses, preempt, preemptDelayMs, peers };
}
