/** What agents said to another process, for one that begins where that one was. */
import { monotonicMs } from '../../../sys/monotonic.ts';
import type { Administrative } from '../../../machine/health.ts';
import { SILENT_AGENT, type AgentColumn } from '../columns.ts';
import type { AgentState, AgentView } from './agent-state.ts';

/** What is known of the agent of one server. */
export type InheritedAgent = {
  /** Who was asked what. */
  readonly question: string;
  readonly column: AgentColumn;
  readonly reason: string;
  readonly detail: string;
  /** Since when its health is so, on CLOCK_MONOTONIC. */
  readonly sinceMs: number;
};

/** By keys of servers. */
export type InheritedAgents = ReadonlyMap<string, InheritedAgent>;

const ADMINISTRATIVE: readonly Administrative[] = ['ready', 'drain', 'maintenance'];

/** What there is to hand over of an agent. */
export function agentToHandOver(state: AgentState, now: number): InheritedAgent {
  const { column, reason, detail, sinceMs } = state.view;
  return {
    question: questionOf(state),
    column,
    reason,
    detail,
    sinceMs: monotonicMs() - (now - sinceMs),
  };
}

/** The view of an agent that said this to another process; null where it was asked something else. */
export function viewFrom(
  inherited: InheritedAgent | undefined,
  state: AgentState,
  now: number,
): AgentView | null {
  if (inherited === undefined || inherited.question !== questionOf(state)) return null;
  const { column, reason, detail, sinceMs } = inherited;
  return { ...state.view, column, reason, detail, sinceMs: now - (monotonicMs() - sinceMs) };
}

/** Reads what another process wrote; entries that make no sense are left out. */
export function readInheritedAgents(all: Readonly<Record<string, unknown>>): InheritedAgents {
  const agents = new Map<string, InheritedAgent>();
  for (const [key, value] of Object.entries(all)) {
    if (typeof value !== 'object' || value === null) continue;
    const { question, column, reason, detail, sinceMs } = value as Partial<InheritedAgent>;
    const isText = typeof reason === 'string' && typeof detail === 'string';
    const read = columnOf(column);
    if (typeof question !== 'string' || !isText || !Number.isFinite(sinceMs) || read === null) {
      continue;
    }
    agents.set(key, { question, column: read, reason, detail, sinceMs: sinceMs! });
  }
  return agents;
}

function columnOf(value: unknown): AgentColumn | null {
  if (typeof value !== 'object' || value === null) return null;
  const column = { ...SILENT_AGENT, ...value } as AgentColumn;
  const { administrative, isDown, weightPercent, maxConnections } = column;
  const areCounts = [weightPercent, maxConnections].every((n) => n === null || n >= 0);
  const isGood = ADMINISTRATIVE.includes(administrative) && typeof isDown === 'boolean';
  return isGood && areCounts ? { administrative, isDown, weightPercent, maxConnections } : null;
}

function questionOf({ server, plan }: AgentState): string {
  return JSON.stringify([server.address.host, plan.port, plan.send]);
}
