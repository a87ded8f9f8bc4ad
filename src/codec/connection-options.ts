import { COMMA, HTAB, SP, asciiBytes, asciiText, equalsIgnoreCase, sameToken } from './ascii.ts';
import { TOKEN } from './char-class.ts';
import { FIELD, FIELD_STRIDE, HEAD_FLAG } from './http1-head.ts';
import type { FieldTable } from './http1-head.ts';

/** Most options of one head: bounds the work that a hostile head can cause. */
const OPTIONS_MAX = 64;

const KEEP_ALIVE = asciiBytes('keep-alive');
const CLOSE = asciiBytes('close');
const UPGRADE = asciiBytes('upgrade');

/**
 * Fields whose nomination is ignored (RFC 9110 §7.6.1): they frame or route the message, prove who
 * sent it, describe its content, or were put there by proxies on its way. A client must not be able
 * to have them taken off.
 */
const PROTECTED: ReadonlySet<string> = new Set([
  'age',
  'authorization',
  'cache-control',
  'content-digest',
  'content-disposition',
  'content-encoding',
  'content-language',
  'content-length',
  'content-location',
  'content-range',
  'content-type',
  'cookie',
  'date',
  'etag',
  'expect',
  'forwarded',
  'host',
  'location',
  'origin',
  'proxy-authenticate',
  'proxy-authorization',
  'set-cookie',
  'strict-transport-security',
  'trailer',
  'vary',
  'via',
  'www-authenticate',
  'x-forwarded-for',
  'x-forwarded-host',
  'x-forwarded-port',
  'x-forwarded-proto',
  'x-real-ip',
  'x-request-id',
]);

/**
 * Reads all Connection fields of a scanned head and sets the drop mark of the fields that they name.
 * Returns HEAD_FLAG bits: close, keepAlive, and upgrade where that option is named; -1 where a value
 * is not a list of tokens, or names more than 64 options. The caller has seen that there is one.
 */
export function readConnectionOptions(bytes: Uint8Array, table: FieldTable): number {
  const fields = table.fields;
  const end = table.count * FIELD_STRIDE;
  let found = 0;
  let count = 0;
  for (let at = table.firstOf[FIELD.connection]!; at < end; at += FIELD_STRIDE) {
    if (fields[at + 4] !== FIELD.connection) continue;
    const valueEnd = fields[at + 3]!;
    let i = fields[at + 2]!;
    while (i < valueEnd) {
      const first = i;
      while (i < valueEnd && TOKEN[bytes[i]!] !== 0) i++;
      if (i > first) {
        if (++count > OPTIONS_MAX) return -1;
        found |= readOption(bytes, first, i, table);
      }
      while (i < valueEnd && (bytes[i] === SP || bytes[i] === HTAB)) i++;
      if (i >= valueEnd) break;
      if (bytes[i] !== COMMA) return -1;
      i++;
      while (i < valueEnd && (bytes[i] === SP || bytes[i] === HTAB)) i++;
    }
  }
  return found;
}

function readOption(bytes: Uint8Array, start: number, end: number, table: FieldTable): number {
  if (equalsIgnoreCase(bytes, start, end, KEEP_ALIVE)) return HEAD_FLAG.keepAlive;
  if (equalsIgnoreCase(bytes, start, end, CLOSE)) return HEAD_FLAG.close;
  if (equalsIgnoreCase(bytes, start, end, UPGRADE)) return HEAD_FLAG.upgrade;
  // Slow path: the option names a field that ends here.
  const fields = table.fields;
  const size = end - start;
  const fieldsEnd = table.count * FIELD_STRIDE;
  for (let at = 0; at < fieldsEnd; at += FIELD_STRIDE) {
    const nameStart = fields[at]!;
    if (fields[at + 1]! - nameStart !== size || fields[at + 5] !== 0) continue;
    if (!sameToken(bytes, nameStart, start, size)) continue;
    if (PROTECTED.has(asciiText(bytes, start, end).toLowerCase())) return 0;
    fields[at + 5] = 1;
    table.drops = true;
  }
  return 0;
}
