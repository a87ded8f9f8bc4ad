import process from 'node:process';
import type { SecretPlan } from '../../config/plan-check.ts';
import { readSmallFile } from './small-file.ts';

/** Bytes of a secret's file. */
export const SECRET_BYTES_MAX = 4096;

/** A secret, or a text that says why there is none and does not hold it. */
export type Secret =
  | { readonly ok: true; readonly text: string }
  | { readonly ok: false; readonly detail: string };

/**
 * The text of a secret, read at each call, so that a file that was changed counts at the next
 * probe. One that cannot be read, or is empty, is a fault of this machine: the probe ends with
 * `local-setup` and the detail given here. Never throws. Called once per probe that needs a secret.
 */
export async function readSecret(plan: SecretPlan): Promise<Secret> {
  switch (plan.kind) {
    case 'text':
      return { ok: true, text: plan.text };
    case 'env':
      return fromEnvironment(plan.name);
    case 'file':
      return fromFile(plan.path);
    default:
      return plan satisfies never;
  }
}

function fromEnvironment(name: string): Secret {
  const text = process.env[name];
  if (text !== undefined && text !== '') return { ok: true, text };
  const why = text === undefined ? 'is not set' : 'is empty';
  return { ok: false, detail: `the environment variable "${name}" of the password ${why}` };
}

async function fromFile(path: string): Promise<Secret> {
  const file = await readSmallFile('the password', path, SECRET_BYTES_MAX);
  if (!file.ok) return file;
  const text = file.bytes.toString('utf8').trimEnd();
  if (text !== '') return { ok: true, text };
  return { ok: false, detail: `the file "${path}" of the password is empty` };
}
