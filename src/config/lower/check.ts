import { digest } from '../digest.ts';
import type { AgentPlan, CheckPlan, ProbePlan } from '../plan-check.ts';
import { agentTimeoutMs } from '../schema/agent.ts';
import type { AgentConfig } from '../schema/agent.ts';
import { checkTimes } from '../schema/check.ts';
import type { CheckConfig } from '../schema/check.ts';
import { dnsProbe } from '../schema/check/dns.ts';
import { execProbe } from '../schema/check/exec.ts';
import { grpcProbe } from '../schema/check/grpc.ts';
import { httpProbe } from '../schema/check/http.ts';
import { ldapProbe } from '../schema/check/ldap.ts';
import { redisProbe } from '../schema/check/redis.ts';
import { sipProbe } from '../schema/check/sip.ts';
import { smtpProbe } from '../schema/check/smtp.ts';
import { mysqlProbe, postgresProbe } from '../schema/check/sql.ts';
import { tcpProbe } from '../schema/check/tcp.ts';
import type { CheckSurroundings } from '../schema/check/tls.ts';

function probe(check: CheckConfig, around: CheckSurroundings): ProbePlan {
  if (check.http !== undefined) return httpProbe(check.http, around);
  if (check.postgres !== undefined) return postgresProbe(check.postgres, around);
  if (check.mysql !== undefined) return mysqlProbe(check.mysql, around);
  if (check.redis !== undefined) return redisProbe(check.redis, around);
  if (check.smtp !== undefined) return smtpProbe(check.smtp, around);
  if (check.ldap !== undefined) return ldapProbe(check.ldap, around);
  if (check.grpc !== undefined) return grpcProbe(check.grpc, around);
  if (check.dns !== undefined) return dnsProbe(check.dns);
  if (check.sip !== undefined) return sipProbe(check.sip);
  if (check.exec !== undefined) return execProbe(check.exec);
  return tcpProbe(check.tcp ?? {}, around);
}

/** A server whose role is not known yet must not be written to: it may be a replica. */
function asksForRole({ postgres, mysql, redis }: CheckConfig): boolean {
  const role = (postgres ?? mysql ?? redis)?.role ?? 'any';
  return role !== 'any';
}

/** The plan of a check of its own. */
export function lowerCheck(check: CheckConfig, around: CheckSurroundings): CheckPlan {
  const plan = {
    everyMs: check.every,
    ...checkTimes(check),
    rise: check.rise,
    fall: check.fall,
    jitterPercent: check.jitter,
    start: check.start ?? (asksForRole(check) ? ('down' as const) : ('unknown' as const)),
    port: check.port ?? 0,
    probe: probe(check, around),
  };
  return { digest: digest(plan), ...plan };
}

/** The plan of the questions to the agents of a pool's servers. */
export function lowerAgent(agent: AgentConfig): AgentPlan {
  const plan = {
    everyMs: agent.every,
    timeoutMs: agentTimeoutMs(agent),
    port: agent.port,
    send: agent.send,
  };
  return { digest: digest(plan), ...plan };
}
