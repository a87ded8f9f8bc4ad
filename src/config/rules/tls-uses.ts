import type { ConfigPath } from '../diagnostic.ts';
import { tlsSettings } from '../schema/termination.ts';
import type { TlsSettings } from '../schema/termination.ts';
import type { RuleContext } from './rule.ts';

/** The tls of a listener in one form, and where it stands in the file. */
export type TlsUse = {
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
export type NameUse = { readonly name: string; readonly path: ConfigPath };

/** The certificates that a listener names, its default left aside. */
export function certificateNames({ tls, path }: TlsUse, { isGiven }: RuleContext): NameUse[] {
  const inMap = [...path, 'certificates'];
  const at = isGiven(inMap) ? inMap : path;
  const isList = isGiven([...at, 0]);
  const names = tls.certificates ?? [];
  return names.map((name, i) => ({ name, path: isList ? [...at, i] : at }));
}
