/** `ballast rollback`: a configuration that was in force before is put in force again. */
import { copyFile, readFile } from 'node:fs/promises';
import { BallastError } from '../base/errors.ts';
import { draftFile } from '../control/admin/file-draft.ts';
import type { ConfigInForce } from '../control/history/config-control.ts';
import type { ReloadReport } from '../control/reload.ts';
import { adminTarget, type AdminChoice } from './admin-target.ts';
import { askAdmin, refusalOf, type AdminTarget } from './admin-client.ts';
import { EXIT } from './exit-codes.ts';
import { printReload } from './reload.ts';

/** What the file is called that `--write` has replaced, behind its name. */
const REPLACED = '.replaced';

export type RollbackChoice = AdminChoice & {
  /** Null is the one before the present one. */
  readonly number: number | null;
  /** Whether to write it to the configuration file, too. */
  readonly writes: boolean;
  readonly isJson: boolean;
};

/** Prints what came of it; exit code 1 when nothing was changed because of a mistake. */
export async function rollback(choice: RollbackChoice): Promise<void> {
  const { number, writes, isJson } = choice;
  const admin = await adminTarget(choice);
  if (writes) checkIsHere(admin);
  const path = number === null ? '/rollback' : `/rollback?number=${number}`;
  const report = (await ask(admin, 'POST', path)) as ReloadReport;
  if (!report.ok) process.exitCode = EXIT.refused;
  if (isJson) process.stdout.write(`${JSON.stringify(report, null, 2)}\n`);
  else printReload(report);
  if (!writes || !report.ok) return;
  const kept = (await ask(admin, 'GET', `/v1/config/history/${report.number}`)) as ConfigInForce;
  const told = await write(kept);
  // Standard output is the report alone where it is JSON.
  process[isJson ? 'stderr' : 'stdout'].write(told);
}

async function ask(admin: AdminTarget, method: string, path: string): Promise<unknown> {
  const { status, body } = await askAdmin(admin, { method, path });
  const refusal = refusalOf(body);
  if (refusal !== null) throw refusal;
  if (status === 200 || status === 422) return body;
  const { code = 'BAL_ADMIN_ANSWER', detail = '' } = body as { code?: string; detail?: string };
  throw new BallastError(code, detail === '' ? `the answer has status ${status}` : detail);
}

/** A balancer elsewhere must not say which file of this machine is written. */
function checkIsHere({ address }: AdminTarget): void {
  if (/^(unix:|(https?:\/\/)?(127\.|\[::1\]|localhost:))/.test(address)) return;
  throw new BallastError(
    'BAL_ROLLBACK_WRITE',
    `the balancer at ${address} is not on this machine`,
    {
      hint: 'run "ballast rollback --write" there',
    },
  );
}

/** Writes a text as a whole, keeps the one before beside it, and says what it did. */
async function write({ file, text, number }: ConfigInForce): Promise<string> {
  try {
    if ((await readFile(file, 'utf8')) === text) return `${file} holds it already\n`;
    const draft = await draftFile(file, text);
    await copyFile(file, `${file}${REPLACED}`);
    await draft.keep();
    return `written to ${file}; what it held is in ${file}${REPLACED}\n`;
  } catch (error) {
    const { message } = error as Error;
    throw new BallastError(
      'BAL_ROLLBACK_WRITE',
      `configuration ${number} is in force, and cannot be written to "${file}": ${message}`,
      {
        hint: `run "ballast rollback ${number} --write" as a user who may write to its folder`,
        cause: error,
      },
    );
  }
}
