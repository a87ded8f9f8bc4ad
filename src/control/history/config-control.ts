/** What the admin server can ask about the configuration, and ask to be put in force. */
import { BallastError } from '../../base/errors.ts';
import type { Diagnostic } from '../../config/diagnostic.ts';
import type { PlanChange } from '../../config/plan-diff/plan-change.ts';
import { planDiff } from '../../config/plan-diff/plan-diff.ts';
import type { Plan } from '../../config/plan.ts';
import type { LoadedConfig, Reloader, ReloadReport } from '../reload.ts';
import type { ConfigHistory } from './config-history.ts';
import type { ConfigStatus, HistoryReport } from './config-report.ts';
import { configStatus, historyReport } from './config-report.ts';
import type { DiskFile } from './disk-file.ts';

/** What a configuration would change; nothing was changed. */
export type DryRunReport = {
  /** Whether the configuration has no mistakes. */
  readonly ok: boolean;
  readonly changes: readonly PlanChange[];
  readonly diagnostics: readonly Diagnostic[];
  /** One sentence for people. */
  readonly message: string;
};

/** A configuration with its text, which may hold passwords. */
export type ConfigInForce = {
  readonly number: number;
  /** Changes whenever the configuration means something else. */
  readonly digest: string;
  readonly text: string;
  /** Absolute path of the file; relative paths in the text start from its folder. */
  readonly file: string;
};

/** A text to be put in force as if it stood in the file. The file stays as it is. */
export type ApplyText = {
  readonly text: string;
  /** What the digest in force must still be: else the report has `isOutdated`; null is any. */
  readonly expect: string | null;
};

export type ConfigControl = {
  /** Null before the first configuration is in force. */
  readonly inForce: () => ConfigInForce | null;
  /** One that is kept, with its text. Throws BAL_HISTORY_UNKNOWN. */
  readonly kept: (number: number) => ConfigInForce;
  readonly status: () => ConfigStatus;
  readonly history: () => HistoryReport;
  /** What the file, or a text in its place, would change. Rejects where the file cannot be read. */
  readonly dryRun: (text: string | null) => Promise<DryRunReport>;
  /** Puts a text in force, after what is under way. Never rejects. */
  readonly apply: (request: ApplyText) => Promise<ReloadReport>;
  /**
   * Puts the configuration with this number in force anew, with a number of its own; null is the one
   * before the present one. Throws BAL_HISTORY_UNKNOWN.
   */
  readonly rollback: (number: number | null) => Promise<ReloadReport>;
};

export type ConfigControlParts = {
  readonly history: ConfigHistory;
  readonly reloader: Reloader;
  readonly disk: DiskFile;
  readonly load: (text: string | null) => Promise<LoadedConfig>;
  /** The plan of the file that is in force; null before the first. */
  readonly plan: () => Plan | null;
};

export function configControl(parts: ConfigControlParts): ConfigControl {
  const { history, reloader, disk, load, plan } = parts;
  return {
    inForce: () => {
      const { current, text } = history;
      if (current === null) return null;
      return { number: current.number, digest: current.digest, text, file: disk.path };
    },
    kept: (number) => {
      const { digest, text } = history.find(number);
      return { number, digest, text, file: disk.path };
    },
    status: () => configStatus(history, disk),
    history: () => historyReport(history, disk),
    dryRun: async (text) => dryRun(await load(text), plan()),
    apply: ({ text, expect }) => reloader.apply({ cause: 'api', note: '', text, expect }),
    rollback: (number) => {
      const { text, number: found } = history.find(number);
      return reloader.apply({ cause: 'rollback', note: `to ${found}`, text, expect: null });
    },
  };
}

function dryRun({ plan, diagnostics }: LoadedConfig, before: Plan | null): DryRunReport {
  if (before === null) {
    throw new BallastError('BAL_RELOAD_STARTING', 'the balancer has not started yet');
  }
  const mistakes = diagnostics.filter(({ severity }) => severity === 'error').length;
  if (plan === null) {
    const words = mistakes === 1 ? 'mistake' : 'mistakes';
    const message = `the configuration has ${mistakes} ${words}: it would be refused`;
    return { ok: false, changes: [], diagnostics, message };
  }
  const changes = plan.digest === before.digest ? [] : planDiff(before, plan);
  const message = changes.length === 0 ? 'nothing would change' : countsText(changes);
  return { ok: true, changes, diagnostics, message };
}

function countsText(changes: readonly PlanChange[]): string {
  const counts = (['added', 'changed', 'removed'] as const)
    .map((word) => [changes.filter(({ change }) => change === word).length, word] as const)
    .filter(([count]) => count > 0);
  return `would be: ${counts.map(([count, word]) => `${count} ${word}`).join(', ')}`;
}
