import type { ConfigPath } from '../diagnostic.ts';
import { quote } from '../quote.ts';
import { REFUSE, tlsSettings } from '../schema/termination.ts';
import type { TlsSettings } from '../schema/termination.ts';
import { suggestion } from '../suggest.ts';
import type { RuleContext } from './rule.ts';

/** The tls of a listener in one form, and where it stands in the file. */
type TlsUse = {
  readonly listener: string;
  readonly protocol: 'http' | 'tcp';
  readonly tls: TlsSettings;
  readonly path: ConfigPath;
};

/** All listeners that end TLS. */
export function* tlsUses({ config }: RuleContext): Generator<TlsUse> {
  for (const [listener, given] of Object.entries(config.listeners)) {
    if (given.protocol === 'udp') continue;
    const { protocol } = given;
    const tls = tlsSettings(given.tls, protocol);
    if (tls !== null) yield { listener, protocol, tls, path: ['listeners', listener, 'tls'] };
  }
}

/** A name of a certificate, and where it stands in the file. */
type NameUse = { readonly name: string; readonly path: ConfigPath };

function* namesOf({ tls, path }: TlsUse, { isGiven }: RuleContext): Generator<NameUse> {
  const isMap = isGiven([...path, 'certificates']);
  const at = isMap ? [...path, 'certificates'] : path;
  const names = tls.certificates ?? [];
  const isList = isGiven([...at, 0]);
  for (const [i, name] of names.entries()) yield { name, path: isList ? [...at, i] : at };
  if (tls.default !== undefined && tls.default !== REFUSE) {
    yield { name: tls.default, path: [...path, 'default'] };
  }
}

function checkName({ name, path }: NameUse, context: RuleContext): void {
  const known = context.names.certificates;
  if (known.includes(name) || (known.length === 0 && !context.isWhole([]))) return;
  const message = `unknown certificate ${quote(name)}`;
  const hint =
    known.length === 0
      ? `add it at the top level: certificates: { ${name}: { cert: … } }`
      : suggestion(name, known);
  context.report({ code: 'BAL_CONFIG_UNKNOWN_CERTIFICATE', message, hint, path });
}

/** Certificates that listeners name exist. */
export function checkCertificates(context: RuleContext): void {
  for (const use of tlsUses(context)) {
    for (const one of namesOf(use, context)) checkName(one, context);
  }
}
