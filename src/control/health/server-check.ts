import type { CheckPlan } from '../../config/plan-check.ts';
import type { BindPlan, PoolPlan, ServerPlan } from '../../config/plan.ts';
import { initialHealth } from '../../machine/health.ts';
import type { HealthPolicy, HealthState, Observed } from '../../machine/health.ts';
import type { DueItem } from './due-queue.ts';
import { isInconclusive } from './probe.ts';
import type { CancelProbe, ProbeResult, ProbeTarget } from './probe.ts';

/** The health of one server as its check sees it, at a moment. */
export type ServerHealth = {
  readonly serverKey: string;
  readonly poolKey: string;
  /** The configuration's column. */
  readonly weight: number;
  /** The check's column. */
  readonly observed: Observed;
  /** Why `observed` became what it is, and when (ms of the checker's clock). */
  readonly reason: string;
  readonly detail: string;
  readonly sinceMs: number;
  /** Passes or failures in a row while rising or falling. */
  readonly streak: number;
  readonly isChecked: boolean;
  /** The latest result; null before the first. */
  readonly lastProbe: ProbeResult | null;
  /** Since the server came into the plan; inconclusive results are no failures. */
  readonly probes: number;
  readonly failures: number;
};

/** What the checker keeps for one server. Only the checker changes it. */
export class ServerCheck implements DueItem {
  server: ServerPlan;
  pool: PoolPlan;
  target: ProbeTarget | null;
  state: HealthState;
  /** In maintenance: no probe, and the verdict stays as it is. */
  isPaused = false;
  lastProbe: ProbeResult | null = null;
  probes = 0;
  failures = 0;
  /** Ends the running probe; null while none runs. */
  cancel: CancelProbe | null = null;
  dueMs = 0;
  heapIndex = -1;

  constructor(pool: PoolPlan, server: ServerPlan, now: number) {
    this.server = server;
    this.pool = pool;
    this.target = targetOf(pool, server);
    this.state = firstState(pool.check, now);
  }

  view(): ServerHealth {
    const { state, lastProbe } = this;
    // Until there is a verdict, what keeps it from coming is the reason that people want.
    const isHeldUp = state.isAssumed && lastProbe !== null && isInconclusive(lastProbe.reason);
    const { reason, detail } = isHeldUp ? lastProbe : state;
    return {
      serverKey: this.server.key,
      poolKey: this.pool.key,
      weight: this.server.weight,
      observed: state.observed,
      reason,
      detail,
      sinceMs: state.sinceMs,
      streak: state.streak,
      isChecked: this.target !== null,
      lastProbe,
      probes: this.probes,
      failures: this.failures,
    };
  }
}

const NOT_CHECKED: HealthPolicy = {
  everyMs: 1,
  downEveryMs: 1,
  changingEveryMs: 1,
  rise: 1,
  fall: 1,
  jitterPercent: 0,
};

function firstState(check: CheckPlan | null, now: number): HealthState {
  if (check !== null) return initialHealth(check, now, check.start);
  const detail = 'the pool has no check';
  return { ...initialHealth(NOT_CHECKED, now), observed: 'up', reason: 'not-checked', detail };
}

/** Where and how the check probes the server; null without a check. */
export function targetOf(pool: PoolPlan, server: ServerPlan): ProbeTarget | null {
  const { check } = pool;
  if (check === null) return null;
  return {
    address: server.checkAddress ?? withPort(server.address, check.port),
    tlsName: server.tlsName,
    timeoutMs: check.timeoutMs,
    probe: check.probe,
    server: server.name,
    pool: pool.key,
  };
}

function withPort(address: BindPlan, port: number): BindPlan {
  return port === 0 || address.family === 'unix' ? address : { ...address, port };
}

/**
 * The state of a server whose check asks another question from now on: it counts as what it was
 * until the first answer, so that a new password or query neither ends the sessions of a good server
 * nor sends any to a bad one.
 */
export function reaskedState({ state }: ServerCheck, check: CheckPlan, now: number): HealthState {
  const known = state.reason === 'not-probed' ? null : ASSUMED_AFTER[state.observed];
  const next = initialHealth(check, now, known ?? check.start);
  if (known === null) return next;
  const detail = 'as before, until the changed check has an answer';
  return { ...next, reason: 'check-changed', detail, sinceMs: state.sinceMs };
}

/** Null where nothing is known. */
const ASSUMED_AFTER = {
  unknown: null,
  up: 'up',
  falling: 'up',
  rising: 'down',
  down: 'down',
} as const satisfies Readonly<Record<Observed, Observed | null>>;

/** What a new plan means for a server that was there before. */
export type Continuation = 'same' | 'retuned' | 'reasked' | 'new';

/**
 * Compares a server with its successor in the next plan: `same` where address and check are
 * unchanged, `retuned` where the check still asks the same question of the same address, only at
 * other intervals, thresholds or time limits, `reasked` where it asks another one of the same
 * server, and `new` where the old verdict says nothing.
 */
export function compare(old: ServerCheck, pool: PoolPlan, server: ServerPlan): Continuation {
  const target = targetOf(pool, server);
  const isOther = !isSame(old.server.address, server.address);
  if (target === null) return old.target === null ? 'same' : 'new';
  // Who took the verdicts of another pool has none of its own.
  if (isOther || (old.target === null && old.pool.verdictsOf !== null)) return 'new';
  if (old.target === null || !isSame(old.target.address, target.address)) return 'reasked';
  if (old.pool.check!.digest === pool.check!.digest) return 'same';
  return isSame(old.target.probe, target.probe) ? 'retuned' : 'reasked';
}

function isSame(a: object, b: object): boolean {
  return JSON.stringify(a) === JSON.stringify(b);
}
