import type { ProbePlan } from '../../config/plan-check.ts';
import type { BindPlan } from '../../config/plan.ts';

/** Why a probe ended as it did; stable words, used in logs and as a metric label. */
export type ProbeReason =
  | 'check-passed'
  /** The address answered that nobody listens there. */
  | 'connect-refused'
  /** No answer to the connection attempt within the time limit. */
  | 'connect-timeout'
  /** There is no way to the address: no route, or a router said so. */
  | 'unreachable'
  /** Connected, but the check was not done within the time limit. */
  | 'timeout'
  /** The server reset the connection. */
  | 'reset'
  /** The server closed the connection before it answered. */
  | 'closed'
  /** The status, or the code, of the answer is not one of the accepted ones. */
  | 'status'
  /** The first 64 KiB of the body do not hold what they must. */
  | 'body'
  /** The answer is not valid in the protocol of the check. */
  | 'protocol'
  /** The answer, or a part of it, exceeds its limit. */
  | 'too-large'
  /** The server refuses the user, the password, or this client as such. */
  | 'auth-failed'
  /** The server says that it is starting, loading its data or shutting down. */
  | 'starting-up'
  /** The server says that it has as many clients as it takes. */
  | 'too-many-clients'
  /** The server answered with another error; the detail has its code. */
  | 'server-error'
  /** The server is not what `role` asks for. */
  | 'role'
  /** The replica is further behind its primary than `maxLag`, or nobody knows how far. */
  | 'lag'
  /** The query failed, or its result is not the expected one. */
  | 'query'
  /** A gRPC server says that the service is not serving. */
  | 'not-serving'
  /** A gRPC server does not know the service. */
  | 'unknown-service'
  /** TLS did not come about, or the server ended it with an alert. */
  | 'tls-handshake'
  /** The server's certificate is not valid at this time. */
  | 'certificate-expired'
  /** The server's certificate is for another name or address. */
  | 'certificate-name'
  /** The server's certificate does not lead to a trusted one. */
  | 'certificate-untrusted'
  /** Inconclusive: this machine lacks descriptors, ports or memory for a probe. */
  | 'local-resources'
  /** Inconclusive: this process did not run for so long that the time limit means nothing. */
  | 'local-stall'
  /**
   * Inconclusive: what the check needs on this machine is missing: a secret, a certificate, a
   * program.
   */
  | 'local-setup';

/** The end of one probe. */
export type ProbeResult = {
  readonly passed: boolean;
  readonly reason: ProbeReason;
  /** A few words for people; holds no raw bytes of the server. */
  readonly detail: string;
  readonly durationMs: number;
};

/** What to probe and how. */
export type ProbeTarget = {
  /** Where to connect; the check's own address or port is already put in. */
  readonly address: BindPlan;
  /** `ServerPlan.tlsName`, for probes over TLS that have no name of their own. */
  readonly tlsName: string;
  /** Limit of the whole probe: connecting, sending, reading. */
  readonly timeoutMs: number;
  readonly probe: ProbePlan;
  /** Names of the server and its pool, for probes that tell them to others. */
  readonly server: string;
  readonly pool: string;
};

/** Ends a probe at once; `done` is not called after it. Harmless after the end. */
export type CancelProbe = () => void;

/**
 * Begins a probe. `done` is called exactly once unless the probe is cancelled, never before the
 * call returns, and not later than about `timeoutMs` on; by then the connection is closed.
 */
export type Probe = (target: ProbeTarget, done: (result: ProbeResult) => void) => CancelProbe;

/** Whether the result says nothing about the server, only about this machine. */
export function isInconclusive(reason: ProbeReason): boolean {
  return reason.startsWith('local-');
}
