import type { ConfigPath, Report } from '../diagnostic.ts';
import { quote } from '../quote.ts';
import type { RouteConfig } from '../schema/route.ts';
import { hasNestedRepeat } from '../schema/regex.ts';
import { httpListeners } from './rule.ts';
import type { RuleContext } from './rule.ts';

/** Statuses whose answers have no body (RFC 9110 §6.4.1). */
const BODILESS: readonly number[] = [204, 205, 304];

function checkPrefix(
  change: { readonly path?: string | undefined; readonly prefix?: string | undefined },
  route: RouteConfig,
  path: ConfigPath,
  report: Report,
): void {
  if (change.prefix === undefined) return;
  const at = [...path, 'prefix'];
  if (change.path !== undefined) {
    const message = 'path and prefix exclude each other';
    report({ code: 'BAL_CONFIG_CONFLICT', message, hint: 'keep one of them', path: at, at: 'key' });
  }
  const paths = route.paths ?? [];
  if (paths.length > 0 && paths.every((pattern) => pattern.kind === 'prefix')) return;
  report({
    code: 'BAL_CONFIG_PREFIX_WITHOUT_PATH',
    message: 'there is no prefix to replace',
    hint: 'give the route paths that all end in /*, or use path',
    path: at,
    at: 'key',
  });
}

function checkRedirect(route: RouteConfig, path: ConfigPath, report: Report): void {
  const redirect = route.redirect;
  if (redirect === undefined || typeof redirect === 'string') return;
  const at = [...path, 'redirect'];
  checkPrefix(redirect, route, at, report);
  const { scheme, host, port, path: target, prefix } = redirect;
  if ([scheme, host, port, target, prefix].some((part) => part !== undefined)) return;
  const message = 'the redirect leads back to the same address';
  const hint = 'give at least one of scheme, host, port, path, prefix';
  report({ code: 'BAL_CONFIG_MISSING_KEY', message, hint, path: at, at: 'key' });
}

function checkRespond(route: RouteConfig, path: ConfigPath, report: Report): void {
  const respond = route.respond;
  if (respond === undefined) return;
  if (respond.body !== undefined && respond.file !== undefined) {
    const message = 'body and file exclude each other';
    const at = [...path, 'respond', 'file'];
    report({ code: 'BAL_CONFIG_CONFLICT', message, hint: 'keep one of them', path: at, at: 'key' });
  }
  const part = respond.body !== undefined ? 'body' : respond.file !== undefined ? 'file' : null;
  if (part === null || !BODILESS.includes(respond.status)) return;
  const message = `an answer with status ${respond.status} has no body`;
  const hint = `remove ${part}, or choose another status`;
  const at = [...path, 'respond', part];
  report({ code: 'BAL_CONFIG_BODY', message, hint, path: at, at: 'key' });
}

function warnSlow(source: string, path: ConfigPath, report: Report): void {
  if (!hasNestedRepeat(source)) return;
  report({
    severity: 'warning',
    code: 'BAL_CONFIG_SLOW_REGEX',
    message: `${quote(`~${source}`)} can take very long on hostile input`,
    hint: 'do not repeat a group that itself repeats without limit',
    path,
  });
}

function checkRegexes(route: RouteConfig, path: ConfigPath, report: Report): void {
  for (const [i, pattern] of (route.paths ?? []).entries()) {
    if (pattern.kind === 'regex') warnSlow(pattern.source, [...path, 'paths', i], report);
  }
  for (const part of ['headers', 'query'] as const) {
    for (const [name, test] of Object.entries(route[part])) {
      if (test.kind === 'regex') warnSlow(test.source, [...path, part, name], report);
    }
  }
}

/** The parts of each route fit each other. */
export function checkRouteParts({ config, report, isWhole }: RuleContext): void {
  for (const [name, listener] of httpListeners(config)) {
    for (const [i, route] of (listener.routes ?? []).entries()) {
      const path = ['listeners', name, 'routes', i];
      checkRegexes(route, path, report);
      if (!isWhole(path)) continue;
      checkPrefix(route.rewrite, route, [...path, 'rewrite'], report);
      checkRedirect(route, path, report);
      checkRespond(route, path, report);
    }
  }
}
