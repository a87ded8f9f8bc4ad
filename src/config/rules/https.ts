import type { ConfigPath } from '../diagnostic.ts';
import type { HttpListenerConfig } from '../schema/listener-http.ts';
import { HTTPS_PORT } from '../schema/redirect.ts';
import { hstsSettings } from '../schema/hsts.ts';
import { tlsSettings } from '../schema/termination.ts';
import { httpListeners } from './rule.ts';
import type { RuleContext } from './rule.ts';

/** Least time that the list of browsers asks for before it takes a name (hstspreload.org), in ms. */
const PRELOAD_MS = 365 * 86_400_000;

function endsTls(listener: HttpListenerConfig): boolean {
  return tlsSettings(listener.tls, 'http') !== null;
}

function checkHsts(listener: HttpListenerConfig, path: ConfigPath, context: RuleContext): void {
  const hsts = hstsSettings(listener.hsts);
  if (hsts === null) return;
  const at = [...path, 'hsts'];
  if (!endsTls(listener) && context.isWhole([...path, 'tls'])) {
    context.report({
      code: 'BAL_CONFIG_NEEDS_TLS',
      message: 'hsts is for answers over TLS, which this listener does not end',
      hint: 'give it tls, or move hsts to the listener that has it',
      path: at,
      at: 'key',
    });
  }
  if (!hsts.preload || !context.isWhole(at)) return;
  if (hsts.includeSubDomains && hsts.maxAge >= PRELOAD_MS) return;
  context.report({
    severity: 'warning',
    code: 'BAL_CONFIG_NO_EFFECT',
    message: 'preload changes nothing: browsers ask for includeSubDomains and a maxAge of a year',
    hint: 'write { maxAge: 365d, includeSubDomains: true, preload: true }, or remove preload',
    path: [...at, 'preload'],
    at: 'key',
  });
}

/** Whether a listener of the file speaks https at `port`. */
function isHttpsPort(port: number, { config }: RuleContext): boolean {
  return httpListeners(config).some(
    ([, listener]) => endsTls(listener) && listener.bind.some((bind) => bind.port === port),
  );
}

function checkRedirect(listener: HttpListenerConfig, path: ConfigPath, context: RuleContext): void {
  const given = listener.redirectToHttps;
  if (given === false) return;
  const at = [...path, 'redirectToHttps'];
  const refuse = (message: string, hint: string): void => {
    context.report({ code: 'BAL_CONFIG_CONFLICT', message, hint, path: at, at: 'key' });
  };
  if (endsTls(listener)) {
    const message = 'redirectToHttps would lead back to the same listener: it speaks https';
    refuse(message, 'give it to the listener in the clear');
  } else if (listener.pool !== undefined) {
    refuse('pool and redirectToHttps exclude each other', 'keep one of them');
  }
  if (given !== true || isHttpsPort(HTTPS_PORT, context)) return;
  if (!context.isWhole(['listeners'])) return;
  context.report({
    severity: 'warning',
    code: 'BAL_CONFIG_NO_LISTENER',
    message: `no http listener of the file ends TLS at port ${HTTPS_PORT}, where redirectToHttps leads`,
    hint: `write the port that clients see: redirectToHttps: ${HTTPS_PORT} where they do see that one`,
    path: at,
    at: 'key',
  });
}

/** What http listeners say of https can be kept. */
export function checkHttps(context: RuleContext): void {
  for (const [name, listener] of httpListeners(context.config)) {
    const path = ['listeners', name];
    checkHsts(listener, path, context);
    checkRedirect(listener, path, context);
  }
}
