/** `ballast reload`: the running balancer reads its file again. */
import { renderDiagnostics } from '../config/render-diagnostic.ts';
import type { DryRunReport } from '../control/history/config-control.ts';
import type { ReloadReport } from '../control/reload.ts';
import { adminTarget, type AdminChoice } from './admin-target.ts';
import { askAdmin, refusalOf } from './admin-client.ts';
import { EXIT } from './exit-codes.ts';
import { planChangesText } from './plan-changes-text.ts';

export type ReloadChoice = AdminChoice & {
  /** Whether only to print what would change. */
  readonly isDryRun: boolean;
  readonly isJson: boolean;
};

/** Prints what came of it; exit code 1 when nothing was changed because of a mistake. */
export async function reload(choice: ReloadChoice): Promise<void> {
  const path = choice.isDryRun ? '/reload?dry-run=1' : '/reload';
  const { body } = await askAdmin(await adminTarget(choice), { method: 'POST', path });
  const refusal = refusalOf(body);
  if (refusal !== null) throw refusal;
  const report = body as ReloadReport | DryRunReport;
  if (!report.ok) process.exitCode = EXIT.refused;
  if (choice.isJson) process.stdout.write(`${JSON.stringify(body, null, 2)}\n`);
  else if ('changes' in report) printDryRun(report);
  else printReload(report);
}

/** Says what came of a reload or a rollback. */
export function printReload(report: ReloadReport): void {
  process.stderr.write(renderDiagnostics(report.diagnostics, ''));
  if (report.ok) {
    process.stdout.write(`${report.message} (${report.tookMs} ms)\n`);
    return;
  }
  process.stderr.write(`ballast: ${report.message}\n`);
  if (report.hint !== '') process.stderr.write(`  ${report.hint}\n`);
}

function printDryRun({ ok, message, changes, diagnostics }: DryRunReport): void {
  process.stderr.write(renderDiagnostics(diagnostics, ''));
  if (ok) process.stdout.write(`${planChangesText(changes)}${message}\n`);
  else process.stderr.write(`ballast: ${message}\n`);
}
