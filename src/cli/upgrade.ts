/** `ballast upgrade`: the running balancer hands over to the program that is on the disk now. */
import { READY_LIMIT_MS } from '../control/handover/upgrader.ts';
import type { UpgradeReport } from '../control/handover/upgrader.ts';
import { adminTarget, type AdminChoice } from './admin-target.ts';
import { askAdmin } from './admin-client.ts';
import { EXIT } from './exit-codes.ts';

/** Added to the time that the new program has: the rest of an upgrade is done in it, in ms. */
const REST_MS = 60_000;

export type UpgradeChoice = AdminChoice & {
  /** Time that the new program has to be ready, in ms; undefined is the usual one. */
  readonly timeoutMs: number | undefined;
};

/** Prints what came of it; exit code 1 where the process before goes on. */
export async function upgrade(choice: UpgradeChoice): Promise<void> {
  const { timeoutMs } = choice;
  const query = timeoutMs === undefined ? '' : `?timeout=${Math.max(1, Math.round(timeoutMs))}`;
  const { body } = await askAdmin(await adminTarget(choice), {
    method: 'POST',
    path: `/v1/upgrade${query}`,
    limitMs: (timeoutMs ?? READY_LIMIT_MS) + REST_MS,
  });
  const { ok, code, message, hint, tookMs } = body as UpgradeReport;
  if (ok) {
    process.stdout.write(`${message} (${tookMs} ms)\n`);
    return;
  }
  process.stderr.write(`ballast: ${code}: ${message}\n`);
  if (hint !== '') process.stderr.write(`  ${hint}\n`);
  process.exitCode = EXIT.refused;
}
