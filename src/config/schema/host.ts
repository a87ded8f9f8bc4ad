import { isIPv4, isIPv6 } from 'node:net';
import { domainToASCII } from 'node:url';
import { quote } from '../quote.ts';
import { canonicalIpv6 } from './address.ts';
import { Problem, scalar, wrongType } from './scalar.ts';
import type { Scalar } from './scalar.ts';

const PATTERN_HINT = 'write shop.example.com, "*.example.com" or an IP address';
const HOST_HINT = 'write shop.example.com or an IP address';
const NAME_HINT = 'write one such as www.example.com';
const LABEL = /^[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?$/;
const HOST_MAX = 253;

const problem = (text: string, hint: string): Problem =>
  new Problem('BAL_CONFIG_HOST', `${quote(text)} is not a host name`, hint);

/** The hint for a host that is a name with something more around it, or null. */
function hintForExtras(text: string, star: string): string | null {
  if (text.includes('://')) return `remove the scheme: ${text.slice(text.indexOf('://') + 3)}`;
  if (text.includes('/')) return 'write the path under paths';
  if (text.endsWith('.')) return `remove the final dot: ${star}${text.slice(0, -1)}`;
  const port = /^([^:]+):\d+$/.exec(text);
  if (port !== null) return `remove the port: ${star}${port[1]}`;
  if (isIPv6(text)) return `write the address in brackets: "[${text}]"`;
  return null;
}

/**
 * The host in lower case, or what is wrong with it. `star` is the wildcard that stood before the
 * text, for the hints.
 */
export function parseHostName(text: string, star = ''): string | Problem {
  const lower = text.toLowerCase();
  if (isIPv4(lower)) return lower;
  const inner = lower.slice(1, -1);
  if (lower === `[${inner}]` && isIPv6(inner) && !inner.includes('%')) {
    return `[${canonicalIpv6(inner)}]`;
  }
  const extras = hintForExtras(lower, star);
  if (extras !== null) return problem(text, extras);
  if (/[^\0-\x7f]/.test(text)) {
    const ascii = domainToASCII(text);
    const hint = ascii === '' ? HOST_HINT : `write its ASCII form: ${star}${ascii}`;
    return problem(text, hint);
  }
  if (lower.length > HOST_MAX) return problem(text, `a host has at most ${HOST_MAX} characters`);
  return lower.split('.').every((label) => LABEL.test(label)) ? lower : problem(text, HOST_HINT);
}

/** A host pattern in lower case: a host, or `*.` and a domain. */
export function parseHostPattern(text: string): string | Problem {
  if (text === '*') return problem(text, 'leave hosts out to match every host');
  if (!text.includes('*')) {
    const host = parseHostName(text);
    const isUnclear = host instanceof Problem && host.hint === HOST_HINT;
    return isUnclear ? problem(text, PATTERN_HINT) : host;
  }
  if (!text.startsWith('*.') || text.indexOf('*', 1) > 0) {
    return problem(text, 'a star stands for the first labels only: "*.example.com"');
  }
  const domain = parseHostName(text.slice(2), '*.');
  if (domain instanceof Problem) {
    return problem(text, domain.hint === HOST_HINT ? PATTERN_HINT : domain.hint);
  }
  return isIPv4(domain) || domain.startsWith('[') ? problem(text, PATTERN_HINT) : `*.${domain}`;
}

/** A schema for a host pattern of a route. */
export function hostPattern(description: string): Scalar<string> {
  const examples = ['shop.example.com', '*.example.com'];
  return scalar({ title: 'host', type: 'string', examples }, description, (value) =>
    typeof value === 'string' ? parseHostPattern(value) : wrongType(value, 'a host', PATTERN_HINT),
  );
}

/** A schema for a host, with or without a port, as the value of a Host field. */
export function hostValue(description: string): Scalar<string> {
  return scalar({ title: 'host', type: 'string' }, description, (value) => {
    if (typeof value !== 'string') return wrongType(value, 'a host', HOST_HINT);
    const port = /^(.*[^:]|.*\]):(\d{1,5})$/.exec(value);
    if (port === null || isIPv6(value)) return parseHostName(value);
    const host = parseHostName(port[1] ?? '');
    if (host instanceof Problem) return problem(value, host.hint);
    return Number(port[2]) <= 65_535
      ? `${host}:${port[2]}`
      : problem(value, 'the port is too high');
  });
}

/** A schema for a host without a port. */
export function bareHost(description: string): Scalar<string> {
  return scalar({ title: 'host', type: 'string' }, description, (value) =>
    typeof value === 'string' ? parseHostName(value) : wrongType(value, 'a host', HOST_HINT),
  );
}

/** The name of DNS in lower case and without a dot at its end, or what is wrong with it. */
export function parseDnsName(text: string): string | Problem {
  const host = parseHostName(text.endsWith('.') ? text.slice(0, -1) : text);
  if (host instanceof Problem) return problem(text, host.hint);
  const isAddress = isIPv4(host) || host.startsWith('[');
  return isAddress ? problem(text, 'write a name, not an address') : host;
}

/** A schema for a name of DNS. */
export function dnsName(description: string): Scalar<string> {
  return scalar({ title: 'host', type: 'string' }, description, (value) =>
    typeof value === 'string' ? parseDnsName(value) : wrongType(value, 'a name', NAME_HINT),
  );
}
