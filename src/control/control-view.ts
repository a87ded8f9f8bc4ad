/** What the admin server can see and ask for, and what status and metrics are made from. */
import type { Plan } from '../config/plan.ts';
import type { AcmeManager } from './acme/acme-manager.ts';
import type { EventStreams } from './admin/event-stream.ts';
import type { Overview } from './admin/overview.ts';
import type { RouteList, RouteQuery } from './admin/route-list.ts';
import type { ServerList, ServerQuery } from './admin/server-list.ts';
import type { TrafficBook } from './admin/traffic.ts';
import type { Certificates } from './certificates/certificates.ts';
import type { EventBook } from './event-book.ts';
import type { Floating } from './guardian/floating.ts';
import type { HealthBoard } from './health-board.ts';
import type { ConfigControl } from './history/config-control.ts';
import type { ConfigStatus } from './history/config-report.ts';
import type { Succession } from './handover/succession.ts';
import type { Upgrader } from './handover/upgrader.ts';
import type { KernelTables } from './kernel/kernel-tables.ts';
import type { MetersReader } from './meters-reader.ts';
import type { NameBoard } from './names/name-board.ts';
import type { Reloader, ReloadReport } from './reload.ts';
import type { ServerControl } from './server-states/server-control.ts';
import type { StatusReport } from './status-report.ts';
import type { WorkerFleet } from './worker-fleet.ts';

export type ControlView = {
  /** Whether requests are served: false before the first plan is in force and while draining. */
  readonly isReady: () => boolean;
  readonly status: () => StatusReport;
  /** The Prometheus text exposition, in pieces. */
  readonly metrics: () => AsyncIterable<string>;
  readonly reload: () => Promise<ReloadReport>;
  readonly config: ConfigControl;
  readonly upgrader: Pick<Upgrader, 'request' | 'settled' | 'last'>;
  readonly servers: ServerControl;
  readonly floating: Pick<Floating, 'standing' | 'addressesOf' | 'groupNamed' | 'move'> & {
    readonly kernel: Pick<KernelTables, 'countLive'>;
  };
  /** What people may see of certificates and do with them. */
  readonly certificates: Pick<Certificates, 'list' | 'status' | 'refresh' | 'put'>;
  readonly api: ApiView;
};

/** What only the API below /v1 asks for. */
export type ApiView = {
  readonly overview: () => Overview;
  readonly listServers: (query: ServerQuery) => ServerList;
  readonly listRoutes: (query: RouteQuery) => RouteList;
  /** Ends the balancer as SIGTERM does; returns the time that what is under way has, in ms. */
  readonly drain: () => number;
  readonly traffic: TrafficBook;
  readonly events: EventBook;
  readonly streams: EventStreams;
};

/** A look at all parts of the control plane at one moment. */
export type ControlParts = {
  readonly productVersion: string;
  /** In ms since the epoch. */
  readonly startedAt: number;
  readonly plan: Plan;
  readonly isDraining: boolean;
  readonly meters: MetersReader;
  readonly fleet: WorkerFleet;
  readonly health: HealthBoard;
  readonly names: NameBoard;
  readonly floating: Pick<Floating, 'standing' | 'guardian' | 'addressesOf' | 'kernel'>;
  readonly certificates: Pick<Certificates, 'status' | 'families'>;
  readonly acme: Pick<AcmeManager, 'status' | 'counters'>;
  readonly reloader: Reloader;
  readonly configuration: ConfigStatus;
  readonly succession: Succession;
  /** Access log lines lost in the supervisor; the workers count theirs. */
  readonly logLinesLost: number;
};
