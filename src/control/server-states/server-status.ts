/** One server of the status report, and of what the commands are told. */
import { performance } from 'node:perf_hooks';
import { SERVER_METER } from '../../base/meters.ts';
import { bindText } from '../../sys/sockets.ts';
import type { MetersReader } from '../meters-reader.ts';
import type { AdministrativeStatus, AgentStatus, EjectedStatus } from '../status-report.ts';
import type { ServerStatus } from '../status-report.ts';
import type { AgentView } from './agent/agent-state.ts';
import type { Ejection } from './ejections.ts';
import type { ServerView } from './server-view.ts';

/** Where counts of servers come from. */
export type LiveCounts = {
  readonly meters: MetersReader;
  /** Connections that the kernel carries, by key of the server. */
  readonly kernel: { readonly liveOn: (serverKey: string) => number };
};

/** The status of one server. Called for each of them for each GET /status. */
export function serverStatus(view: ServerView, { meters, kernel }: LiveCounts): ServerStatus {
  const { server, observed, check } = view;
  const { slot } = server;
  return {
    name: server.name,
    address: bindText(server.address),
    weight: server.weight,
    backup: server.backup,
    maxConnections: server.maxConnections,
    weightEffective: view.weight,
    administrative: administrativeStatus(view),
    state: observed.state,
    since: wallTime(observed.sinceMs),
    reason: observed.reason,
    detail: observed.detail,
    requestsLive: meters.sum(slot, SERVER_METER.requestsLive) + kernel.liveOn(server.key),
    idleConnections: meters.sum(slot, SERVER_METER.connectionsIdleLive),
    requestsTotal: meters.sum(slot, SERVER_METER.requests),
    failuresTotal: meters.sum(slot, SERVER_METER.failures),
    check: {
      state: check.observed,
      since: wallTime(check.sinceMs),
      reason: check.reason,
      detail: check.detail,
    },
    ejected: ejectedStatus(view.ejection),
    agent: agentStatus(view.agent),
  };
}

/** The administrative column of a server. */
export function administrativeStatus(view: ServerView): AdministrativeStatus {
  const { combined, operator, operatorSince } = view;
  const isOperators = operator.administrative !== 'ready';
  return {
    state: combined.administrative,
    by: isOperators ? 'operator' : combined.administrative === 'ready' ? '' : 'agent',
    operator: operator.administrative,
    weight: operator.weight,
    since: operatorSince,
  };
}

function ejectedStatus(ejection: Ejection | null): EjectedStatus | null {
  if (ejection === null) return null;
  const { sinceMs, untilMs, reason, detail } = ejection;
  return { since: wallTime(sinceMs), until: wallTime(untilMs), reason, detail };
}

function agentStatus(agent: AgentView | null): AgentStatus | null {
  if (agent === null) return null;
  const { column, reason, detail, answeredAt, failure } = agent;
  return {
    ...column,
    reason,
    detail,
    answeredAt: answeredAt === 0 ? null : new Date(answeredAt).toISOString(),
    failure,
  };
}

/** The time of day of a moment on the checker's clock, as an ISO text. */
export function wallTime(checkerMs: number): string {
  return new Date(Date.now() - (performance.now() - checkerMs)).toISOString();
}
