import { isIPv4 } from 'node:net';
import { quote } from '../quote.ts';
import { parseHostPattern } from './host.ts';
import { Problem, scalar, wrongType } from './scalar.ts';
import type { Scalar } from './scalar.ts';

const SNI_HINT = 'write db.example.com or "*.example.com"';

/** A schema for the name that a client of TLS asks for (RFC 6066 §3), or a pattern of such. */
export function sniPattern(description: string): Scalar<string> {
  const meta = { title: 'host', type: 'string', examples: ['db.example.com', '*.example.com'] };
  return scalar({ ...meta, type: 'string' }, description, (value) => {
    if (typeof value !== 'string') return wrongType(value, 'a host name', SNI_HINT);
    if (value === '*') {
      const hint = 'leave sni out to match every connection';
      return new Problem('BAL_CONFIG_HOST', '"*" is not a host name', hint);
    }
    const host = parseHostPattern(value);
    if (host instanceof Problem || (!isIPv4(host) && !host.startsWith('['))) return host;
    const message = `${quote(value)} is an address`;
    return new Problem('BAL_CONFIG_HOST', message, 'clients ask for names only (RFC 6066 §3)');
  });
}

/** A schema for the name of a protocol in ALPN (RFC 7301 §3.1): 1 to 255 bytes. */
export function alpnName(description: string): Scalar<string> {
  const meta = { title: 'protocol', type: 'string', examples: ['h2', 'http/1.1'] } as const;
  return scalar(meta, description, (value) => {
    if (typeof value !== 'string') return wrongType(value, 'the name of a protocol');
    if (/^[\x21-\x7e]{1,255}$/.test(value)) return value;
    const message = `${quote(value)} is not the name of a protocol`;
    return new Problem('BAL_CONFIG_UNKNOWN_VALUE', message, 'write one such as h2 or http/1.1');
  });
}
