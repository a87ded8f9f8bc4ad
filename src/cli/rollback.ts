/** `ballast rollback`: a configuration that was in force before is put in force again. */
import type { ReloadReport } from '../control/reload.ts';
import { adminTarget, type AdminChoice } from './admin-target.ts';
import { askAdmin, refusalOf } from './admin-client.ts';
import { EXIT } from './exit-codes.ts';
import { printReload } from './reload.ts';

export type RollbackChoice = AdminChoice & {
  /** Null is the one before the present one. */
  readonly number: number | null;
  readonly isJson: boolean;
};

/** Prints what came of it; exit code 1 when nothing was changed because of a mistake. */
export async function rollback(choice: RollbackChoice): Promise<void> {
  const { number, isJson } = choice;
  const path = number === null ? '/rollback' : `/rollback?number=${number}`;
  const { body } = await askAdmin(await adminTarget(choice), { method: 'POST', path });
  const refusal = refusalOf(body);
  if (refusal !== null) throw refusal;
  const report = body as ReloadReport;
  if (!report.ok) process.exitCode = EXIT.refused;
  if (isJson) process.stdout.write(`${JSON.stringify(body, null, 2)}\n`);
  else printReload(report);
}
