import type { ConfigPath } from '../diagnostic.ts';
import { quote } from '../quote.ts';
import type { AcmeConfig } from '../schema/acme.ts';
import { tlsSettings } from '../schema/termination.ts';
import { httpListeners } from './rule.ts';
import type { RuleContext } from './rule.ts';

function checkNames(acme: AcmeConfig, path: ConfigPath, context: RuleContext): void {
  const seen = new Set<string>();
  for (const [i, name] of acme.names.entries()) {
    if (seen.has(name)) {
      const message = `the name ${quote(name)} is there twice`;
      const finding = { code: 'BAL_CONFIG_CONFLICT', message, hint: 'keep one of them' } as const;
      context.report({ ...finding, path: [...path, 'names', i] });
    }
    seen.add(name);
  }
}

/** What is obtained must outlive a restart: authorities give the same names but a few a week. */
function checkState(path: ConfigPath, context: RuleContext): void {
  const { state } = context.config;
  if (!context.isWhole(['state']) || context.stateFolder !== null) return;
  const hint = 'write state: /var/lib/ballast at the top level';
  if (state === 'off') {
    const message = 'ACME needs a folder for keys and certificates, but state is off';
    context.report({ code: 'BAL_CONFIG_NEEDS_STATE', message, hint, path, at: 'key' });
    return;
  }
  const message = 'ACME needs a folder for keys and certificates, and auto stands for none here';
  context.report({
    severity: context.isRehearsal ? 'warning' : 'error',
    code: 'BAL_CONFIG_NEEDS_STATE',
    message,
    hint: `${hint}; or start by a unit of systemd with StateDirectory=ballast`,
    path,
    at: 'key',
  });
}

function warnChallenge(path: ConfigPath, context: RuleContext): void {
  if (!context.isWhole(['listeners'])) return;
  const listeners = httpListeners(context.config);
  if (listeners.some(([, listener]) => tlsSettings(listener.tls, 'http') === null)) return;
  context.report({
    severity: 'warning',
    code: 'BAL_CONFIG_NO_LISTENER',
    message: 'the authority asks at port 80 in the clear (http-01), where no http listener is',
    hint: 'add a listener: { bind: 0.0.0.0:80, redirectToHttps: true }, or write challenge: tls-alpn-01',
    path: context.isGiven([...path, 'challenge']) ? [...path, 'challenge'] : path,
    at: 'key',
  });
}

/** Certificates of ACME can be obtained and kept. What all of them lack is said of the first. */
export function checkAcme(context: RuleContext): void {
  const all = Object.entries(context.config.certificates);
  for (const [name, { acme }] of all) {
    if (acme === undefined) continue;
    checkNames(acme, ['certificates', name, 'acme'], context);
  }
  const [first] = all.filter(([, { acme }]) => acme !== undefined);
  if (first !== undefined) checkState(['certificates', first[0], 'acme'], context);
  const [asked] = all.filter(([, { acme }]) => acme?.challenge === 'http-01');
  if (asked !== undefined) warnChallenge(['certificates', asked[0], 'acme'], context);
}
