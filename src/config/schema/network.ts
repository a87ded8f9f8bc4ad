import { isIPv4, isIPv6 } from 'node:net';
import { quote } from '../quote.ts';
import { canonicalIpv6 } from './address.ts';
import { Problem, scalar, wrongType } from './scalar.ts';
import type { Scalar } from './scalar.ts';

const NETWORK_HINT = 'write 10.0.0.0/8, 2001:db8::/32 or a single address';

/** The address as a number of 32 or 128 bits. */
function addressBits(text: string): bigint {
  if (isIPv4(text)) return text.split('.').reduce((sum, part) => (sum << 8n) | BigInt(part), 0n);
  const [head = '', tail] = canonicalIpv6(text).split('::');
  const left = head === '' ? [] : head.split(':');
  const right = tail === undefined || tail === '' ? [] : tail.split(':');
  const zeros = Array.from({ length: 8 - left.length - right.length }, () => '0');
  const groups = tail === undefined ? left : [...left, ...zeros, ...right];
  return groups.reduce((sum, group) => (sum << 16n) | BigInt(`0x${group}`), 0n);
}

function bitsText(bits: bigint, width: 32 | 128): string {
  if (width === 32) return [24n, 16n, 8n, 0n].map((shift) => (bits >> shift) & 255n).join('.');
  const groups = Array.from({ length: 8 }, (_, i) => (bits >> BigInt(112 - i * 16)) & 0xffffn);
  return canonicalIpv6(groups.map((group) => group.toString(16)).join(':'));
}

/** The canonical text of a network, always with its length, or what is wrong with it. */
export function parseNetwork(text: string): string | Problem {
  const [host = '', lengthText, rest] = text.split('/');
  const wrong = `${quote(text)} is not a network`;
  const isKnown = (isIPv4(host) || isIPv6(host)) && !host.includes('%') && rest === undefined;
  if (!isKnown) return new Problem('BAL_CONFIG_NETWORK', wrong, NETWORK_HINT);
  const width = isIPv4(host) ? 32 : 128;
  if (lengthText !== undefined && !/^\d{1,3}$/.test(lengthText)) {
    return new Problem('BAL_CONFIG_NETWORK', wrong, NETWORK_HINT);
  }
  const length = lengthText === undefined ? width : Number(lengthText);
  if (length > width) {
    return new Problem('BAL_CONFIG_NETWORK', wrong, `the length is a number from 0 to ${width}`);
  }
  const bits = addressBits(host);
  const free = BigInt(width - length);
  const base = (bits >> free) << free;
  const canonical = `${bitsText(base, width)}/${length}`;
  if (base === bits) return canonical;
  const message = `${quote(text)} has bits set behind its length`;
  return new Problem('BAL_CONFIG_NETWORK', message, `did you mean ${canonical}?`);
}

/** A schema for a network in CIDR notation (RFC 4632 §3.1, RFC 4291 §2.3). */
export function network(description: string): Scalar<string> {
  const meta = { title: 'network', type: 'string', examples: ['10.0.0.0/8'] } as const;
  return scalar(meta, description, (value) =>
    typeof value === 'string' ? parseNetwork(value) : wrongType(value, 'a network', NETWORK_HINT),
  );
}
