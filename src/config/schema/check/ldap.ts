import type { z } from 'zod';
import type { LdapProbePlan } from '../../plan-check.ts';
import { section } from '../structure.ts';
import { anyText } from '../text.ts';
import { passwordKeys, secretPlan } from './secret.ts';
import { tlsPlan, tlsSchema } from './tls.ts';
import type { CheckSurroundings } from './tls.ts';

/** Schema of `check.ldap`. */
export const ldapCheck = section('Binds to a directory (RFC 4511 §4.2).', {
  bindDn: anyText('Name to bind as; "" binds anonymously. Needs a password.', 1_024).prefault(''),
  ...passwordKeys(),
  tls: tlsSchema,
});

/** `check.ldap` as the plan has it. */
export function ldapProbe(
  check: z.output<typeof ldapCheck>,
  around: CheckSurroundings,
): LdapProbePlan {
  const password = secretPlan(check, around.folder);
  return { kind: 'ldap', bindDn: check.bindDn, password, tls: tlsPlan(check.tls, around) };
}
