import type { z } from 'zod';
import type { SmtpProbePlan } from '../../plan-check.ts';
import { bareHost } from '../host.ts';
import { flag } from '../scalar.ts';
import { section } from '../structure.ts';
import { tlsPlan, tlsSchema } from './tls.ts';
import type { CheckSurroundings } from './tls.ts';

/** Schema of `check.smtp`. */
export const smtpCheck = section('Greets a mail server: its greeting, EHLO, QUIT.', {
  hello: bareHost('Name said in EHLO.').prefault('ballast.local'),
  tls: tlsSchema,
  startTls: flag('Whether TLS begins by STARTTLS instead of at once; turns tls on.').prefault(
    false,
  ),
});

/** `check.smtp` as the plan has it. */
export function smtpProbe(
  check: z.output<typeof smtpCheck>,
  around: CheckSurroundings,
): SmtpProbePlan {
  const { hello, startTls } = check;
  return {
    kind: 'smtp',
    hello,
    tls: tlsPlan(check.tls ?? (startTls || undefined), around),
    startTls,
  };
}
