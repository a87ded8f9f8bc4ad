/**
 * What requests and sessions tell of the servers in passing; the rules are in machine/passive.ts.
 *
 * The state of each server is in the memory that all workers share, so that it needs no supervisor.
 * Of several workers that see the same failure one makes the ejection: the one whose exchange of
 * `ejectedUntil` goes through. A worker that dies between two writes leaves what the next success
 * mends.
 */
import { SERVER_METER } from '../base/meters.ts';
import type { PassivePlan } from '../config/plan.ts';
import { ejectedMost, OUT, phaseOf, step, tenthsOf } from '../machine/passive.ts';
import type { PassiveState, PassiveStep } from '../machine/passive.ts';
import { bump, sharedCounters } from './meter-segment.ts';
import type { PoolRuntime, ServerRuntime } from './runtime.ts';
import { SHARED } from './worker-protocol.ts';
import type { PassiveFrame } from './worker-protocol.ts';
import { worker } from './worker-state.ts';

/** Tries to write a count that other workers change at the same time; then it is let go. */
const WRITES_MAX = 4;

/** What the supervisor is to be told at the end of the turn. */
export const passiveReports: PassiveFrame[] = [];

export type FailureKind = PassivePlan['on'][number];

/** The reason of an ejection, and what is said of the failure that made it. */
const TEXTS: Readonly<Record<FailureKind, readonly [string, string]>> = {
  connect: ['connect-failures', 'no connection could be made'],
  'gateway-error': ['gateway-errors', 'an answer that was an error of a gateway, or none'],
  reset: ['resets', 'a connection that was reset, or an answer that was cut'],
};

/** CLOCK_MONOTONIC when performance.now() was 0, in ms: the same clock in all workers. */
export const monotonicOriginMs = Number(process.hrtime.bigint()) / 1e6 - performance.now();

/** Now, as the states of all workers have it. */
export function tenthsNow(): number {
  return tenthsOf(monotonicOriginMs + worker.nowMs);
}

function msUntil(tenths: number): number {
  return Math.round(tenths * 100 - monotonicOriginMs - worker.nowMs);
}

/** To be called for each failure of a server of the given kind. */
export function noteFailure(server: ServerRuntime, kind: FailureKind): void {
  const policy = server.pool.plan.passive;
  if (policy === null || server.isRemoved || !policy.on.includes(kind)) return;
  const now = tenthsNow();
  for (let i = 0; i < WRITES_MAX; i++) {
    const before = readState(server.plan.slot);
    const next = step(before, 'failure', policy, now);
    if (next.effect === 'eject' && mayEject(server.pool, policy, now)) {
      if (eject(server, before, next, now)) reportEjection(server, kind, before, now);
      return;
    }
    // Where no more of the pool may be ejected, the next failure asks again.
    const isCapped = next.effect === 'eject';
    if (isCapped && phaseOf(before, now) === 'trial') return;
    const failures = isCapped ? policy.failures : next.state.failures;
    if (writeFailures(server.plan.slot, before.failures, failures)) return;
  }
}

/** To be called for each success of a server: costs one atomic load where nothing has failed. */
export function noteSuccess(server: ServerRuntime): void {
  if (server.pool.plan.passive === null) return;
  if (Atomics.load(sharedCounters, SHARED.failures + server.plan.slot) === 0) return;
  successAfterFailures(server);
}

/** Forgets what is known of a server: its slot stands for another address now. */
export function forgetPassive(slot: number): void {
  Atomics.store(sharedCounters, SHARED.ejectedUntil + slot, 0);
  Atomics.store(sharedCounters, SHARED.ejections + slot, 0);
  Atomics.store(sharedCounters, SHARED.failures + slot, 0);
}

/** When the ejection of a server ends or has ended, in tenths of a second; 0 or less: there is none. */
export function ejectedUntil(server: ServerRuntime): number {
  return Atomics.load(sharedCounters, SHARED.ejectedUntil + server.plan.slot);
}

function successAfterFailures(server: ServerRuntime): void {
  const { slot } = server.plan;
  const policy = server.pool.plan.passive!;
  if (server.isRemoved) return;
  const now = tenthsNow();
  const before = readState(slot);
  const next = step(before, 'success', policy, now);
  if (next.effect === 'restore') {
    const at = SHARED.ejectedUntil + slot;
    const isOurs =
      Atomics.compareExchange(sharedCounters, at, before.until, next.state.until) === before.until;
    if (!isOurs) return;
    Atomics.store(sharedCounters, SHARED.failures + slot, 0);
    passiveReports.push({
      type: 'passive',
      server: server.key,
      change: 'restored',
      reason: 'trial-passed',
      detail: 'the first request after its ejection was served',
      forMs: 0,
    });
  } else if (next.state.failures !== before.failures) {
    writeFailures(slot, before.failures, next.state.failures);
  }
}

function readState(slot: number): PassiveState {
  return {
    failures: Atomics.load(sharedCounters, SHARED.failures + slot),
    until: Atomics.load(sharedCounters, SHARED.ejectedUntil + slot),
    ejections: Atomics.load(sharedCounters, SHARED.ejections + slot),
  };
}

function writeFailures(slot: number, before: number, after: number): boolean {
  if (before === after) return true;
  return Atomics.compareExchange(sharedCounters, SHARED.failures + slot, before, after) === before;
}

/** Whether the pool can spare one more server. */
function mayEject(pool: PoolRuntime, policy: PassivePlan, now: number): boolean {
  const most = ejectedMost(pool.servers.length, policy.maxEjectedPercent);
  // What this worker last saw is quick to ask where many servers fail at once.
  if (pool.ejectedCount >= most) return false;
  let ejected = 0;
  for (const server of pool.servers) if (ejectedUntil(server) > now) ejected++;
  return ejected < most;
}

/** Writes an ejection; false where another worker was quicker. */
function eject(
  server: ServerRuntime,
  before: PassiveState,
  { state }: PassiveStep,
  now: number,
): boolean {
  const { slot } = server.plan;
  const at = SHARED.ejectedUntil + slot;
  if (state.until <= now) return false;
  if (Atomics.compareExchange(sharedCounters, at, before.until, state.until) !== before.until) {
    return false;
  }
  Atomics.store(sharedCounters, SHARED.ejections + slot, state.ejections);
  Atomics.store(sharedCounters, SHARED.failures + slot, OUT);
  Atomics.add(sharedCounters, SHARED.ejectionEpoch, 1);
  bump(server.meter + SERVER_METER.ejections);
  return true;
}

function reportEjection(
  server: ServerRuntime,
  kind: FailureKind,
  before: PassiveState,
  now: number,
): void {
  const [reason, text] = TEXTS[kind];
  const { failures } = server.pool.plan.passive!;
  const how =
    phaseOf(before, now) === 'trial'
      ? 'failed again after an ejection'
      : `${failures} failure${failures === 1 ? '' : 's'} in a row`;
  passiveReports.push({
    type: 'passive',
    server: server.key,
    change: 'ejected',
    reason,
    detail: `${how}, the last: ${text}`,
    forMs: Math.max(1, msUntil(ejectedUntil(server))),
  });
}
