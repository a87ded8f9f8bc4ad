import { resolve } from 'node:path';
import type { SecretPlan } from '../../plan-check.ts';
import { quote } from '../../quote.ts';
import { Problem, scalar } from '../scalar.ts';
import type { Scalar } from '../scalar.ts';
import { filePath } from '../text.ts';

/** Longest password in characters. */
const PASSWORD_MAX = 1_024;

/** The keys of which at most one says what the password is. */
export const PASSWORD_KEYS = ['password', 'passwordFile', 'passwordEnv'] as const;

/** A password as it stands in the file. No message repeats it. */
function password(description: string): Scalar<string> {
  return scalar({ title: 'text', type: 'string' }, description, (value) => {
    const refuse = (message: string, hint: string): Problem =>
      new Problem('BAL_CONFIG_WRONG_TYPE', message, hint);
    if (typeof value !== 'string') return refuse('the password is not a text', 'put it in quotes');
    const isSane = value.length >= 1 && value.length <= PASSWORD_MAX && !value.includes('\0');
    return isSane
      ? value
      : refuse('the password is empty or too long', `1 to ${PASSWORD_MAX} characters`);
  });
}

function variableName(description: string): Scalar<string> {
  const pattern = '^[A-Za-z_][A-Za-z0-9_]*$';
  return scalar({ title: 'variable', type: 'string', pattern }, description, (value) => {
    if (typeof value === 'string' && new RegExp(pattern).test(value)) return value;
    const message = `${quote(value)} is not the name of an environment variable`;
    const hint = 'write the name alone, such as DB_PASSWORD';
    return new Problem('BAL_CONFIG_UNKNOWN_VALUE', message, hint);
  });
}

/** The keys that say what the password is; at most one of them may be given. */
export function passwordKeys() {
  return {
    password: password('The password itself. Better: one of the two below.').optional(),
    passwordFile: filePath(
      'A file with the password, read for each check; white space at its end does not count.',
    ).optional(),
    passwordEnv: variableName("A variable of Ballast's environment with the password.").optional(),
  };
}

/** What `passwordKeys` were given. */
export type PasswordConfig = {
  readonly password?: string | undefined;
  readonly passwordFile?: string | undefined;
  readonly passwordEnv?: string | undefined;
};

/** Where the password comes from; `folder` is that of the configuration file. */
export function secretPlan(given: PasswordConfig, folder: string): SecretPlan | null {
  if (given.password !== undefined) return { kind: 'text', text: given.password };
  if (given.passwordFile !== undefined) {
    return { kind: 'file', path: resolve(folder, given.passwordFile) };
  }
  return given.passwordEnv === undefined ? null : { kind: 'env', name: given.passwordEnv };
}
