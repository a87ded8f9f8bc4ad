import { COMMA, HTAB, SLASH, SP, asciiBytes, equalsIgnoreCase } from './ascii.ts';
import { TOKEN } from './char-class.ts';
import { FIELD, FIELD_STRIDE } from './http1-head.ts';
import type { FieldTable } from './http1-head.ts';

const H2C = asciiBytes('h2c');

/**
 * Takes the h2c offers (RFC 9113 §3.1) out of the first Upgrade field that offers anything else, by
 * closing up its value in place. Returns the index of that field in `table.fields`, the value's end
 * adjusted; -1 where nothing remains, or a value is not a list of protocols (RFC 9110 §7.8).
 *
 * Further Upgrade fields are left out: an offer need not be taken. Only where one is there.
 */
export function readUpgradeOffer(bytes: Uint8Array, table: FieldTable): number {
  const fields = table.fields;
  const end = table.count * FIELD_STRIDE;
  for (let at = table.firstOf[FIELD.upgrade]!; at < end; at += FIELD_STRIDE) {
    if (fields[at + 4] !== FIELD.upgrade) continue;
    const valueStart = fields[at + 2]!;
    const valueEnd = closeUpOffer(bytes, valueStart, fields[at + 3]!);
    if (valueEnd < 0) return -1;
    if (valueEnd === valueStart) continue;
    fields[at + 3] = valueEnd;
    return at;
  }
  return -1;
}

/** End of the value without its h2c items; its start where none is left; -1 where malformed. */
function closeUpOffer(bytes: Uint8Array, start: number, end: number): number {
  let out = start;
  let i = start;
  while (i < end) {
    const first = i;
    while (i < end && (TOKEN[bytes[i]!] !== 0 || bytes[i] === SLASH)) i++;
    if (i === first) return -1;
    if (!equalsIgnoreCase(bytes, first, i, H2C)) {
      if (out > start) bytes[out++] = COMMA;
      bytes.copyWithin(out, first, i);
      out += i - first;
    }
    while (i < end && (bytes[i] === SP || bytes[i] === HTAB)) i++;
    if (i < end && bytes[i++] !== COMMA) return -1;
    while (i < end && (bytes[i] === SP || bytes[i] === HTAB)) i++;
  }
  return out;
}
