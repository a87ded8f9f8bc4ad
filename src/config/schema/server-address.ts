import type { BindPlan } from '../plan.ts';
import { quote } from '../quote.ts';
import { ADDRESS_HINT, addressText, parseAddress } from './address.ts';
import { parseDnsName } from './host.ts';
import { Problem, scalar, wrongType } from './scalar.ts';
import type { Scalar } from './scalar.ts';

/** Servers given by a name: those of its A and AAAA records, or of its SRV records. */
export type NameAddress = {
  readonly family: 'name';
  readonly kind: 'address' | 'srv';
  /** The name, in lower case and without a dot at its end. */
  readonly host: string;
  /** 0 for SRV, whose records hold the ports. */
  readonly port: number;
};

/** Where a server is: an address, or a name that stands for some. */
export type ServerAddress = BindPlan | NameAddress;

const SRV = 'srv:';
const HINT = 'write 10.0.0.1:80, "[2001:db8::1]:80", db.example.com:80, srv:NAME or unix:/path';

const problem = (text: string, hint: string): Problem =>
  new Problem('BAL_CONFIG_ADDRESS', `${quote(text)} is not an address`, hint);

function parseSrv(text: string): NameAddress | Problem {
  const name = text.slice(SRV.length);
  if (/:\d+$/.test(name)) return problem(text, 'remove the port: the records hold the ports');
  const host = parseDnsName(name);
  if (!(host instanceof Problem)) return { family: 'name', kind: 'srv', host, port: 0 };
  return problem(text, 'write one such as srv:_postgresql._tcp.example.com');
}

/** Reads an address to connect to, `db.example.com:5432`, or `srv:_pg._tcp.example.com`. */
export function parseServerAddress(text: string): ServerAddress | Problem {
  if (text.startsWith(SRV)) return parseSrv(text);
  const match = /^([A-Za-z0-9._-]*[A-Za-z][A-Za-z0-9._-]*):(\d{1,6})$/.exec(text);
  if (match === null || match[1] === 'localhost') {
    const isBare = /^[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]+)+\.?$/.test(text) && /[A-Za-z]/.test(text);
    if (isBare) return problem(text, `add a port: ${text}:80`);
    const address = parseAddress(text, 1);
    const isUnclear = address instanceof Problem && address.hint === ADDRESS_HINT;
    return isUnclear ? problem(text, HINT) : address;
  }
  const port = Number(match[2]);
  if (port < 1 || port > 65_535) return problem(text, 'the port is a number from 1 to 65535');
  const host = parseDnsName(match[1] ?? '');
  if (host instanceof Problem) return problem(text, HINT);
  return { family: 'name', kind: 'address', host, port };
}

/** A schema for the address or the name of a server. */
export function serverAddress(description: string): Scalar<ServerAddress> {
  const examples = ['10.0.0.1:8080', 'db.example.com:5432', 'srv:_pg._tcp.example.com'];
  const meta = { title: 'address or name', type: 'string', examples } as const;
  return scalar<ServerAddress>(meta, description, (value) => {
    if (typeof value === 'number') {
      const hint = `write an address before the port: 127.0.0.1:${value}`;
      return new Problem('BAL_CONFIG_ADDRESS', `${value} is not an address`, hint);
    }
    return typeof value === 'string'
      ? parseServerAddress(value)
      : wrongType(value, 'an address', HINT);
  });
}

/** The text of an address or a name as a person writes it. */
export function serverAddressText(address: ServerAddress): string {
  if (address.family !== 'name') return addressText(address);
  return address.kind === 'srv' ? `${SRV}${address.host}` : `${address.host}:${address.port}`;
}
