import type { NamePlan, PoolPlan } from '../../config/plan.ts';
import { wallTime } from '../server-states/server-status.ts';
import type { NameStatus, ServerStatus } from '../status-report.ts';
import type { NameBoard } from './name-board.ts';
import { nameText, viewOfName } from './name-view.ts';
import type { NameView } from './name-view.ts';

/** The names of a pool, and those that stand for no server as servers that are down. */
export type PoolNames = {
  readonly names: readonly NameStatus[];
  readonly missing: readonly ServerStatus[];
};

/** Called for each pool for each GET /status. */
export function poolNames(pool: PoolPlan, board: NameBoard): PoolNames {
  const views = pool.names.map((name) => ({ name, view: viewOfName(name, board) }));
  return {
    names: views.map(({ name, view }) => nameStatus(name, view)),
    missing: views
      .filter(({ view }) => view.servers === 0)
      .map(({ name, view }) => missingServer(name, view)),
  };
}

function nameStatus(name: NamePlan, view: NameView): NameStatus {
  const { phase, reason, detail, servers } = view;
  const since = wallTime(view.sinceMs);
  return { name: name.name, lookup: nameText(name), state: phase, since, reason, detail, servers };
}

/** A name that stands for no server, in the place of the servers that it will stand for. */
function missingServer(name: NamePlan, view: NameView): ServerStatus {
  const state = view.phase === 'unknown' ? 'unknown' : 'down';
  const since = wallTime(view.sinceMs);
  const { reason, detail } = view;
  return {
    name: name.name,
    address: nameText(name),
    weight: name.weight,
    backup: name.backup,
    maxConnections: name.maxConnections,
    weightEffective: name.weight,
    administrative: { state: 'ready', by: '', operator: 'ready', weight: null, since: null },
    state,
    since,
    reason,
    detail,
    requestsLive: 0,
    idleConnections: 0,
    requestsTotal: 0,
    failuresTotal: 0,
    check: { state: 'unknown', since, reason: 'not-probed', detail: '' },
    ejected: null,
    agent: null,
  };
}
