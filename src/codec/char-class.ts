/** Classes of bytes, one table look-up each. All tables have 256 entries. */
const TOKEN_MARKS = "!#$%&'*+.^_`|~";
// RFC 3986 has no place for ^ ` { | } either, but browsers send them as they are in queries and
// paths (WHATWG URL, percent-encode sets); nothing gives them a meaning that could be confused.
const TARGET_REFUSED = '"#<>\\';

function isAlphaNumeric(byte: number): boolean {
  return (
    (byte >= 0x30 && byte <= 0x39) ||
    (byte >= 0x41 && byte <= 0x5a) ||
    (byte >= 0x61 && byte <= 0x7a)
  );
}

function tableOf(classify: (byte: number, char: string) => number): Uint8Array {
  const table = new Uint8Array(256);
  for (let byte = 0; byte < 256; byte++) table[byte] = classify(byte, String.fromCharCode(byte));
  return table;
}

/** tchar (RFC 9110 §5.6.2): 1 for letters, digits and "-", 2 for the others, 0 for no token. */
export const TOKEN = tableOf((byte, char) => {
  if (isAlphaNumeric(byte) || char === '-') return 1;
  return TOKEN_MARKS.includes(char) ? 2 : 0;
});

/** 1 for what a field value may hold (RFC 9110 §5.5): HTAB, SP, visible, obs-text. */
export const FIELD_VALUE = tableOf((byte) =>
  byte === 0x09 || (byte >= 0x20 && byte !== 0x7f) ? 1 : 0,
);

/** Values of `TARGET`. */
export const TARGET_CLASS = {
  plain: 0,
  slash: 1,
  dot: 2,
  percent: 3,
  query: 4,
  space: 5,
  refused: 6,
} as const;

/** What a byte means in a request target (RFC 9112 §3.2, RFC 3986 §2). */
export const TARGET = tableOf((byte, char) => {
  if (byte === 0x20) return TARGET_CLASS.space;
  if (byte < 0x20 || byte >= 0x7f || TARGET_REFUSED.includes(char)) return TARGET_CLASS.refused;
  if (char === '/') return TARGET_CLASS.slash;
  if (char === '.') return TARGET_CLASS.dot;
  if (char === '%') return TARGET_CLASS.percent;
  return char === '?' ? TARGET_CLASS.query : TARGET_CLASS.plain;
});

/**
 * 1 for what a host name may hold: letters, digits, "-", "_"; 2 for ".".
 *
 * RFC 3986 §3.2.2 would also allow sub-delims and escapes in a reg-name. No name in use has them,
 * and a "," or "%" there is read differently by different programs: they are refused.
 */
export const HOST_NAME = tableOf((byte, char) => {
  if (char === '.') return 2;
  return isAlphaNumeric(byte) || char === '-' || char === '_' ? 1 : 0;
});

/** 1 for unreserved characters (RFC 3986 §2.3). */
export const UNRESERVED = tableOf((byte, char) =>
  isAlphaNumeric(byte) || '-._~'.includes(char) ? 1 : 0,
);

/** Value of a hexadecimal digit, 255 for any other byte. */
export const HEX_VALUE = tableOf((_byte, char) => {
  const value = '0123456789abcdef'.indexOf(char.toLowerCase());
  return value < 0 ? 255 : value;
});
