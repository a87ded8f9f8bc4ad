import { asciiText } from './ascii.ts';
import { TOKEN } from './char-class.ts';

/** Longest name of a trailer field that is forwarded; longer ones are left out. */
export const TRAILER_NAME_MAX = 64;

/**
 * Fields that must not come as trailers (RFC 9110 §6.5.1): a recipient that merged them with the
 * head would frame, route, authenticate, cache or decode the message by what came after it.
 */
const FORBIDDEN: ReadonlySet<string> = new Set([
  'age',
  'authorization',
  'cache-control',
  'connection',
  'cookie',
  'date',
  'expect',
  'expires',
  'forwarded',
  'host',
  'http2-settings',
  'keep-alive',
  'location',
  'max-forwards',
  'origin',
  'pragma',
  'proxy-authenticate',
  'proxy-authorization',
  'proxy-connection',
  'range',
  'retry-after',
  'set-cookie',
  'strict-transport-security',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
  'vary',
  'via',
  'warning',
  'www-authenticate',
  'x-real-ip',
  'x-request-id',
]);

const FORBIDDEN_PREFIXES = ['access-control-', 'content-', 'if-', 'sec-', 'x-forwarded-'];

/** RFC 9530 §3 has it in trailers, where a digest of a streamed body can only be. */
const ALLOWED = 'content-digest';

/**
 * Whether the trailer field named `bytes[start..end)`, a token, is forwarded. Names with characters
 * other than letters, digits and "-" are not: some servers take "_" for "-". Once per trailer.
 */
export function isTrailerForwarded(bytes: Uint8Array, start: number, end: number): boolean {
  if (end - start > TRAILER_NAME_MAX) return false;
  for (let i = start; i < end; i++) if (TOKEN[bytes[i]!] !== 1) return false;
  const name = asciiText(bytes, start, end).toLowerCase();
  if (FORBIDDEN.has(name)) return false;
  return name === ALLOWED || !FORBIDDEN_PREFIXES.some((prefix) => name.startsWith(prefix));
}
