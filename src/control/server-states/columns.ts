/**
 * The columns of one server and what they come to together. Each column has one owner and none ever
 * overwrites another:
 *
 *   configured       the file: weight, backup, maxConnections
 *   administrative   the operator: ready, drain, maintenance, and a weight; beside it the agent's
 *   observed         the active check; beside it what the agent and passive health see
 */
import type { Administrative, Observed } from '../../machine/health.ts';
import type { ObservedState, ServerHealthFrame } from '../../plane/worker-protocol.ts';

/** Greatest weight of a server, as in the configuration. */
export const WEIGHT_MAX = 256;

/** What the operator asks of a server. */
export type OperatorColumn = {
  readonly administrative: Administrative;
  /** 0 … 256; null: as configured, or as the agent says. */
  readonly weight: number | null;
};

/** What the server's own agent has said so far; what it never spoke of is as in `SILENT_AGENT`. */
export type AgentColumn = {
  readonly administrative: Administrative;
  readonly isDown: boolean;
  /** Share of the configured weight. */
  readonly weightPercent: number | null;
  /** 0 is no limit. */
  readonly maxConnections: number | null;
};

export const NO_OPERATOR: OperatorColumn = { administrative: 'ready', weight: null };

export const SILENT_AGENT: AgentColumn = {
  administrative: 'ready',
  isDown: false,
  weightPercent: null,
  maxConnections: null,
};

export type Columns = {
  readonly configuredWeight: number;
  readonly operator: OperatorColumn;
  readonly agent: AgentColumn;
  /** The verdict of the active check. */
  readonly check: Observed;
};

/** What the workers are told: a health frame without its key. */
export type Combined = Omit<ServerHealthFrame, 'key'>;

/** A falling server still counts as up, a rising one still as down. */
const VERDICT: Readonly<Record<Observed, ObservedState>> = {
  unknown: 'unknown',
  up: 'up',
  falling: 'up',
  rising: 'down',
  down: 'down',
};

/** What a check's verdict means for those who choose servers. */
export function verdictOf(check: Observed): ObservedState {
  return VERDICT[check];
}

/**
 * All columns as one. The operator goes before the agent, in each matter for itself; an agent that
 * is down makes the server down whatever its check says, one that is up changes nothing.
 */
export function combine({ configuredWeight, operator, agent, check }: Columns): Combined {
  const isOperators = operator.administrative !== 'ready';
  return {
    state: agent.isDown ? 'down' : verdictOf(check),
    administrative: isOperators ? operator.administrative : agent.administrative,
    weight: operator.weight ?? agentWeight(configuredWeight, agent.weightPercent),
    maxConnections: agent.maxConnections,
  };
}

/** Rounded up, so that a small share is not none: only 0 % and a configured 0 are 0. */
function agentWeight(configured: number, percent: number | null): number | null {
  if (percent === null) return null;
  return Math.min(WEIGHT_MAX, Math.ceil((configured * percent) / 100));
}
