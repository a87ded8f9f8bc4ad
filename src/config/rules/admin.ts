import { addressText } from '../schema/address.ts';
import type { RuleContext } from './rule.ts';

const REMEDIES =
  'ask who is there: a map with tokenFile, or with tls and clientCa; or listen on 127.0.0.1 or unix:/path';

/** An address that other machines reach proves who asks, and says so in the clear only knowingly. */
export function checkAdmin({ config: { admin }, report, isWhole }: RuleContext): void {
  if (admin === null || !isWhole(['admin'])) return;
  const isMap = 'bind' in admin;
  const bind = isMap ? admin.bind : admin;
  const tokenFile = isMap ? admin.tokenFile : undefined;
  const tls = isMap ? admin.tls : undefined;
  if (bind.family === 'unix' && tls !== undefined) {
    const message = 'a unix socket has no TLS';
    const hint = 'remove tls: nobody can listen in on a socket of this machine';
    const path = ['admin', 'tls'];
    report({ code: 'BAL_CONFIG_CONFLICT', message, hint, path, at: 'key' });
    return;
  }
  if (bind.family === 'unix' || isLoopback(bind.host)) return;
  const path = isMap ? ['admin', 'bind'] : ['admin'];
  if (tokenFile === undefined && tls?.clientCa === undefined) {
    const message = `others reach the admin address ${addressText(bind)}, and nothing asks who they are`;
    report({ code: 'BAL_CONFIG_ADMIN_OPEN', message, hint: REMEDIES, path });
  } else if (tls === undefined) {
    report({
      severity: 'warning',
      code: 'BAL_CONFIG_ADMIN_CLEAR',
      message: `tokens cross the network to ${addressText(bind)} in the clear`,
      hint: 'add tls with certificate and key',
      path: ['admin', 'tokenFile'],
      at: 'key',
    });
  }
}

/** 127.0.0.0/8 and ::1 (RFC 1122 §3.2.1.3, RFC 4291 §2.5.3). */
export function isLoopback(host: string): boolean {
  return host.startsWith('127.') || host === '::1' || /^::ffff:7f[0-9a-f]{2}:/.test(host);
}
