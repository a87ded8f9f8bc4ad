/** `ballast history`: the configurations that were in force. */
import type { HistoryReport } from '../control/history/config-report.ts';
import { adminTarget, type AdminChoice } from './admin-target.ts';
import { askAdmin, refusalOf } from './admin-client.ts';
import { tableText } from './print.ts';
import { onDiskText } from './status-text.ts';

/** Prints them, the newest first, as a table or as the JSON that the admin server gave. */
export async function history(choice: AdminChoice & { readonly isJson: boolean }): Promise<void> {
  const { body } = await askAdmin(await adminTarget(choice), { method: 'GET', path: '/history' });
  const refusal = refusalOf(body);
  if (refusal !== null) throw refusal;
  const text = choice.isJson
    ? `${JSON.stringify(body, null, 2)}\n`
    : historyText(body as HistoryReport);
  process.stdout.write(text);
}

/** The table, whether it is kept, and whether the file is what is in force. */
export function historyText(report: HistoryReport): string {
  const rows = report.configurations.map(({ number, digest, at, cause, note, hasText }) => [
    String(number),
    digest.slice(0, 12),
    at.slice(0, 'yyyy-mm-ddThh:mm:ssZ'.length - 1),
    note === '' ? cause : `${cause} ${note}`,
    number === report.number ? 'in force' : hasText ? '' : 'text not kept',
  ]);
  const kept = report.isKept ? '' : `not kept over a restart: ${report.kept}\n`;
  const head = ['NUMBER', 'DIGEST', 'SINCE', 'BY', ''];
  return tableText([head, ...rows]) + kept + onDiskText(report);
}
