/**
 * The listening sockets. They belong to the supervisor: opened before any worker starts, kept over
 * reloads while their address stays, closed when no worker needs them any more. A connection that
 * arrives while no worker is there waits in the kernel.
 *
 * An address for datagrams has a socket for each place of a worker, and the kernel keeps a flow on
 * one of them (SO_REUSEPORT): a worker that takes over a place finds its flows there.
 */
import { BallastError } from '../base/errors.ts';
import type { BindPlan, Plan } from '../config/plan.ts';
import { bindKey, datagramKey, groupOfKey } from '../plane/worker-protocol.ts';
import { openDatagramListener } from '../sys/datagram-sockets.ts';
import { boundAddress, closeFd, openListener } from '../sys/sockets.ts';
import { isHeldByDeparting } from './departing.ts';
import { removeSocketFile, removeStaleSocket } from './unix-socket.ts';

/** Connections that may wait for a worker to accept them; the kernel's own somaxconn caps it. */
export const BACKLOG = 4_096;

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
  /** Real address of each bind that asked for port 0, by listener and place. */
  #chosen = new Map<string, BindPlan>();

  /** Takes over open listening sockets by bind key. Called before the first plan. */
  adopt(sockets: ReadonlyMap<string, number>): void {
    for (const [key, fd] of sockets) this.#sockets.set(key, fd);
  }

  /** Closes all sockets and leaves the files of unix sockets: somebody else serves there. */
  letGo(): void {
    for (const fd of this.#sockets.values()) closeFd(fd);
    this.#sockets.clear();
  }

  /** Opens what `plan` needs and is not open yet. Throws BAL_LISTEN_*; nothing changed then. */
  async prepare(plan: Plan): Promise<ListenerChange> {
    for (const bind of plan.listeners.flatMap((listener) => listener.binds)) {
      const isNew = bind.family === 'unix' && this.#find(bind) === undefined;
      if (isNew) await removeStaleSocket(bind.host);
    }
    return this.#open(plan);
  }

  #open(plan: Plan): ListenerChange {
    const opening: Opening = { opened: [], sockets: new Map(), workers: plan.workers };
    const chosen = new Map<string, BindPlan>();
    try {
      const listeners = plan.listeners.map((listener) => ({
        ...listener,
        binds: listener.binds.map((bind, place) => {
          const isUdp = listener.protocol === 'udp';
          const asked = `${isUdp ? 'udp ' : ''}${listener.key} ${place} ${bindKey(bind)}`;
          const known = this.#chosen.get(asked) ?? bind;
          const real = isUdp ? this.#openGroup(known, opening) : this.#openStream(known, opening);
          if (real !== bind) chosen.set(asked, real);
          return real;
        }),
      }));
      return {
        plan: { ...plan, listeners },
        sockets: opening.sockets,
        commit: () => this.#commit(opening.sockets, chosen),
        rollback: () => closeAll(opening.opened),
      };
    } catch (error) {
      closeAll(opening.opened);
      throw error;
    }
  }

  /** The address that is listened on, its port filled in. */
  #openStream(bind: BindPlan, { opened, sockets }: Opening): BindPlan {
    const open = asksKernel(bind) ? undefined : this.#find(bind);
    const fd = open ?? this.#openOne(bind);
    const real = realAddress(bind, fd);
    if (open === undefined) opened.push([bindKey(real), fd]);
    sockets.set(bindKey(real), fd);
    return real;
  }

  #openGroup(bind: BindPlan, { opened, sockets, workers }: Opening): BindPlan {
    // Sockets of our own are in nobody's way: of an address that overlaps they go with this change.
    let joins = [...this.#sockets.keys()].some((key) => isSamePort(key, bind));
    let real = bind;
    for (let place = 0; place < workers; place++) {
      const open = this.#sockets.get(datagramKey(real, place));
      const fd = open ?? openMember(real, joins);
      joins = true;
      real = realAddress(real, fd);
      const key = datagramKey(real, place);
      if (open === undefined) opened.push([key, fd]);
      sockets.set(key, fd);
    }
    return real;
  }

  /** Stops accepting for good. */
  close(): void {
    closeAll([...this.#sockets]);
    this.#sockets.clear();
  }

  #openOne(bind: BindPlan): number {
    try {
      return openListener(bind, { backlog: BACKLOG, nodelay: true });
    } catch (error) {
      throw this.#overlapError(bind, error);
    }
  }

  /** The kernel calls an address in use when this very process listens on one that includes it. */
  #overlapError(bind: BindPlan, error: unknown): unknown {
    if (!(error instanceof BallastError) || error.code !== 'BAL_LISTEN_IN_USE') return error;
    const own = [...this.#sockets.keys()].find((key) => key.endsWith(`:${bind.port}`));
    if (own === undefined || bind.family === 'unix') return error;
    return new BallastError(error.code, error.message, {
      hint:
        `this balancer itself listens on ${own}, which overlaps: reload once without it ` +
        'and then with the new address, or restart',
      cause: error,
    });
  }

  #find(bind: BindPlan): number | undefined {
    return this.#sockets.get(bindKey(bind));
  }

  #commit(sockets: Map<string, number>, chosen: Map<string, BindPlan>): void {
    closeAll([...this.#sockets].filter(([key]) => !sockets.has(key)));
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

/** A socket for datagrams. The first of a group must be alone, but for those who are leaving. */
function openMember(bind: BindPlan, joins: boolean): number {
  try {
    return openDatagramListener(bind, { joins });
  } catch (error) {
    if (joins || !isHeldByDeparting(bind)) throw error;
    return openDatagramListener(bind, { joins: true });
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

function closeAll(sockets: readonly (readonly [string, number])[]): void {
  for (const [key, fd] of sockets) {
    closeFd(fd);
    if (key.startsWith('unix:')) removeSocketFile(key.slice('unix:'.length));
  }
}
