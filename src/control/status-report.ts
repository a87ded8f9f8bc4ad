/** The answer of GET /status and of `ballast status --json`. Fields are only ever added. */
import type { KernelForm } from '../config/plan-kernel.ts';
import type { CertificatesStatus } from './certificates/certificate-status.ts';
import type { AddressStatus } from './guardian/address-status.ts';
import type { ConfigStatus } from './history/config-report.ts';
import type { AcmeStatus } from './acme/acme-view.ts';
import type { UpgradeReport } from './handover/upgrader.ts';
import type { ReloadReport } from './reload.ts';
import type { StateEvent } from './server-states/state-events.ts';

export type StatusReport = {
  readonly version: string;
  readonly pid: number;
  /** 1 at a start, one more with each upgrade in place. */
  readonly generation: number;
  /** The latest upgrade that was asked of this process; it failed, or another is in charge. */
  readonly lastUpgrade: UpgradeReport | null;
  readonly state: 'starting' | 'serving' | 'draining';
  /** ISO 8601. */
  readonly startedAt: string;
  readonly uptimeSeconds: number;
  /** Version of the plan in force: one more for each configuration and each change of names. */
  readonly plan: { readonly version: number; readonly digest: string };
  readonly configuration: ConfigStatus;
  readonly workers: readonly WorkerStatus[];
  /** Serving workers that died or hung and were replaced, since the start. */
  readonly workerRestarts: number;
  readonly listeners: readonly ListenerStatus[];
  /** Those that the kernel carries (`mode: kernel`). */
  readonly kernelListeners: readonly KernelListenerStatus[];
  readonly routes: readonly RouteStatus[];
  readonly pools: readonly PoolStatus[];
  /** Floating addresses, by group. */
  readonly addresses: readonly AddressStatus[];
  readonly certificates: CertificatesStatus;
  /** Certificates that are obtained by ACME. */
  readonly acme: readonly AcmeStatus[];
  readonly lastReload: ReloadReport | null;
  /** The latest changes of servers' states, the oldest first; more of them at GET /events. */
  readonly recentEvents: readonly StateEvent[];
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

export type KernelListenerStatus = {
  readonly name: string;
  readonly protocol: 'tcp' | 'udp';
  readonly form: KernelForm;
  readonly addresses: readonly string[];
  /** Null where nobody counts them: stateless. */
  readonly connections: number | null;
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
  /** A name that stands for no server now is among them, with the reason why. */
  readonly servers: readonly ServerStatus[];
  /** Servers given by name, and how looking them up goes. */
  readonly names: readonly NameStatus[];
};

/** A name of a pool. */
export type NameStatus = {
  readonly name: string;
  /** What is looked up: `db.example.com:5432` or `srv:_pg._tcp.example.com`. */
  readonly lookup: string;
  /** Unknown, resolved, holding (what was known last still serves) or unresolved. */
  readonly state: string;
  readonly since: string;
  readonly reason: string;
  readonly detail: string;
  /** Servers that it stands for now. */
  readonly servers: number;
};

/** A server in its three columns, which never overwrite one another. */
export type ServerStatus = {
  readonly name: string;
  readonly address: string;
  /** The configuration's column: weight, backup and maxConnections (0 is no limit). */
  readonly weight: number;
  readonly backup: boolean;
  readonly maxConnections: number;
  /** The weight in force: the operator's, else the agent's share of the configured one, else that. */
  readonly weightEffective: number;
  readonly administrative: AdministrativeStatus;
  /**
   * What is observed of it: unknown, up, falling, rising, down or ejected; the words of its check, of
   * its agent and of passive health together. `since`, `reason` and `detail` belong to it.
   */
  readonly state: string;
  readonly since: string;
  readonly reason: string;
  readonly detail: string;
  readonly requestsLive: number;
  readonly idleConnections: number;
  readonly requestsTotal: number;
  readonly failuresTotal: number;
  /** What the check alone says. */
  readonly check: VerdictStatus;
  /** Null unless passive health has ejected the server. */
  readonly ejected: EjectedStatus | null;
  /** Null without an agent. */
  readonly agent: AgentStatus | null;
};

/** The administrative column. */
export type AdministrativeStatus = {
  /** In force: ready, drain or maintenance; the operator's word unless that is ready. */
  readonly state: string;
  /** Whose word that is: operator or agent; "" where nobody asks for anything but ready. */
  readonly by: string;
  /** What the operator asked for, and when; `weight` null is as configured, `since` null is never. */
  readonly operator: string;
  readonly weight: number | null;
  readonly since: string | null;
};

export type VerdictStatus = {
  readonly state: string;
  readonly since: string;
  readonly reason: string;
  readonly detail: string;
};

export type EjectedStatus = {
  readonly since: string;
  readonly until: string;
  readonly reason: string;
  readonly detail: string;
};

/** What the agent has said so far; null where it never spoke of the matter. */
export type AgentStatus = {
  readonly administrative: string;
  /** Whether it says that the server is down, and why. */
  readonly isDown: boolean;
  readonly reason: string;
  readonly detail: string;
  readonly weightPercent: number | null;
  readonly maxConnections: number | null;
  /** When it last answered; null is never. `failure` says why not the latest time, "" if it did. */
  readonly answeredAt: string | null;
  readonly failure: string;
};
