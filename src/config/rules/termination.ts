import type { ConfigPath } from '../diagnostic.ts';
import { quote } from '../quote.ts';
import { REFUSE } from '../schema/termination.ts';
import type { TlsSettings } from '../schema/termination.ts';
import { suggestion } from '../suggest.ts';
import { certificateNames, tlsUses } from './tls-uses.ts';
import type { NameUse, TlsUse } from './tls-uses.ts';
import type { RuleContext } from './rule.ts';

/** Fields that Ballast writes or reads itself: they cannot tell of a certificate. */
const OWN_FIELDS: ReadonlySet<string> = new Set([
  'early-data',
  'forwarded',
  'via',
  'x-forwarded-for',
  'x-forwarded-host',
  'x-forwarded-proto',
  'x-request-id',
]);

function isKnown({ name, path }: NameUse, isDefault: boolean, context: RuleContext): boolean {
  const { certificates: known, certificateSet } = context.names;
  if (certificateSet.has(name)) return true;
  // Where there are none, a misspelt "certificates" says it all.
  if (known.length === 0 && !context.isWhole([])) return false;
  const allowed = isDefault ? [...known, REFUSE] : known;
  const hint =
    known.length === 0
      ? 'add it at the top level: certificates: { NAME: { cert: FILE, key: FILE } }'
      : suggestion(name, allowed);
  const message = `unknown certificate ${quote(name)}`;
  context.report({ code: 'BAL_CONFIG_UNKNOWN_CERTIFICATE', message, hint, path });
  return false;
}

function checkNames(use: TlsUse, context: RuleContext): void {
  const seen = new Set<string>();
  const names = certificateNames(use, context);
  for (const one of names) {
    if (seen.has(one.name)) {
      const message = `the certificate ${quote(one.name)} is there twice`;
      const finding = { code: 'BAL_CONFIG_CONFLICT', message, hint: 'keep one of them' } as const;
      context.report({ ...finding, path: one.path });
    } else isKnown(one, false, context);
    seen.add(one.name);
  }
  const fallback = use.tls.default;
  if (fallback === undefined || fallback === REFUSE) return;
  const path = [...use.path, 'default'];
  if (!isKnown({ name: fallback, path }, true, context)) return;
  if (use.tls.certificates === undefined || seen.has(fallback)) return;
  if (!context.isWhole([...use.path, 'certificates'])) return;
  const message = `${quote(fallback)} is none of the certificates of this listener`;
  context.report({ code: 'BAL_CONFIG_CONFLICT', message, hint: 'add it to certificates', path });
}

function checkAny({ listener, tls, path }: TlsUse, context: RuleContext): void {
  if (tls.certificates !== undefined || context.names.certificates.length > 0) return;
  if (!context.isWhole([])) return;
  context.report({
    code: 'BAL_CONFIG_UNKNOWN_CERTIFICATE',
    message: `the listener ${quote(listener)} ends TLS, but the file has no certificates`,
    hint: 'add one at the top level: certificates: { NAME: { cert: FILE, key: FILE } }',
    path,
    at: 'key',
  });
}

function checkEarlyData(tls: TlsSettings, path: ConfigPath, context: RuleContext): void {
  if (tls.tickets || !('earlyData' in tls) || tls.earlyData === 0) return;
  const message = 'early data needs tickets: it is sent by clients that come back';
  const hint = 'remove tickets: false, or earlyData';
  const at = [...path, 'earlyData'];
  context.report({ code: 'BAL_CONFIG_CONFLICT', message, hint, path: at, at: 'key' });
}

function checkHeaders(tls: TlsSettings, path: ConfigPath, { report }: RuleContext): void {
  const given = tls.clientCertificates;
  if (given === undefined || !('headers' in given)) return;
  const seen = new Set<string>();
  for (const [key, name] of Object.entries(given.headers)) {
    if (name === undefined) continue;
    const at = [...path, 'clientCertificates', 'headers', key];
    const lower = name.toLowerCase();
    const refuse = (message: string): void => {
      report({ code: 'BAL_CONFIG_CONFLICT', message, hint: 'choose another name', path: at });
    };
    if (seen.has(lower)) refuse(`the field ${quote(name)} is there twice`);
    else if (OWN_FIELDS.has(lower)) refuse(`${quote(name)} has another meaning`);
    seen.add(lower);
  }
}

/** What the tls of listeners names exists, and its parts fit each other. */
export function checkTermination(context: RuleContext): void {
  for (const use of tlsUses(context)) {
    checkNames(use, context);
    checkAny(use, context);
    checkEarlyData(use.tls, use.path, context);
    checkHeaders(use.tls, use.path, context);
  }
}
