import type { ProductLog } from './product-log.ts';
import type { ReloadReport } from './reload.ts';

/** Writes the end of a reload to the log, after the mistakes of the file. */
export function logReport(log: ProductLog, report: ReloadReport): void {
  const { ok, version, tookMs, message, diagnostics } = report;
  for (const { severity, code, file, line, column, message: text } of diagnostics) {
    const level = severity === 'error' ? 'error' : 'warn';
    log[level]({ code, where: `${file}:${line}:${column}` }, text);
  }
  log[ok ? 'info' : 'error']({ version, tookMs }, `reload: ${message}`);
}
