import { reloadEvent } from './admin/own-events.ts';
import type { EventBook } from './event-book.ts';
import type { ConfigHistory } from './history/config-history.ts';
import type { PlanInForce } from './plan-in-force.ts';
import type { ProductLog } from './product-log.ts';
import { logReport } from './reload-log.ts';
import { Reloader, type LoadedRequest } from './reload.ts';
import type { SupervisorOptions } from './supervisor-options.ts';

export type ReloaderParts = {
  readonly options: Pick<SupervisorOptions, 'file' | 'load' | 'onReload'>;
  readonly log: ProductLog;
  readonly events: EventBook;
  readonly history: ConfigHistory;
  readonly inForce: PlanInForce;
  /** Puts a configuration in force; whether it means anything else than the one before. */
  readonly apply: (loaded: LoadedRequest) => Promise<boolean>;
};

/** The reloader of a supervisor: what it reads, what it does with it, and who is told. */
export function makeReloader(parts: ReloaderParts): Reloader {
  const { file, load, onReload } = parts.options;
  return new Reloader({
    file,
    load: (text) => {
      onReload?.(true);
      return load(text);
    },
    apply: async (loaded) => {
      const changed = await parts.apply(loaded);
      await parts.history.saved();
      return changed;
    },
    inForce: () => ({
      version: parts.inForce.version,
      number: parts.history.current?.number ?? 0,
      digest: parts.history.current?.digest ?? '',
    }),
    onReport: (report) => {
      onReload?.(false);
      logReport(parts.log, report);
      parts.events.add(reloadEvent(report));
    },
  });
}
