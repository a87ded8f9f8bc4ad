/** What the admin server can be asked of servers: to see them, and to drain them or take them back. */
import { BallastError } from '../../base/errors.ts';
import type { Plan } from '../../config/plan.ts';
import type { Administrative } from '../../machine/health.ts';
import type { HealthBoard } from '../health-board.ts';
import type { AdministrativeStatus, ServerStatus } from '../status-report.ts';
import { WEIGHT_MAX } from './columns.ts';
import type { OperatorColumn } from './columns.ts';
import { findServers } from './find-servers.ts';
import { administrativeStatus, serverStatus, type LiveCounts } from './server-status.ts';
import { takesNew } from './server-view.ts';
import type { ServerView } from './server-view.ts';
import type { StateEvent } from './state-events.ts';

/** Time that the workers have to take a change before the answer no longer waits for it, in ms. */
const TOLD_LIMIT_MS = 2_000;

/** What is asked for; what is missing stays. A weight of null is as configured. */
export type ServerChange = Partial<OperatorColumn>;

/** A server of the answer of GET /servers. */
export type NamedServer = ServerStatus & { readonly pool: string };

/** What became of one server. */
export type ChangedServer = {
  readonly pool: string;
  readonly server: string;
  readonly before: AdministrativeStatus;
  readonly after: AdministrativeStatus;
  /** The weight in force. */
  readonly weightBefore: number;
  readonly weightAfter: number;
  /** Requests, or sessions of layer 4, that are on the server still. */
  readonly requestsLive: number;
};

/** The answer of PUT /servers. */
export type ChangeReport = {
  readonly servers: readonly ChangedServer[];
  /** What the change means that may not be meant. */
  readonly warnings: readonly string[];
  /** Whether it outlives a restart of the balancer, and in which file or why not. */
  readonly isKept: boolean;
  readonly kept: string;
};

export type ServerControl = {
  /** The servers that a pattern means. Throws BAL_SERVER_UNKNOWN. */
  readonly list: (pattern: string) => NamedServer[];
  /** Changes them; resolves when all workers know it. Throws BAL_SERVER_UNKNOWN. */
  readonly change: (pattern: string, change: ServerChange) => Promise<ChangeReport>;
  readonly events: (after: number, count: number) => StateEvent[];
};

export type ServerControlParts = {
  readonly plan: () => Plan | null;
  readonly board: HealthBoard;
  readonly counts: LiveCounts & {
    readonly kernel: { readonly countLive: (isUrgent: boolean) => Promise<void> };
  };
  /** Resolves with whether all workers have taken what they were told. */
  readonly told: (limitMs: number) => Promise<boolean>;
};

export function serverControl({ plan, board, counts, told }: ServerControlParts): ServerControl {
  const find = (pattern: string): ServerView[] => {
    const current = plan();
    if (current === null) {
      throw new BallastError('BAL_RELOAD_STARTING', 'the balancer has not started yet');
    }
    const views = findServers(current, pattern).map((key) => board.view(key));
    return views.filter((view) => view !== null);
  };
  const named = (view: ServerView): NamedServer => {
    return { pool: view.pool.key, ...serverStatus(view, counts) };
  };
  return {
    list: (pattern) => find(pattern).map(named),
    async change(pattern, change) {
      const before = find(pattern);
      const keys = before.map(({ server }) => server.key);
      const wasServing = new Set(servingPools(board));
      const kept = await board.setOperator(keys, change);
      const isTold = await told(TOLD_LIMIT_MS);
      await counts.kernel.countLive(true);
      const servers = before.map((old) => {
        const view = board.view(old.server.key) ?? old;
        return changed(old, view, named(view).requestsLive);
      });
      const gone = keys.filter((key) => board.view(key) === null);
      const warnings = [
        ...gone.map((key) => `${key} has left the configuration meanwhile`),
        ...lastServerWarnings(before, wasServing, board),
      ];
      if (!isTold) warnings.push('a worker that hangs does not know it yet');
      const isKept = kept.inFile;
      return { servers, warnings, isKept, kept: kept.inFile ? kept.path : kept.why };
    },
    events: (after, count) => board.events.list(after, count),
  };
}

function changed(before: ServerView, after: ServerView, requestsLive: number): ChangedServer {
  return {
    pool: after.pool.key,
    server: after.server.name,
    before: administrativeStatus(before),
    after: administrativeStatus(after),
    weightBefore: before.weight,
    weightAfter: after.weight,
    requestsLive,
  };
}

/** Pools with a server that takes new requests. */
function servingPools(board: HealthBoard): Set<string> {
  const pools = new Set<string>();
  for (const view of board.views()) if (takesNew(view)) pools.add(view.pool.key);
  return pools;
}

function lastServerWarnings(
  changedViews: readonly ServerView[],
  wasServing: ReadonlySet<string>,
  board: HealthBoard,
): string[] {
  const serving = servingPools(board);
  const pools = new Set(changedViews.map(({ pool }) => pool.key));
  return [...pools]
    .filter((pool) => wasServing.has(pool) && !serving.has(pool))
    .map((pool) => `the pool "${pool}" has no server left that takes anything new`);
}

const ADMINISTRATIVE: readonly Administrative[] = ['ready', 'drain', 'maintenance'];
const KEYS = ['administrative', 'weight'];

/** Reads the body of PUT /servers. Throws BAL_SERVER_CHANGE where it is not a change. */
export function parseChange(text: string): ServerChange {
  let body: unknown;
  try {
    body = JSON.parse(text);
  } catch {
    throw bad('the body is not JSON');
  }
  if (typeof body !== 'object' || body === null || Array.isArray(body)) {
    throw bad('the body is not a map');
  }
  const unknown = Object.keys(body).find((key) => !KEYS.includes(key));
  if (unknown !== undefined) throw bad(`${JSON.stringify(unknown.slice(0, 60))} is not a key`);
  const { administrative, weight } = body as Readonly<Record<string, unknown>>;
  if (administrative === undefined && weight === undefined) throw bad('the body asks for nothing');
  const isWord = ADMINISTRATIVE.some((word) => word === administrative);
  if (administrative !== undefined && !isWord) throw bad('"administrative" has another value');
  if (weight !== undefined && weight !== null && !isWeight(weight)) {
    throw bad('"weight" has another value');
  }
  return {
    ...(administrative === undefined ? {} : { administrative: administrative as Administrative }),
    ...(weight === undefined ? {} : { weight: weight as number | null }),
  };
}

function isWeight(value: unknown): boolean {
  return Number.isInteger(value) && (value as number) >= 0 && (value as number) <= WEIGHT_MAX;
}

function bad(message: string): BallastError {
  return new BallastError('BAL_SERVER_CHANGE', `cannot change the server: ${message}`, {
    hint:
      `allowed are { "administrative": "ready", "drain" or "maintenance", ` +
      `"weight": 0 to ${WEIGHT_MAX} or null }, either or both`,
  });
}
