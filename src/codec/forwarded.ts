import { TOKEN } from './char-class.ts';
import { formatIp, parseIp, unmapIpv4 } from './ip-address.ts';

/** Whether a text is a token (RFC 9110 §5.6.2). */
function isToken(text: string): boolean {
  if (text === '') return false;
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code > 255 || TOKEN[code] === 0) return false;
  }
  return true;
}

/**
 * A value as Forwarded carries it (RFC 7239 §4): a token as it is, else a quoted string. Characters
 * that no quoted string can hold (controls, past Latin-1) become "_". For Host and the like.
 */
export function quoteForwarded(value: string): string {
  if (isToken(value)) return value;
  const clean = value.replace(/[^\t\x20-\x7e\x80-\xff]/g, '_');
  return `"${clean.replace(/["\\]/g, '\\$&')}"`;
}

/**
 * The node of an address for `for=` and `by=` (RFC 7239 §6), quoted where it has to be: IPv6 in
 * brackets, an IPv4-mapped address as IPv4, `unknown` for what is no address (a unix socket). A
 * `port` of 0 is left out. Once per client connection; the data plane keeps the result.
 */
export function forwardedNode(address: string, port = 0): string {
  const bytes = parseIp(address);
  if (bytes === null) return 'unknown';
  const plain = unmapIpv4(bytes);
  const host = plain.length === 4 ? formatIp(plain) : `[${formatIp(plain)}]`;
  return quoteForwarded(port === 0 ? host : `${host}:${port}`);
}
