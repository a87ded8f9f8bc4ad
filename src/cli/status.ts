/** `ballast status`: what a running balancer does. */
import type { StatusReport } from '../control/status-report.ts';
import { adminTarget, type AdminChoice } from './admin-target.ts';
import { askAdmin } from './admin-client.ts';
import { hasColours } from './print.ts';
import { statusText } from './status-text.ts';

/** Prints the status as tables, or as the JSON that the admin server gave. */
export async function status(choice: AdminChoice & { readonly isJson: boolean }): Promise<void> {
  const answer = await askAdmin(await adminTarget(choice), { method: 'GET', path: '/status' });
  if (choice.isJson) {
    process.stdout.write(`${JSON.stringify(answer.body, null, 2)}\n`);
    return;
  }
  const report = answer.body as StatusReport;
  process.stdout.write(statusText(report, hasColours(process.stdout)));
}
