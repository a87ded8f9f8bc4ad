import type { ConfigPath } from '../diagnostic.ts';
import { quote } from '../quote.ts';
import { CERTIFICATE_SOURCES } from '../schema/certificate.ts';
import type { CertificateConfig } from '../schema/certificate.ts';
import { REFUSE } from '../schema/termination.ts';
import { tlsUses } from './tls-uses.ts';
import type { RuleContext } from './rule.ts';

const ALL_SOURCES = CERTIFICATE_SOURCES.join(', ');

function checkSource(given: CertificateConfig, path: ConfigPath, context: RuleContext): void {
  const { report, isWhole } = context;
  const [first, second] = CERTIFICATE_SOURCES.filter((source) => given[source] !== undefined);
  if (second !== undefined) {
    const message = `a certificate has both ${first} and ${second}`;
    const hint = 'keep one of them; each certificate has an entry of its own';
    report({ code: 'BAL_CONFIG_CONFLICT', message, hint, path: [...path, second], at: 'key' });
  }
  if (first === undefined && isWhole(path)) {
    const message = 'the certificate does not say where it comes from';
    const hint = `add one of ${ALL_SOURCES}`;
    report({ code: 'BAL_CONFIG_MISSING_KEY', message, hint, path, at: 'key' });
  }
  if (first === undefined || first === 'cert') return;
  const refuse = (key: string, message: string, hint: string): void => {
    report({ code: 'BAL_CONFIG_CONFLICT', message, hint, path: [...path, key], at: 'key' });
  };
  if (given.key !== undefined) {
    const own = first === 'folder' ? 'a folder holds the keys too' : 'Ballast makes the key itself';
    refuse('key', `key belongs to cert: ${own}`, 'remove it');
  }
  if (typeof given.ocsp === 'string') return;
  refuse('ocsp', `an OCSP response in a file belongs to one cert, not to ${first}`, 'write fetch');
}

function checkName(name: string, { report }: RuleContext): void {
  if (name !== REFUSE) return;
  const message = `a certificate cannot be called "${REFUSE}": that is a word of default`;
  const hint = 'give it another name';
  report({ code: 'BAL_CONFIG_BAD_NAME', message, hint, path: ['certificates', name], at: 'key' });
}

function warnUnused(context: RuleContext): void {
  if (!context.isWhole(['listeners'])) return;
  const used = new Set<string>();
  for (const { tls } of tlsUses(context)) {
    if (tls.certificates === undefined) return;
    for (const name of tls.certificates) used.add(name);
  }
  for (const name of Object.keys(context.config.certificates)) {
    if (used.has(name)) continue;
    context.report({
      severity: 'warning',
      code: 'BAL_CONFIG_UNUSED_CERTIFICATE',
      message: `no listener shows the certificate ${quote(name)}`,
      hint: 'remove it, or name it in the tls of a listener',
      path: ['certificates', name],
      at: 'key',
    });
  }
}

/** Each certificate says once where it comes from, and a listener shows it. */
export function checkCertificates(context: RuleContext): void {
  for (const [name, given] of Object.entries(context.config.certificates)) {
    checkName(name, context);
    checkSource(given, ['certificates', name], context);
  }
  warnUnused(context);
}
