/** A listener for datagrams, and its sockets in this worker. */
import { BoundedList } from '../../base/bounded-list.ts';
import type { UdpListenerPlan } from '../../config/plan-layer4.ts';
import { ROLE, Watched } from '../connection.ts';
import { jsonText } from '../json-text.ts';
import { slotStart } from '../meter-segment.ts';
import type { Placement } from '../placement.ts';
import type { PoolRuntime } from '../runtime.ts';
import { SessionTable } from './session-table.ts';
import type { UdpSession } from './udp-session.ts';

/** What is in use of a listener; lives on through reloads. */
export class UdpUse {
  /** Sessions, or answers that are awaited. */
  live = 0;
  /**
   * Sessions whose client has not sent anything after an answer, the oldest first. Only of these may
   * one have to make room for another: a forged source address never gets further.
   */
  readonly unconfirmed = new BoundedList<Placement>(Infinity);
}

/** Sessions and awaited answers of this worker, whatever their listener. */
export const datagramSessions = { live: 0 };

export class UdpListenerRuntime {
  readonly plan: UdpListenerPlan;
  readonly pool: PoolRuntime;
  readonly use: UdpUse;
  readonly meter: number;
  readonly routeMeter: number;
  readonly isPacket: boolean;
  /** `,"listener":"key"` and `,"route":"key"` for the access log. */
  readonly logText: string;

  constructor(plan: UdpListenerPlan, pool: PoolRuntime, use: UdpUse) {
    const route = plan.routes[0]!;
    this.plan = plan;
    this.pool = pool;
    this.use = use;
    this.meter = slotStart(plan.slot);
    this.routeMeter = slotStart(route.slot);
    this.isPacket = plan.mode === 'packet';
    this.logText = `,"listener":${jsonText(plan.key)},"route":${jsonText(route.key)}`;
  }
}

export type ClientSocketOptions = {
  readonly fd: number;
  readonly key: string;
  readonly listener: UdpListenerRuntime;
  /** AF_INET or AF_INET6. */
  readonly family: number;
  readonly isWildcard: boolean;
};

/** A socket that clients send to. It belongs to the supervisor. */
export class UdpClientSocket extends Watched {
  readonly key: string;
  readonly family: number;
  /** The family where answers must say which of our addresses they leave from, else 0. */
  readonly localFamily: number;
  readonly table: SessionTable;
  /** Whose socket it is alone: that of a session whose worker drains. */
  readonly only: UdpSession | null;
  listener: UdpListenerRuntime;
  isClosed = false;
  /** Whether the kernel cuts what is sent from it into datagrams; until it has refused once. */
  canCut = true;
  /** What of the kernel's count of drops is in the meters already. */
  dropsCounted = 0;

  constructor(options: ClientSocketOptions, only: UdpSession | null = null) {
    super(ROLE.udpListener, options.fd);
    this.key = options.key;
    this.family = options.family;
    this.localFamily = options.isWildcard ? options.family : 0;
    this.listener = options.listener;
    this.table = new SessionTable();
    this.only = only;
  }
}
