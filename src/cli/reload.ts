/** `ballast reload`: the running balancer reads its file again. */
import { renderDiagnostics } from '../config/render-diagnostic.ts';
import type { ReloadReport } from '../control/reload.ts';
import { adminAddress, type AdminChoice } from './admin-address.ts';
import { askAdmin } from './admin-client.ts';
import { EXIT } from './exit-codes.ts';

/** Prints what came of it; exit code 1 when nothing was changed because of a mistake. */
export async function reload(choice: AdminChoice): Promise<void> {
  const { body } = await askAdmin(await adminAddress(choice), { method: 'POST', path: '/reload' });
  const report = body as ReloadReport;
  process.stderr.write(renderDiagnostics(report.diagnostics, ''));
  if (report.ok) {
    process.stdout.write(`${report.message} (${report.tookMs} ms)\n`);
    return;
  }
  process.stderr.write(`ballast: ${report.message}\n`);
  if (report.hint !== '') process.stderr.write(`  ${report.hint}\n`);
  process.exitCode = EXIT.refused;
}
