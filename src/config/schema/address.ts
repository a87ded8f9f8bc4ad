import { isIPv4, isIPv6 } from 'node:net';
import type { BindPlan } from '../plan.ts';
import { quote } from '../quote.ts';
import { flag, Problem, scalar, wrongType } from './scalar.ts';
import type { Scalar } from './scalar.ts';
import { oneOrMany } from './structure.ts';

/** Longest path of a unix socket in bytes (sun_path holds 108 with the closing zero). */
const UNIX_PATH_MAX = 107;

/** The hint where nothing nearer is known. */
export const ADDRESS_HINT = 'write 10.0.0.1:80, "[2001:db8::1]:80" or unix:/path';

const problem = (text: string, hint: string): Problem =>
  new Problem('BAL_CONFIG_ADDRESS', `${quote(text)} is not an address`, hint);

/** The shortest text of an IPv6 address (RFC 5952), so that equal addresses have equal texts. */
export function canonicalIpv6(text: string): string {
  return new URL(`http://[${text}]/`).hostname.slice(1, -1);
}

function parseUnix(text: string): BindPlan | Problem {
  const path = text.slice('unix:'.length);
  if (!path.startsWith('/')) return problem(text, 'write an absolute path: unix:/run/name.sock');
  if (Buffer.byteLength(path) > UNIX_PATH_MAX) {
    return problem(text, `the path of a unix socket has at most ${UNIX_PATH_MAX} bytes`);
  }
  if (path.includes('\0')) return problem(text, 'remove the NUL character');
  return { family: 'unix', host: path, port: 0 };
}

function hintWithoutPort(text: string): string {
  if (/^\d+$/.test(text)) return `write an address before the port: 127.0.0.1:${text}`;
  if (isIPv6(text)) return `write the address in brackets and a port: "[${text}]:80"`;
  if (text.startsWith('/')) return `did you mean unix:${text}?`;
  return text.startsWith('[') ? `add a port: "${text}:80"` : `add a port: ${text}:80`;
}

function parseHost(text: string, host: string, port: number): BindPlan | Problem {
  if (isIPv4(host)) return { family: 'ipv4', host, port };
  if (host === 'localhost') return { family: 'ipv4', host: '127.0.0.1', port };
  if (host === '') {
    return problem(text, `write the address: 0.0.0.0:${port} for IPv4, "[::]:${port}" for IPv6`);
  }
  if (host.startsWith('[') && host.endsWith(']')) {
    const inner = host.slice(1, -1);
    if (inner.includes('%')) return problem(text, 'addresses with a zone are not available');
    if (isIPv6(inner)) return { family: 'ipv6', host: canonicalIpv6(inner), port };
    return problem(text, ADDRESS_HINT);
  }
  if (isIPv6(host)) return problem(text, `write the address in brackets: "[${host}]:${port}"`);
  if (/[A-Za-z]/.test(host) && /^[A-Za-z0-9._-]+$/.test(host)) {
    return problem(text, 'names stand only for servers: write an IP address and a port');
  }
  return problem(text, ADDRESS_HINT);
}

/**
 * Reads `10.0.0.1:80`, `[::1]:80`, `localhost:80` (that is 127.0.0.1) or `unix:/path`.
 * `leastPort` is 0 where the kernel may choose the port, else 1.
 */
export function parseAddress(text: string, leastPort: 0 | 1): BindPlan | Problem {
  if (text.startsWith('unix:')) return parseUnix(text);
  const scheme = /^([a-z]+):\/\//.exec(text);
  if (scheme !== null) return problem(text, `remove ${scheme[0]}: ${ADDRESS_HINT}`);
  const colon = text.lastIndexOf(':');
  const portText = text.slice(colon + 1);
  if (colon < 0 || text.endsWith(']')) return problem(text, hintWithoutPort(text));
  if (isIPv6(text) && text.startsWith('::')) return problem(text, hintWithoutPort(text));
  if (!/^\d{1,6}$/.test(portText)) return problem(text, ADDRESS_HINT);
  const port = Number(portText);
  if (port < leastPort || port > 65_535) {
    return problem(text, `the port is a number from ${leastPort} to 65535`);
  }
  return parseHost(text, text.slice(0, colon), port);
}

function anyAddress(
  description: string,
  leastPort: 0 | 1,
  refine: (text: string, address: BindPlan) => BindPlan | Problem = (_, address) => address,
): Scalar<BindPlan> {
  const meta = { title: 'address', type: 'string', examples: ['10.0.0.1:8080'] } as const;
  return scalar(meta, description, (value) => {
    if (typeof value === 'number') {
      return new Problem(
        'BAL_CONFIG_ADDRESS',
        `${value} is not an address`,
        hintWithoutPort(`${value}`),
      );
    }
    if (typeof value !== 'string') return wrongType(value, 'an address', ADDRESS_HINT);
    const address = parseAddress(value, leastPort);
    return address instanceof Problem ? address : refine(value, address);
  });
}

/** A schema for the addresses of a listener; port 0 lets the kernel choose one. */
export function listenerAddresses() {
  return oneOrMany(
    'Addresses: 0.0.0.0:80, "[::]:80" (IPv6 alone), unix:/path. Port 0: the kernel chooses.',
    anyAddress('An address to listen on.', 0),
  );
}

/** A schema for the addresses of a listener for datagrams, which unix sockets do not carry here. */
export function datagramAddresses() {
  return oneOrMany(
    'Addresses: 0.0.0.0:53, "[::]:53" (IPv6 alone). Port 0: the kernel chooses.',
    anyAddress('An address to listen on.', 0, (text, address) =>
      address.family === 'unix'
        ? new Problem(
            'BAL_CONFIG_ADDRESS',
            `${quote(text)} is a unix socket`,
            'a udp listener needs an IP address and a port: 0.0.0.0:53',
          )
        : address,
    ),
  );
}

/** A schema for whether the addresses of a listener may come later (IP_FREEBIND of ip(7)). */
export function freebind() {
  return flag(
    'Whether the addresses may be ones that no interface has yet, such as floating addresses.',
  ).prefault(false);
}

/** A schema for one address to listen on; port 0 lets the kernel choose one. */
export function bindAddress(description: string): Scalar<BindPlan> {
  return anyAddress(description, 0);
}

/** A schema for an address to connect to, which is not a name. */
export function fixedAddress(description: string): Scalar<BindPlan> {
  return anyAddress(description, 1);
}

/** Port of name servers (RFC 1035 §4.2). */
const DNS_PORT = 53;

/** A schema for the address of a name server; its port may be left out. */
export function nameServer(description: string): Scalar<BindPlan> {
  const meta = { title: 'address', type: 'string', examples: ['10.0.0.2:53'] } as const;
  return scalar<BindPlan>(meta, description, (value) => {
    const hint = 'write 10.0.0.2, 10.0.0.2:53 or "[2001:db8::2]:53"';
    if (typeof value !== 'string') return wrongType(value, 'an address', hint);
    if (isIPv4(value)) return { family: 'ipv4', host: value, port: DNS_PORT };
    if (isIPv6(value) && !value.includes('%')) {
      return { family: 'ipv6', host: canonicalIpv6(value), port: DNS_PORT };
    }
    const isName = /^[a-z]/i.test(value);
    return isName ? problem(value, hint) : parseAddress(value, 1);
  });
}

/** A schema for an IP address without a port. */
export function sourceAddress(description: string): Scalar<BindPlan> {
  const meta = { title: 'IP address', type: 'string', examples: ['10.0.0.5'] } as const;
  return scalar<BindPlan>(meta, description, (value) => {
    const hint = 'write an IP address without a port: 10.0.0.5 or 2001:db8::5';
    if (typeof value !== 'string') return wrongType(value, 'an IP address', hint);
    if (isIPv4(value)) return { family: 'ipv4', host: value, port: 0 };
    const inner = /^\[(.*)\]$/.exec(value)?.[1] ?? value;
    const isPlain = isIPv6(inner) && !inner.includes('%');
    if (isPlain) return { family: 'ipv6', host: canonicalIpv6(inner), port: 0 };
    return new Problem('BAL_CONFIG_ADDRESS', `${quote(value)} is not an IP address`, hint);
  });
}

/** A schema for `off` (null) or an address to listen on. */
export function adminAddress(description: string): Scalar<BindPlan | null> {
  const meta = { title: 'address | off', type: 'string', examples: ['127.0.0.1:9900'] } as const;
  return scalar<BindPlan | null>(meta, description, (value) => {
    if (value === 'off') return null;
    if (typeof value !== 'string') return wrongType(value, 'an address or off');
    return parseAddress(value, 0);
  });
}

/** The text of an address as a person writes it. */
export function addressText(address: BindPlan): string {
  if (address.family === 'unix') return `unix:${address.host}`;
  if (address.family === 'ipv6') return `[${address.host}]:${address.port}`;
  return `${address.host}:${address.port}`;
}
