import type { ConfigPath } from '../diagnostic.ts';
import { quote } from '../quote.ts';
import type { TcpListenerConfig, TcpRouteConfig } from '../schema/listener-tcp.ts';
import { tlsSettings } from '../schema/termination.ts';
import type { TlsSettings } from '../schema/termination.ts';
import type { RuleContext } from './rule.ts';

function warn(path: ConfigPath, message: string, hint: string, context: RuleContext): void {
  const finding = { code: 'BAL_CONFIG_NO_EFFECT', message, hint, path, at: 'key' } as const;
  context.report({ severity: 'warning', ...finding });
}

function checkPassing(
  route: TcpRouteConfig,
  tls: TlsSettings | null,
  path: ConfigPath,
  context: RuleContext,
): void {
  const at = [...path, 'passthrough'];
  if (tls === null) {
    const message = 'passthrough changes nothing: the listener ends no TLS';
    warn(at, message, 'remove it, or give the listener tls', context);
    return;
  }
  if (route.sni !== undefined || route.alpn !== undefined || !context.isWhole(path)) return;
  const message = 'a route that passes TLS on must say which';
  const hint = 'add sni: HOST; a listener that passes on everything needs no tls';
  context.report({ code: 'BAL_CONFIG_MISSING_KEY', message, hint, path: at, at: 'key' });
}

function checkProtocols(
  route: TcpRouteConfig,
  tls: TlsSettings,
  path: ConfigPath,
  context: RuleContext,
): void {
  const offered: readonly string[] = tls.alpn;
  for (const [i, protocol] of (route.alpn ?? []).entries()) {
    if (offered.includes(protocol)) continue;
    const isList = context.isGiven([...path, 'alpn', 0]);
    context.report({
      code: 'BAL_CONFIG_CONFLICT',
      message: `the route takes ${quote(protocol)}, which the listener does not agree to`,
      hint: 'add it to alpn in the tls of the listener, or write passthrough: true',
      path: isList ? [...path, 'alpn', i] : [...path, 'alpn'],
    });
  }
}

function checkListener(listener: TcpListenerConfig, path: ConfigPath, context: RuleContext): void {
  if (!context.isWhole([...path, 'tls'])) return;
  const tls = tlsSettings(listener.tls, 'tcp');
  const routes = listener.routes ?? [];
  for (const [i, route] of routes.entries()) {
    const at = [...path, 'routes', i];
    if (route.passthrough) checkPassing(route, tls, at, context);
    else if (tls !== null) checkProtocols(route, tls, at, context);
  }
  const passesAll = routes.length > 0 && routes.every(({ passthrough }) => passthrough);
  if (tls === null || !passesAll || listener.pool !== undefined || !context.isWhole(path)) return;
  const message = 'tls changes nothing: every route passes TLS on';
  warn([...path, 'tls'], message, 'remove it, or add a pool for the rest', context);
}

/** Routes that pass TLS on stand beside those that do not, and say which connections they take. */
export function checkPassthrough(context: RuleContext): void {
  for (const [name, listener] of Object.entries(context.config.listeners)) {
    if (listener.protocol === 'tcp') checkListener(listener, ['listeners', name], context);
  }
}
