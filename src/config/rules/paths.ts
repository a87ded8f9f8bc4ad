import { canonicalPathText } from '../../codec/canonical-path.ts';
import type { PathPolicy } from '../../codec/http1-head.ts';
import type { ConfigPath, Report } from '../diagnostic.ts';
import { quote } from '../quote.ts';
import type { HttpListenerConfig } from '../schema/listener-http.ts';
import { httpListeners } from './rule.ts';
import type { RuleContext } from './rule.ts';

type LiteralPath = { readonly path: string; readonly suffix: string; readonly at: ConfigPath };

function* literalPaths(listener: HttpListenerConfig, base: ConfigPath): Generator<LiteralPath> {
  for (const [i, route] of (listener.routes ?? []).entries()) {
    const at = [...base, 'routes', i];
    for (const [j, pattern] of (route.paths ?? []).entries()) {
      if (pattern.kind === 'regex') continue;
      const suffix = pattern.kind === 'prefix' ? '*' : '';
      yield { path: pattern.path, suffix, at: [...at, 'paths', j] };
    }
    for (const key of ['path', 'prefix'] as const) {
      const path = route.rewrite[key];
      if (path !== undefined) yield { path, suffix: '', at: [...at, 'rewrite', key] };
    }
  }
}

function checkPath({ path, suffix, at }: LiteralPath, policy: PathPolicy, report: Report): void {
  const canonical = canonicalPathText(path, policy);
  if (canonical === path) return;
  const shown = quote(path + suffix);
  if (canonical === null) {
    const message = `${shown} has an encoded slash, which this listener refuses`;
    const hint = 'remove it, or give the listener encodedSlash: keep';
    report({ code: 'BAL_CONFIG_PATH', message, hint, path: at });
  } else {
    const message = `${shown} is not in canonical form`;
    const hint = `write ${canonical}${suffix}`;
    report({ code: 'BAL_CONFIG_PATH_NOT_CANONICAL', message, hint, path: at });
  }
}

/** Paths are in the canonical form in which their listener compares and sends them. */
export function checkPaths({ config, report, isWhole }: RuleContext): void {
  for (const [name, listener] of httpListeners(config)) {
    const at = ['listeners', name];
    const isKnown = isWhole([...at, 'encodedSlash']) && isWhole([...at, 'mergeSlashes']);
    if (!isKnown) continue;
    const policy: PathPolicy = {
      allowEncodedSlash: listener.encodedSlash === 'keep',
      mergeSlashes: listener.mergeSlashes,
    };
    for (const literal of literalPaths(listener, at)) checkPath(literal, policy, report);
  }
}
