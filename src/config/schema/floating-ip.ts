import { isIPv4, isIPv6 } from 'node:net';
import { quote } from '../quote.ts';
import { canonicalIpv6 } from './address.ts';
import { Problem, scalar, wrongType, type Scalar } from './scalar.ts';

/** An address with the length of its network. */
export type PrefixedIp = {
  readonly family: 'ipv4' | 'ipv6';
  readonly host: string;
  readonly prefix: number;
};

const HINT = 'write the address and the length of its network: 10.0.0.100/24, "fd00::100/64"';

/** Reads `10.0.0.100/24`; `isNetwork` allows the length to be left out, for one host. */
function parsePrefixed(text: string, isNetwork: boolean): PrefixedIp | Problem {
  const [host = '', length, rest] = text.split('/');
  const wrong = (hint: string): Problem =>
    new Problem('BAL_CONFIG_ADDRESS', `${quote(text)} is not an address with a length`, hint);
  const isFour = isIPv4(host);
  if (rest !== undefined || host.includes('%') || (!isFour && !isIPv6(host))) return wrong(HINT);
  const width = isFour ? 32 : 128;
  if (length === undefined && !isNetwork) {
    return wrong(`did you mean ${host}/${isFour ? 24 : 64}? ${HINT}`);
  }
  const prefix = length === undefined ? width : Number(length);
  const least = isNetwork ? 0 : 1;
  if (!/^\d{1,3}$/.test(length ?? '0') || prefix > width || prefix < least) {
    return wrong(`the length is a number from ${least} to ${width}`);
  }
  const family = isFour ? 'ipv4' : 'ipv6';
  return { family, host: isFour ? host : canonicalIpv6(host), prefix };
}

/** A schema for a floating address. */
export function floatingIp(description: string): Scalar<PrefixedIp> {
  const meta = { title: 'address', type: 'string', examples: ['10.0.0.100/24'] } as const;
  return scalar(meta, description, (value) => {
    if (typeof value !== 'string') return wrongType(value, 'an address with a length', HINT);
    const parsed = parsePrefixed(value, false);
    if (parsed instanceof Problem || !/^(22[4-9]|23\d|0|127)\.|^ff|^::1?$/.test(parsed.host)) {
      return parsed;
    }
    const message = `${quote(value)} cannot be a floating address`;
    return new Problem(
      'BAL_CONFIG_ADDRESS',
      message,
      'write an address of one host on the network',
    );
  });
}

/** A schema for the destination of a route: `default` is 0.0.0.0/0. */
export function routeTarget(description: string): Scalar<PrefixedIp> {
  const meta = { title: 'network', type: 'string', examples: ['10.9.0.0/16'] } as const;
  const hint = 'write 10.9.0.0/16, "2001:db8::/32", or default';
  return scalar(meta, description, (value) => {
    if (typeof value !== 'string') return wrongType(value, 'a network', hint);
    if (value === 'default') return { family: 'ipv4', host: '0.0.0.0', prefix: 0 };
    const parsed = parsePrefixed(value, true);
    return parsed instanceof Problem ? new Problem(parsed.code, parsed.message, hint) : parsed;
  });
}

const NAME = /^[^\s/:]{1,15}$/;

/** A schema for the name of an interface. */
export function interfaceName(description: string): Scalar<string> {
  const meta = { title: 'interface', type: 'string', examples: ['eth0'] } as const;
  return scalar(meta, description, (value) => {
    if (typeof value !== 'string') return wrongType(value, 'the name of an interface');
    if (NAME.test(value) && value !== '.' && value !== '..') return value;
    const message = `${quote(value)} cannot be the name of an interface`;
    return new Problem(
      'BAL_CONFIG_BAD_NAME',
      message,
      'write 1 to 15 characters without space, "/", ":"',
    );
  });
}
