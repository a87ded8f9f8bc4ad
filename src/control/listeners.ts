/**
 * The listening sockets. They belong to the supervisor: opened before any worker starts, kept over
 * reloads while their address stays, closed when no worker needs them any more. A connection that
 * arrives while no worker is there waits in the kernel.
 *
 * An address for datagrams has a socket for each place of a worker, and the kernel keeps a flow on
 * one of them (SO_REUSEPORT): a worker that takes over a place finds its flows there.
 */
import { BallastError, BallastErrors } from '../base/errors.ts';
import type { BindPlan, ListenerPlan, Plan } from '../config/plan.ts';
import { bindKey, datagramKey, groupOfKey } from '../plane/worker-protocol.ts';
import { openDatagramListener, type DatagramListenOptions } from '../sys/datagram-sockets.ts';
import { boundAddress, closeFd, ListenError, openListener } from '../sys/sockets.ts';
import { isHeldByDeparting } from './departing.ts';
import { explainListenError } from './system/listen-advice.ts';
import { removeSocketFile, removeStaleSocket } from './unix-socket.ts';

/** Connections that may wait for a worker to accept them; the kernel's own somaxconn caps it. */
export const BACKLOG = 4_096;

/** Real addresses of binds that asked for port 0, by listener, place and what was asked for. */
export type ChosenPorts = ReadonlyMap<string, BindPlan>;

/** A change of sockets that is prepared and can still be taken back. */
export type ListenerChange = {
  /** The plan with the real ports where port 0 was asked for. */
  readonly plan: Plan;
  /** All sockets of the plan by bind key, new ones included. */
  readonly sockets: ReadonlyMap<string, number>;
  /** Makes the change final: closes what the plan does not need. Call when workers use it. */
  readonly commit: () => void;
  /** Takes the change back: closes what was opened for it. */
  readonly rollback: () => void;
};

/** Names of all sockets that a plan needs; not the real ones where a port is 0. */
export function socketKeys(plan: Plan): string[] {
  const places = Array.from({ length: plan.workers }, (_, place) => place);
  return plan.listeners.flatMap(({ protocol, binds }) =>
    protocol === 'udp'
      ? binds.flatMap((bind) => places.map((place) => datagramKey(bind, place)))
      : binds.map(bindKey),
  );
}

export class Listeners {
  /** Open sockets by the key of their real address. */
  #sockets = new Map<string, number>();
  readonly #foreign = new Set<string>();
  /** Real address of each bind that asked for port 0, by listener and place. */
  #chosen = new Map<string, BindPlan>();
  /** What was opened for changes that are neither final nor taken back. */
  readonly #pending = new Set<[string, number][]>();
  #isClosed = false;

  /** Takes over open listening sockets by bind key. Called before the first plan. */
  adopt(sockets: ReadonlyMap<string, number>): void {
    for (const [key, fd] of sockets) {
      const known = this.#sockets.get(key);
      if (known !== undefined) closeFd(known);
      this.#sockets.set(key, fd);
    }
  }

  /** Sockets that somebody else has opened and keeps: their files are not ours to remove. */
  get foreign(): ReadonlySet<string> {
    return this.#foreign;
  }

  /** Marks sockets as such, by bind key. */
  markForeign(keys: Iterable<string>): void {
    for (const key of keys) this.#foreign.add(key);
  }

  /** The ports that the kernel chose where 0 was asked for, for who adopts the sockets. */
  get chosen(): ChosenPorts {
    return this.#chosen;
  }

  /** Takes over what another process was given for port 0. Called before the first plan. */
  choose(chosen: ChosenPorts): void {
    this.#chosen = new Map(chosen);
  }

  /**
   * Closes all sockets and leaves the files of unix sockets: somebody else serves there. Those of
   * others than `served` are removed.
   */
  letGo(served: ReadonlySet<string> = new Set(this.#sockets.keys())): void {
    const all = [...this.#sockets];
    this.#sockets.clear();
    for (const [key, fd] of all) if (served.has(key)) closeFd(fd);
    this.#closeAll(all.filter(([key]) => !served.has(key)));
  }

  /**
   * Opens what `plan` needs and is not open yet. Throws BAL_LISTEN_*, all addresses that cannot be
   * had in one error; nothing changed then.
   */
  async prepare(plan: Plan): Promise<ListenerChange> {
    for (const bind of plan.listeners.flatMap((listener) => listener.binds)) {
      const isNew = bind.family === 'unix' && this.#find(bind) === undefined;
      if (isNew) await removeStaleSocket(bind.host);
    }
    if (this.#isClosed) {
      throw new BallastError('BAL_RELOAD_DRAINING', 'the listening sockets are closed for good');
    }
    return this.#open(plan);
  }

  #open(plan: Plan): ListenerChange {
    const opening: Opening = { opened: [], sockets: new Map(), workers: plan.workers };
    const chosen = new Map<string, BindPlan>();
    const faults: BallastError[] = [];
    const listeners = plan.listeners.map((listener) => ({
      ...listener,
      binds: listener.binds.map((bind, place) => {
        const asked = askedKey(listener, place);
        const known = this.#chosen.get(asked) ?? bind;
        if (faults.some(({ code }) => code === 'BAL_LISTEN_DESCRIPTORS')) return bind;
        try {
          const real = this.#openBind(listener, known, opening);
          if (real !== bind) chosen.set(asked, real);
          return real;
        } catch (error) {
          faults.push(this.#explained(listener, place, error));
          return bind;
        }
      }),
    }));
    if (faults.length > 0) {
      this.#closeAll(opening.opened);
      throw BallastErrors.of(faults);
    }
    return {
      plan: { ...plan, listeners },
      sockets: opening.sockets,
      commit: () => this.#commit(opening.sockets, chosen),
      rollback: () => this.#closeAll(opening.opened),
    };
  }

  /** The address that is listened on, its port filled in. */
  #openBind(listener: ListenerPlan, bind: BindPlan, opening: Opening): BindPlan {
    return listener.protocol === 'udp'
      ? this.#openGroup(bind, listener.freebind, opening)
      : this.#openStream(bind, listener.freebind, opening);
  }

  #openStream(bind: BindPlan, freebind: boolean, { opened, sockets }: Opening): BindPlan {
    const open = asksKernel(bind) ? undefined : this.#find(bind);
    const fd = open ?? openListener(bind, { backlog: BACKLOG, nodelay: true, freebind });
    const real = realAddress(bind, fd);
    if (open === undefined) opened.push([bindKey(real), fd]);
    sockets.set(bindKey(real), fd);
    return real;
  }

  #openGroup(bind: BindPlan, freebind: boolean, opening: Opening): BindPlan {
    const { opened, sockets, workers } = opening;
    // Sockets of our own are in nobody's way: of an address that overlaps they go with this change.
    let joins = [...this.#sockets.keys()].some((key) => isSamePort(key, bind));
    let real = bind;
    for (let place = 0; place < workers; place++) {
      const open = this.#sockets.get(datagramKey(real, place));
      const fd = open ?? openMember(real, { joins, freebind });
      joins = true;
      real = realAddress(real, fd);
      const key = datagramKey(real, place);
      if (open === undefined) opened.push([key, fd]);
      sockets.set(key, fd);
    }
    return real;
  }

  #closeAll(sockets: readonly (readonly [string, number])[]): void {
    for (const [key, fd] of sockets) {
      closeFd(fd);
      const isFile = key.startsWith('unix:') && !this.#foreign.has(key);
      if (isFile) removeSocketFile(key.slice('unix:'.length));
    }
  }

  /** Stops accepting for good, also on what was opened for a change that is under way. */
  close(): void {
    this.#isClosed = true;
    this.#closeAll([...this.#sockets]);
    this.#sockets.clear();
    for (const opened of this.#pending) this.#closeAll(opened);
    this.#pending.clear();
  }

  /** An error of one address, with its place in the configuration and what would help. */
  #explained({ key, protocol }: ListenerPlan, place: number, error: unknown): BallastError {
    if (!(error instanceof BallastError)) throw error;
    const at = ['listeners', key, 'bind', place];
    const isRefusal = error instanceof ListenError;
    const kind = protocol === 'udp' ? 'datagrams' : 'stream';
    const { code, message, hint } = isRefusal ? explainListenError(error, kind) : error;
    const remedy = (isRefusal ? this.#overlapHint(error) : undefined) ?? hint;
    const options = remedy === undefined ? {} : { hint: remedy };
    return new BallastError(code, message, { ...options, at, cause: error });
  }

  /** The kernel calls an address in use when this very process listens on one that includes it. */
  #overlapHint({ code, bind }: ListenError): string | undefined {
    if (code !== 'BAL_LISTEN_IN_USE' || bind.family === 'unix') return undefined;
    const own = [...this.#sockets.keys()].find((key) => key.endsWith(`:${bind.port}`));
    if (own === undefined) return undefined;
    return (
      `this balancer itself listens on ${own}, which overlaps: reload once without it ` +
      'and then with the new address, or restart'
    );
  }

  #find(bind: BindPlan): number | undefined {
    return this.#sockets.get(bindKey(bind));
  }

  #commit(sockets: Map<string, number>, chosen: Map<string, BindPlan>): void {
    if (this.#isClosed) return;
    this.#closeAll([...this.#sockets].filter(([key]) => !sockets.has(key)));
    this.#sockets = sockets;
    this.#chosen = chosen;
  }
}

/** Sockets that are being opened for a plan. */
type Opening = {
  readonly opened: [string, number][];
  readonly sockets: Map<string, number>;
  readonly workers: number;
};

/** Names a bind over reloads, whatever port it has got. */
function askedKey({ protocol, key, binds }: ListenerPlan, place: number): string {
  return `${protocol === 'udp' ? 'udp ' : ''}${key} ${place} ${bindKey(binds[place]!)}`;
}

/** A socket for datagrams. The first of a group must be alone, but for those who are leaving. */
function openMember(bind: BindPlan, options: DatagramListenOptions): number {
  try {
    return openDatagramListener(bind, options);
  } catch (error) {
    if (options.joins || !isHeldByDeparting(bind)) throw error;
    return openDatagramListener(bind, { ...options, joins: true });
  }
}

/** Whether a socket for datagrams has the family and the port of `bind`. */
function isSamePort(key: string, { family, port }: BindPlan): boolean {
  return key.startsWith(`udp:${family}:`) && groupOfKey(key).endsWith(`:${port}#`);
}

function realAddress(bind: BindPlan, fd: number): BindPlan {
  return asksKernel(bind) ? { ...bind, port: boundAddress(fd).port } : bind;
}

/** Whether the kernel is to choose the port. */
function asksKernel(bind: BindPlan): boolean {
  return bind.family !== 'unix' && bind.port === 0;
}
