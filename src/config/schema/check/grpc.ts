import type { z } from 'zod';
import type { GrpcProbePlan } from '../../plan-check.ts';
import { hostValue } from '../host.ts';
import { section } from '../structure.ts';
import { anyText, orEmpty } from '../text.ts';
import { tlsPlan, tlsSchema } from './tls.ts';
import type { CheckSurroundings } from './tls.ts';

/** Schema of `check.grpc`. */
export const grpcCheck = section('Asks grpc.health.v1.Health/Check; SERVING passes.', {
  service: anyText('The service that is asked for; "" is the server as a whole.', 256).prefault(''),
  authority: orEmpty(hostValue('Value of :authority; "" is the address of the server.')).prefault(
    '',
  ),
  tls: tlsSchema,
});

/** `check.grpc` as the plan has it. */
export function grpcProbe(
  check: z.output<typeof grpcCheck>,
  around: CheckSurroundings,
): GrpcProbePlan {
  const { service, authority } = check;
  return { kind: 'grpc', service, authority, tls: tlsPlan(check.tls, around) };
}
