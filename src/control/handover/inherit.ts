/** What a supervisor does first that was started to take over from another one. */
import type { BindPlan, Plan } from '../../config/plan.ts';
import { bindKey, datagramGroup, groupOfKey } from '../../plane/worker-protocol.ts';
import { closeFd } from '../../sys/sockets.ts';
import { socketKeys, type Listeners } from '../listeners.ts';
import type { ProductLog } from '../product-log.ts';
import type { Heir } from './heir.ts';
import { ADMIN_PREFIX, STAND_IN_KEY } from './messages.ts';
import { restoreSections, type HandoverSection } from './sections.ts';

export type InheritOptions = {
  readonly plan: Plan;
  readonly listeners: Listeners;
  readonly sections: readonly HandoverSection[];
  readonly log: ProductLog;
};

/** What is to be done with later. */
export type Inherited = {
  readonly generation: number;
  /** The socket of the admin server, where its address is the same; it belongs to the caller. */
  readonly admin: number | undefined;
  /** Leads to the process that stands in for this one; it belongs to the caller. */
  readonly standIn: number | undefined;
};

/**
 * Takes over sections and sockets; those that the plan has no use for are closed, and stay open in
 * the other process. Throws BAL_UPGRADE_BROKEN.
 */
export async function inherit(heir: Heir, options: InheritOptions): Promise<Inherited> {
  const { plan, listeners, sections, log } = options;
  const { generation, version, sockets, sections: document } = await heir.receive();
  log.info({ generation, from: version }, 'takes over from the running balancer');
  restoreSections(sections, document, log);
  const admin = plan.admin === null ? undefined : take(sockets, adminKey(plan.admin));
  const standIn = take(sockets, STAND_IN_KEY);
  const wanted = wantedGroups(plan, listeners);
  for (const [key, fd] of sockets) {
    if (wanted.has(groupOfKey(key))) continue;
    sockets.delete(key);
    closeFd(fd);
  }
  listeners.adopt(sockets);
  return { generation, admin, standIn };
}

/** Name under which the admin server's socket is passed. */
export function adminKey(bind: BindPlan): string {
  return ADMIN_PREFIX + bindKey(bind);
}

function take(sockets: Map<string, number>, name: string): number | undefined {
  const fd = sockets.get(name);
  sockets.delete(name);
  return fd;
}

function wantedGroups(plan: Plan, listeners: Listeners): ReadonlySet<string> {
  const groups = new Set(socketKeys(plan).map(groupOfKey));
  for (const real of listeners.chosen.values()) {
    groups.add(bindKey(real));
    groups.add(datagramGroup(real));
  }
  return groups;
}
