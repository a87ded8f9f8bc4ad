/** Names that routes are for, and that no certificate of their listener is valid for. */
import type { ConfigPath, Finding } from '../config/diagnostic.ts';
import { isIPv4 } from 'node:net';
import type { ListenerPlan, Plan } from '../config/plan.ts';
import type { Pair } from '../control/certificates/read-pair.ts';

type NameUse = { readonly name: string; readonly path: ConfigPath };

/** Warns of each name of a route that would be shown the default certificate, or refused. */
export function uncoveredNames(plan: Plan, pairs: readonly Pair[]): Finding[] {
  return plan.listeners.flatMap((listener) => {
    if (!('tls' in listener) || listener.tls === null) return [];
    const { certificates, defaultCertificate } = listener.tls;
    const names = validNames(certificates, plan, pairs);
    const effect =
      defaultCertificate === null
        ? 'clients that ask for it are refused'
        : `clients get that of "${defaultCertificate}", and refuse it`;
    return nameUses(listener).flatMap(({ name, path }): Finding[] => {
      if (isCovered(name, names)) return [];
      const message = `no certificate of the listener is valid for "${name}"`;
      return [
        { severity: 'warning', code: 'BAL_CERTIFICATE_WARNING', message, hint: effect, path },
      ];
    });
  });
}

/** Names of all certificates that a listener may show, those included that are to be obtained. */
function validNames(keys: readonly string[], plan: Plan, pairs: readonly Pair[]): Set<string> {
  const shown = new Set(keys);
  const names = new Set<string>();
  for (const { key, source } of plan.certificates) {
    if (!shown.has(key) || source.kind !== 'acme') continue;
    for (const name of source.acme.names) names.add(name);
  }
  for (const pair of pairs) {
    if (!shown.has(pair.source.key)) continue;
    for (const name of pair.names) names.add(name);
  }
  return names;
}

/** Names of routes whose TLS the listener ends. */
function nameUses(listener: ListenerPlan): NameUse[] {
  const at = (i: number, key: string): ConfigPath => ['listeners', listener.key, 'routes', i, key];
  const uses: NameUse[] = [];
  const add = (names: readonly string[], path: ConfigPath): void => {
    for (const [i, name] of names.entries()) uses.push({ name, path: [...path, i] });
  };
  if (listener.protocol === 'http') {
    for (const [i, { hosts }] of listener.routes.entries()) add(hosts, at(i, 'hosts'));
  } else if (listener.protocol === 'tcp') {
    for (const [i, { sni, passthrough }] of listener.routes.entries()) {
      if (!passthrough) add(sni, at(i, 'sni'));
    }
  }
  return uses;
}

/** Clients send no addresses as names. A wildcard stands for one label (RFC 9525 §6.3). */
function isCovered(name: string, names: ReadonlySet<string>): boolean {
  if (isIPv4(name) || name.startsWith('[') || names.has(name)) return true;
  return names.has(`*${name.slice(name.indexOf('.'))}`);
}
