/** `ballast address`: floating addresses of a running balancer. */
import { BallastError } from '../base/errors.ts';
import type { AddressStatus } from '../control/guardian/address-status.ts';
import { explain, lint } from '../control/guardian/explain.ts';
import { askAdmin } from './admin-client.ts';
import { adminTarget, type AdminChoice } from './admin-target.ts';
import { addressText } from './address-text.ts';
import { EXIT } from './exit-codes.ts';
import { tableText } from './print.ts';

type Choice = AdminChoice & { readonly isJson: boolean };

const NONE = 'no floating addresses are configured\n';

/** Prints a table, or what the admin server gave. */
export async function addressStatus(choice: Choice): Promise<void> {
  const addresses = await list(choice);
  if (choice.isJson) printJson({ addresses });
  else process.stdout.write(addresses.length === 0 ? NONE : addressText(addresses));
}

/** Prints who would have the addresses, for each thing that may fail. */
export async function addressExplain(choice: Choice): Promise<void> {
  const addresses = await list(choice);
  const all = addresses.map((one) => ({
    group: one.group,
    explanations: explain(one),
    advice: lint(one),
  }));
  if (choice.isJson) {
    printJson({ addresses: all });
    return;
  }
  for (const { group, explanations, advice } of all) {
    const rows = explanations.map((line) => [`if ${line.when}`, line.what]);
    process.stdout.write(`${group}\n${tableText(rows)}`);
    for (const text of advice) process.stdout.write(`note: ${text}\n`);
  }
  if (all.length === 0) process.stdout.write(NONE);
}

/** Gives a group to another node. */
export async function addressMove(choice: Choice & { readonly name: string }): Promise<void> {
  const path = `/v1/addresses/${encodeURIComponent(choice.name)}/move`;
  const { status, body } = await askAdmin(await adminTarget(choice), { method: 'POST', path });
  if (status !== 200 && status !== 409) throw refused(status, body);
  const { group, ok, outcome } = body as { group: string; ok: boolean; outcome: string };
  if (choice.isJson) printJson(body);
  else process.stdout.write(`${group}: ${ok ? 'moved' : 'not moved'}: ${outcome}\n`);
  if (!ok) process.exitCode = EXIT.refused;
}

async function list(choice: Choice): Promise<readonly AddressStatus[]> {
  const target = await adminTarget(choice);
  const { status, body } = await askAdmin(target, { method: 'GET', path: '/v1/addresses' });
  if (status !== 200) throw refused(status, body);
  return (body as { readonly addresses: readonly AddressStatus[] }).addresses;
}

function refused(status: number, body: unknown): BallastError {
  const { detail, code, title } = body as Readonly<Record<string, string | undefined>>;
  const message = detail ?? title ?? `the answer has status ${status}`;
  return new BallastError(code ?? 'BAL_ADMIN_ANSWER', message);
}

function printJson(value: unknown): void {
  process.stdout.write(`${JSON.stringify(value, null, 2)}\n`);
}
