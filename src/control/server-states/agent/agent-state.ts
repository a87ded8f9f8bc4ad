/** What the agent of one server has said so far. */
import type { AgentReply } from '../../../codec/agent-reply.ts';
import type { AgentPlan } from '../../../config/plan-check.ts';
import type { ServerPlan } from '../../../config/plan.ts';
import type { DueItem } from '../../health/due-queue.ts';
import type { AgentColumn } from '../columns.ts';
import { SILENT_AGENT } from '../columns.ts';

/** As one reads it at a moment. */
export type AgentView = {
  readonly column: AgentColumn;
  /** Why it is down: `agent-down`, `agent-fail` or `agent-stopped`, and its own words; else "". */
  readonly reason: string;
  readonly detail: string;
  /** When its health last changed, in ms of the clock. */
  readonly sinceMs: number;
  /** When it last answered, in ms since the epoch; 0 is never. */
  readonly answeredAt: number;
  /** Why the latest question was not answered; "" where it was. */
  readonly failure: string;
};

export class AgentState implements DueItem {
  server: ServerPlan;
  plan: AgentPlan;
  view: AgentView;
  /** In maintenance by the operator: nothing is sent. */
  isPaused = false;
  /** Ends the running question; null while none runs. */
  cancel: (() => void) | null = null;
  askedAtMs = 0;
  dueMs = 0;
  heapIndex = -1;

  constructor(server: ServerPlan, plan: AgentPlan, nowMs: number) {
    this.server = server;
    this.plan = plan;
    this.view = {
      column: SILENT_AGENT,
      reason: '',
      detail: '',
      sinceMs: nowMs,
      answeredAt: 0,
      failure: '',
    };
  }
}

/** The view after an answer: what the line does not speak of stays as it was. */
export function afterReply(view: AgentView, reply: AgentReply, nowMs: number): AgentView {
  const { column } = view;
  const { health, text } = reply;
  const isDown = health === null ? column.isDown : health !== 'up';
  const isSaid = health !== null;
  return {
    column: {
      administrative: reply.administrative ?? column.administrative,
      isDown,
      weightPercent: reply.weightPercent ?? column.weightPercent,
      maxConnections: reply.maxConnections ?? column.maxConnections,
    },
    reason: isSaid ? (isDown ? `agent-${health}` : '') : view.reason,
    detail: isSaid ? (isDown ? text : '') : view.detail,
    sinceMs: isDown === column.isDown ? view.sinceMs : nowMs,
    answeredAt: Date.now(),
    failure: '',
  };
}
