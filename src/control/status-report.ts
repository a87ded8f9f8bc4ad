/** The answer of GET /status and of `ballast status --json`. Fields are only ever added. */
import type { ReloadReport } from './reload.ts';

export type StatusReport = {
  readonly version: string;
  readonly pid: number;
  readonly state: 'starting' | 'serving' | 'draining';
  /** ISO 8601. */
  readonly startedAt: string;
  readonly uptimeSeconds: number;
  readonly plan: { readonly version: number; readonly digest: string };
  readonly workers: readonly WorkerStatus[];
  /** Serving workers that died or hung and were replaced, since the start. */
  readonly workerRestarts: number;
  readonly listeners: readonly ListenerStatus[];
  readonly routes: readonly RouteStatus[];
  readonly pools: readonly PoolStatus[];
  readonly lastReload: ReloadReport | null;
};

export type WorkerStatus = {
  readonly index: number;
  readonly pid: number;
  /** `standby` is the spare process that waits to take a dead worker's place. */
  readonly state: 'starting' | 'standby' | 'serving' | 'draining' | 'gone';
  readonly startedAt: string;
  readonly heartbeatAgeMs: number;
  readonly planVersion: number;
  readonly connections: number;
};

export type ListenerStatus = {
  readonly name: string;
  readonly addresses: readonly string[];
  readonly connections: number;
  readonly connectionsTotal: number;
  readonly requestsTotal: number;
};

export type RouteStatus = {
  readonly listener: string;
  readonly name: string;
  readonly requestsTotal: number;
};

export type PoolStatus = {
  readonly name: string;
  readonly requestsTotal: number;
  readonly requestsLive: number;
  readonly queueLength: number;
  readonly retriesTotal: number;
  readonly servers: readonly ServerStatus[];
};

export type ServerStatus = {
  readonly name: string;
  readonly address: string;
  readonly weight: number;
  /** What its check says: unknown, up, falling, rising or down. */
  readonly state: string;
  readonly since: string;
  readonly reason: string;
  readonly detail: string;
  readonly requestsLive: number;
  readonly idleConnections: number;
  readonly requestsTotal: number;
  readonly failuresTotal: number;
};
