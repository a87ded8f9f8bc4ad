/** One server in all its columns, as the status and the commands show it. */
import type { PoolPlan, ServerPlan } from '../../config/plan.ts';
import type { Observed } from '../../machine/health.ts';
import type { ServerHealth } from '../health/server-check.ts';
import type { AgentView } from './agent/agent-state.ts';
import { combine, NO_OPERATOR, SILENT_AGENT } from './columns.ts';
import type { Combined, OperatorColumn } from './columns.ts';
import type { Ejection } from './ejections.ts';

/** What each column's owner says. */
export type ServerParts = {
  readonly pool: PoolPlan;
  readonly server: ServerPlan;
  /** The verdict of its check, or of the one that speaks for it. */
  readonly check: ServerHealth;
  readonly operator: OperatorColumn;
  /** When the operator asked for it, ISO 8601; null where nothing was asked for. */
  readonly operatorSince: string | null;
  /** Null without an agent. */
  readonly agent: AgentView | null;
  /** Null unless passive health has ejected it. */
  readonly ejection: Ejection | null;
};

/** The observed column: times in ms of the health checks' clock. */
export type ObservedView = {
  readonly state: Observed | 'ejected';
  readonly reason: string;
  readonly detail: string;
  readonly sinceMs: number;
  /** End of an ejection; null for the others. */
  readonly untilMs: number | null;
};

export type ServerView = ServerParts & {
  /** What the workers are told. */
  readonly combined: Combined;
  /** The weight in force. */
  readonly weight: number;
  readonly observed: ObservedView;
};

/** Puts the columns together. Called for each server of a status, and for each change. */
export function viewOf(parts: ServerParts): ServerView {
  const { server, operator, agent, check } = parts;
  const combined = combine({
    configuredWeight: server.weight,
    operator,
    agent: agent?.column ?? SILENT_AGENT,
    check: check.observed,
  });
  const weight = combined.weight ?? server.weight;
  return { ...parts, combined, weight, observed: observedOf(parts) };
}

/** Down goes before ejected, and what the agent says before what the check says. */
function observedOf({ check, agent, ejection }: ServerParts): ObservedView {
  const { observed: state, reason, detail, sinceMs } = check;
  const byCheck = { state, reason, detail, sinceMs, untilMs: null };
  if (state === 'down' || state === 'rising') return byCheck;
  if (agent !== null && agent.column.isDown) {
    return { ...agent, state: 'down', untilMs: null };
  }
  return ejection === null ? byCheck : { ...ejection, state: 'ejected' };
}

/** Whether the server is asked for something other than the configuration says. */
export function isTouched({ operator }: ServerView): boolean {
  return operator.administrative !== NO_OPERATOR.administrative || operator.weight !== null;
}

/** Whether new requests may go to the server, if need be as the last resort, as to ejected ones. */
export function takesNew({ combined, weight }: ServerView): boolean {
  return combined.administrative === 'ready' && weight > 0 && combined.state !== 'down';
}
