import type { z } from 'zod';
import type { RedisProbePlan } from '../../plan-check.ts';
import { section } from '../structure.ts';
import { anyText } from '../text.ts';
import { roleKeys } from './role.ts';
import { passwordKeys, secretPlan } from './secret.ts';
import { tlsPlan, tlsSchema } from './tls.ts';
import type { CheckSurroundings } from './tls.ts';

/** Schema of `check.redis`. */
export const redisCheck = section(
  'Logs in to Redis where a password is given, and sends PING. A server that loads its data is down.',
  {
    user: anyText('User to log in as; "" is the default user.', 256).prefault(''),
    ...passwordKeys(),
    tls: tlsSchema,
    ...roleKeys('A replica whose link to its primary has been silent for longer is down.'),
  },
);

/** `check.redis` as the plan has it. */
export function redisProbe(
  check: z.output<typeof redisCheck>,
  around: CheckSurroundings,
): RedisProbePlan {
  return {
    kind: 'redis',
    user: check.user,
    password: secretPlan(check, around.folder),
    tls: tlsPlan(check.tls, around),
    role: check.role,
    maxLagMs: check.maxLag ?? 0,
  };
}
