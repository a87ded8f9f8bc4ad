import { Problem, scalar } from './scalar.ts';
import type { Scalar } from './scalar.ts';
import { quote } from '../quote.ts';

/** Most bytes that can be written in hex. */
const BYTES_MAX = 8_192;

const HEX_HINT = 'write pairs of hex digits in quotes: "00ff" or "00 ff"';

/** A schema for bytes in hex; spaces and colons between them do not count. Lower-case. */
export function hexBytes(description: string): Scalar<string> {
  const pattern = '^([0-9A-Fa-f]{2}[ :]*)+$';
  return scalar({ title: 'hex', type: 'string', pattern }, description, (value) => {
    const digits = typeof value === 'string' ? value.replaceAll(/[ :]/g, '').toLowerCase() : '';
    const isHex = /^(?:[0-9a-f]{2})+$/.test(digits) && digits.length <= BYTES_MAX * 2;
    if (isHex) return digits;
    return new Problem('BAL_CONFIG_HEX', `${quote(value)} is not bytes in hex`, HEX_HINT);
  });
}
