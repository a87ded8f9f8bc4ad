import type { HandoverSettings } from './handover/succession.ts';
import type { StandardOutlets } from './log-sink.ts';
import type { ProductLog } from './product-log.ts';
import type { LoadedConfig } from './reload.ts';
import type { ActivatedSocket } from './systemd/activation.ts';

/** What the program gives its supervisor. */
export type SupervisorOptions = {
  /** Path of the configuration file. */
  readonly file: string;
  /** Reads the configuration file, or takes `text` as what it holds; called for each reload. */
  readonly load: (text: string | null) => Promise<LoadedConfig>;
  readonly standard: StandardOutlets;
  readonly log: ProductLog;
  readonly productVersion: string;
  /** The program of a worker. */
  readonly workerEntry: string;
  /** Drains and ends the program, as SIGTERM does. */
  readonly end: () => void;
  readonly handover?: HandoverSettings;
  /** Sockets that the service manager has opened for us. */
  readonly activated?: readonly ActivatedSocket[];
  /** Called with true when a reload begins, with false when it has ended. */
  readonly onReload?: (isUnderWay: boolean) => void;
};
