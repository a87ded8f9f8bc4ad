/**
 * The listening sockets. They belong to the supervisor: opened before any worker starts, kept over
 * reloads while their address stays, closed when no worker needs them any more. A connection that
 * arrives while no worker is there waits in the kernel.
 */
import { BallastError } from '../base/errors.ts';
import type { BindPlan, Plan } from '../config/plan.ts';
import { bindKey } from '../plane/worker-protocol.ts';
import { boundAddress, closeFd, openListener } from '../sys/sockets.ts';
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
    const opened: [string, number][] = [];
    const sockets = new Map<string, number>();
    const chosen = new Map<string, BindPlan>();
    try {
      const listeners = plan.listeners.map((listener) => ({
        ...listener,
        binds: listener.binds.map((bind, place) => {
          const asked = `${listener.key} ${place} ${bindKey(bind)}`;
          const known = this.#chosen.get(asked) ?? bind;
          const isUnchosen = asksKernel(bind) && known === bind;
          const open = isUnchosen ? undefined : this.#find(known);
          const fd = open ?? this.#openOne(bind);
          const real = open === undefined ? this.#realAddress(bind, fd) : known;
          if (real !== bind) chosen.set(asked, real);
          if (open === undefined) opened.push([bindKey(real), fd]);
          sockets.set(bindKey(real), fd);
          return real;
        }),
      }));
      return {
        plan: { ...plan, listeners },
        sockets,
        commit: () => this.#commit(sockets, chosen),
        rollback: () => closeAll(opened),
      };
    } catch (error) {
      closeAll(opened);
      throw error;
    }
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

  #realAddress(bind: BindPlan, fd: number): BindPlan {
    return asksKernel(bind) ? { ...bind, port: boundAddress(fd).port } : bind;
  }

  #commit(sockets: Map<string, number>, chosen: Map<string, BindPlan>): void {
    closeAll([...this.#sockets].filter(([key]) => !sockets.has(key)));
    this.#sockets = sockets;
    this.#chosen = chosen;
  }
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
