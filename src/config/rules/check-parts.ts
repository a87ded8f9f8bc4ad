import { isIPv4, isIPv6 } from 'node:net';
import type { ConfigPath } from '../diagnostic.ts';
import type { ConfigErrorCode } from '../error-codes.ts';
import type { TextPattern } from '../plan-check.ts';
import { quote } from '../quote.ts';
import type { CheckConfig } from '../schema/check.ts';
import type { DnsCheckConfig } from '../schema/check/dns.ts';
import { REQUEST_KEYS } from '../schema/check/http.ts';
import { STEP_KEYS } from '../schema/check/tcp.ts';
import { hasNestedRepeat } from '../schema/regex.ts';
import type { RuleContext } from './rule.ts';

/** Reports a finding about the key or the value at the end of `path`. */
type Refuse = (
  code: ConfigErrorCode,
  path: ConfigPath,
  texts: { readonly message: string; readonly hint: string; readonly at?: 'key' | 'value' },
) => void;

type Parts = {
  readonly check: CheckConfig;
  readonly path: ConfigPath;
  readonly refuse: Refuse;
  readonly context: RuleContext;
};

function warnSlow(pattern: TextPattern | undefined, path: ConfigPath, parts: Parts): void {
  if (pattern?.kind !== 'regex' || !hasNestedRepeat(pattern.value)) return;
  parts.context.report({
    severity: 'warning',
    code: 'BAL_CONFIG_SLOW_REGEX',
    message: `${quote(`~${pattern.value}`)} can take very long on hostile input`,
    hint: 'do not repeat a group that itself repeats without limit',
    path,
  });
}

function checkTcp({ check, path, refuse, context }: Parts): void {
  for (const [i, step] of (check.tcp?.steps ?? []).entries()) {
    const at = [...path, 'tcp', 'steps', i];
    const given = STEP_KEYS.filter((key) => step[key] !== undefined);
    if (given.length === 0 && context.isWhole(at)) {
      const hint = `give it one of ${STEP_KEYS.join(', ')}`;
      refuse('BAL_CONFIG_MISSING_KEY', at, { message: 'the step does nothing', hint });
    }
    if (given.length > 1) {
      const message = `a step has both ${given[0]} and ${given[1]}`;
      const hint = 'make two steps of it';
      refuse('BAL_CONFIG_CONFLICT', [...at, given[1] ?? ''], { message, hint });
    }
    warnSlow(step.expect, [...at, 'expect'], { check, path, refuse, context });
  }
}

function checkHttp(parts: Parts): void {
  const { check, path, refuse, context } = parts;
  if (check.http === undefined) return;
  const at = [...path, 'http'];
  const { steps } = check.http;
  for (const key of REQUEST_KEYS) {
    if (steps === undefined || !context.isGiven([...at, key])) continue;
    const message = `${key} and steps exclude each other`;
    refuse('BAL_CONFIG_CONFLICT', [...at, key], { message, hint: `move ${key} into the steps` });
  }
  const requests = steps ?? [check.http];
  for (const [i, { method, body }] of requests.entries()) {
    const own = steps === undefined ? at : [...at, 'steps', i];
    if (method === 'HEAD' && body !== undefined) {
      const message = 'the answer to HEAD has no body';
      const hint = 'remove body, or ask with GET';
      refuse('BAL_CONFIG_BODY', [...own, 'body'], { message, hint });
    }
    warnSlow(body, [...own, 'body'], parts);
  }
}

function checkDatabases({ check, path, refuse, context }: Parts): void {
  for (const kind of ['postgres', 'mysql', 'redis'] as const) {
    const given = check[kind];
    if (given === undefined) continue;
    const at = [...path, kind];
    if (given.role === 'primary' && given.maxLag !== undefined) {
      const message = 'a primary does not lag behind anything';
      const hint = 'remove maxLag, or write role: replica or role: any';
      refuse('BAL_CONFIG_CONFLICT', [...at, 'maxLag'], { message, hint });
    }
    if ('database' in given && given.expect !== undefined && given.query === undefined) {
      if (!context.isWhole(at)) continue;
      const hint = 'add query: …';
      refuse('BAL_CONFIG_MISSING_KEY', [...at, 'expect'], { message: 'expect has no query', hint });
    }
  }
}

function checkSmtp({ check, path, refuse }: Parts): void {
  if (check.smtp?.startTls !== true || check.smtp.tls !== false) return;
  const message = 'startTls and tls: false exclude each other';
  refuse('BAL_CONFIG_CONFLICT', [...path, 'smtp', 'tls'], { message, hint: 'remove tls' });
}

function expectFault({
  type,
  codes,
  expect,
}: DnsCheckConfig): { message: string; hint: string } | null {
  if (expect === undefined) return null;
  if (!codes.includes('NOERROR')) {
    return { message: 'only NOERROR has answers', hint: 'remove expect, or add NOERROR to codes' };
  }
  const isFitting = type === 'A' ? isIPv4(expect) : type === 'AAAA' ? isIPv6(expect) : true;
  if (isFitting) return null;
  const hint = `records of type ${type} hold ${type === 'A' ? 'IPv4' : 'IPv6'} addresses`;
  return { message: `${quote(expect)} is never the answer`, hint };
}

function checkDns({ check, path, refuse }: Parts): void {
  const fault = check.dns === undefined ? null : expectFault(check.dns);
  if (fault === null) return;
  refuse('BAL_CONFIG_CONFLICT', [...path, 'dns', 'expect'], { ...fault, at: 'value' });
}

function checkExec({ check, path, refuse }: Parts): void {
  const program = check.exec?.command[0];
  if (program === undefined || program.startsWith('/')) return;
  const message = `${quote(program)} is not an absolute path`;
  const hint = 'no shell looks for the program: write its whole path';
  const at = [...path, 'exec', 'command', 0];
  refuse('BAL_CONFIG_COMMAND', at, { message, hint, at: 'value' });
}

/** The parts of each check fit each other. */
export function checkCheckParts(context: RuleContext): void {
  const refuse: Refuse = (code, path, { message, hint, at = 'key' }) => {
    context.report({ code, message, hint, path, at });
  };
  for (const [name, { check }] of Object.entries(context.config.pools)) {
    if (check === undefined) continue;
    const parts = { check, path: ['pools', name, 'check'], refuse, context };
    checkTcp(parts);
    checkHttp(parts);
    checkDatabases(parts);
    checkSmtp(parts);
    checkDns(parts);
    checkExec(parts);
  }
}
