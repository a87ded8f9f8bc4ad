import type { HealthAnswer } from '../../codec/grpc-health.ts';
import type { ProbeReason } from './probe.ts';

/** What an answer of a gRPC server means for the check. */
export type GrpcVerdict = { readonly reason: ProbeReason; readonly detail: string };

/** Names of the numbers of grpc-status. */
const NAMES = [
  ...['OK', 'CANCELLED', 'UNKNOWN', 'INVALID_ARGUMENT', 'DEADLINE_EXCEEDED', 'NOT_FOUND'],
  ...['ALREADY_EXISTS', 'PERMISSION_DENIED', 'RESOURCE_EXHAUSTED', 'FAILED_PRECONDITION'],
  ...['ABORTED', 'OUT_OF_RANGE', 'UNIMPLEMENTED', 'INTERNAL', 'UNAVAILABLE', 'DATA_LOSS'],
  'UNAUTHENTICATED',
];

const REASONS: Readonly<Record<string, readonly [ProbeReason, string]>> = {
  DEADLINE_EXCEEDED: ['timeout', 'the server did not answer itself in time'],
  NOT_FOUND: ['unknown-service', 'the server does not know the service'],
  PERMISSION_DENIED: ['auth-failed', 'the server does not admit the check'],
  UNAUTHENTICATED: ['auth-failed', 'the server does not admit the check'],
  UNIMPLEMENTED: ['server-error', 'the server has no grpc.health.v1.Health'],
};

/** The verdict on grpc-status; null for OK, when the message decides. */
export function verdictOfStatus(value: string | string[] | undefined): GrpcVerdict | null {
  if (value === '0') return null;
  const isNumber = typeof value === 'string' && /^(?:[1-9]|1[0-6])$/.test(value);
  if (!isNumber) return { reason: 'protocol', detail: 'the answer has no valid grpc-status' };
  const name = NAMES[Number(value)]!;
  const [reason, meaning] = REASONS[name] ?? ['server-error', ''];
  return { reason, detail: meaning === '' ? name : `${name}: ${meaning}` };
}

/** The verdict on the message. */
export function verdictOfAnswer(answer: HealthAnswer): GrpcVerdict {
  if (!answer.ok) return { reason: 'protocol', detail: answer.fault };
  const { status } = answer;
  if (status === 'SERVING') return { reason: 'check-passed', detail: status };
  const reason = status === 'SERVICE_UNKNOWN' ? 'unknown-service' : 'not-serving';
  return { reason, detail: status };
}
