import type { ConfigPath } from '../diagnostic.ts';
import type { CheckConfig } from '../schema/check.ts';
import { PASSWORD_KEYS } from '../schema/check/secret.ts';
import type { PasswordConfig } from '../schema/check/secret.ts';
import type { RuleContext } from './rule.ts';

/** Kinds of checks that may log in. */
const LOGIN_KINDS = ['postgres', 'mysql', 'redis', 'ldap'] as const;

/** Kinds of checks that may speak TLS. */
export const TLS_KINDS = [
  'tcp',
  'http',
  'postgres',
  'mysql',
  'redis',
  'smtp',
  'ldap',
  'grpc',
] as const;

function checkPassword(given: PasswordConfig, path: ConfigPath, { report }: RuleContext): void {
  const [first, second] = PASSWORD_KEYS.filter((key) => given[key] !== undefined);
  if (second === undefined) return;
  const message = `${first} and ${second} exclude each other`;
  const at = [...path, second];
  report({ code: 'BAL_CONFIG_CONFLICT', message, hint: 'keep one of them', path: at, at: 'key' });
}

function hasPassword(given: PasswordConfig): boolean {
  return PASSWORD_KEYS.some((key) => given[key] !== undefined);
}

function checkUser(check: CheckConfig, path: ConfigPath, context: RuleContext): void {
  const missing = (at: ConfigPath, message: string, hint: string): void => {
    if (!context.isWhole(at.slice(0, -1))) return;
    context.report({ code: 'BAL_CONFIG_MISSING_KEY', message, hint, path: at, at: 'key' });
  };
  const { ldap, redis } = check;
  if (redis !== undefined && redis.user !== '' && !hasPassword(redis)) {
    missing([...path, 'redis', 'user'], 'the user has no password', 'add passwordFile: …');
  }
  if (ldap === undefined) return;
  const at = [...path, 'ldap'];
  if (ldap.bindDn !== '' && !hasPassword(ldap)) {
    const hint = 'add passwordFile: without one every name may bind (RFC 4513 §5.1.2)';
    missing([...at, 'bindDn'], 'the name to bind as has no password', hint);
  }
  const key = PASSWORD_KEYS.find((candidate) => ldap[candidate] !== undefined);
  if (ldap.bindDn !== '' || key === undefined) return;
  missing([...at, key], 'the password belongs to nobody', 'add bindDn: …');
}

/** What TLS towards a server is given to show and to trust. */
type KeyPair = {
  readonly verify: boolean;
  readonly ca?: string | undefined;
  readonly cert?: string | undefined;
  readonly key?: string | undefined;
};

/** A certificate to show has its key, and roots are there to be used. */
export function checkKeyPair(
  tls: KeyPair,
  path: ConfigPath,
  { report, isWhole }: RuleContext,
): void {
  for (const [key, other] of [
    ['cert', 'key'],
    ['key', 'cert'],
  ] as const) {
    if (tls[key] === undefined || tls[other] !== undefined || !isWhole(path)) continue;
    const message = `${key} is there without ${other}`;
    const at = [...path, key];
    report({ code: 'BAL_CONFIG_MISSING_KEY', message, hint: `add ${other}`, path: at, at: 'key' });
  }
  if (tls.verify || tls.ca === undefined) return;
  report({
    severity: 'warning',
    code: 'BAL_CONFIG_NO_EFFECT',
    message: 'ca changes nothing: no certificate is looked at',
    hint: 'remove it, or remove verify: false',
    path: [...path, 'ca'],
    at: 'key',
  });
}

/** Passwords and keys of checks are complete and said once. */
export function checkSecrets(context: RuleContext): void {
  for (const [name, { check }] of Object.entries(context.config.pools)) {
    if (check === undefined) continue;
    const path = ['pools', name, 'check'];
    for (const kind of LOGIN_KINDS) {
      const given = check[kind];
      if (given !== undefined) checkPassword(given, [...path, kind], context);
    }
    checkUser(check, path, context);
    for (const kind of TLS_KINDS) {
      const tls = check[kind]?.tls;
      if (typeof tls === 'object') checkKeyPair(tls, [...path, kind, 'tls'], context);
    }
  }
}
