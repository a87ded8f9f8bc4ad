/**
 * PEM (RFC 7468) found in bytes, without a text ever being made of it: what stands between the
 * lines may be a private key.
 */

/** A block: its label, such as "CERTIFICATE", and its bytes from "-----BEGIN" to the last dash. */
export type PemBlock = { readonly label: string; readonly bytes: Uint8Array };

const DASHES = '-----';
const BEGIN = '-----BEGIN ';
const END = '-----END ';
/** A longer label is none. */
const LABEL_BYTES_MAX = 64;
const NEWLINE = 10;

/**
 * The blocks of a file in their order; what stands around them is left out, and so is a block
 * without its end. Blocks are views into `bytes`. Called for each file that is read.
 */
export function pemBlocks(bytes: Uint8Array): PemBlock[] {
  const blocks: PemBlock[] = [];
  for (let at = find(bytes, BEGIN, 0); at >= 0;) {
    const label = labelAt(bytes, at + BEGIN.length);
    const end = label === '' ? -1 : find(bytes, `${END}${label}${DASHES}`, at);
    const after = end + END.length + label.length + DASHES.length;
    if (end >= 0) blocks.push({ label, bytes: bytes.subarray(at, after) });
    at = find(bytes, BEGIN, end < 0 ? at + BEGIN.length : after);
  }
  return blocks;
}

/** The blocks as one file, a newline after each. */
export function joinPem(blocks: readonly PemBlock[]): Uint8Array {
  const size = blocks.reduce((sum, { bytes }) => sum + bytes.length + 1, 0);
  const joined = new Uint8Array(size);
  let at = 0;
  for (const { bytes } of blocks) {
    joined.set(bytes, at);
    at += bytes.length;
    joined[at++] = NEWLINE;
  }
  return joined;
}

/**
 * What stands between the lines of a block, decoded; null where it is no Base64. No text is made of
 * it on the way.
 */
export function pemBody({ label, bytes }: PemBlock): Uint8Array | null {
  const start = BEGIN.length + label.length + DASHES.length;
  const end = bytes.length - END.length - label.length - DASHES.length;
  const body = new Uint8Array(Math.ceil(((end - start) * 3) / 4));
  let size = 0;
  let bits = 0;
  let held = 0;
  for (let at = start; at < end; at++) {
    const byte = bytes[at]!;
    if (byte === PAD || byte <= SPACE) continue;
    const value = SEXTETS[byte]!;
    if (value === NOT_BASE64) return null;
    bits = ((bits << 6) | value) & 0xffff;
    held += 6;
    if (held < 8) continue;
    held -= 8;
    body[size++] = (bits >> held) & 0xff;
  }
  return body.subarray(0, size);
}

const PAD = '='.charCodeAt(0);
const SPACE = ' '.charCodeAt(0);
const NOT_BASE64 = 255;
const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/';
const SEXTETS = new Uint8Array(256).fill(NOT_BASE64);
for (let i = 0; i < ALPHABET.length; i++) SEXTETS[ALPHABET.charCodeAt(i)] = i;

/** Whether a private key is encrypted, in the form of PKCS #8 or in the old one (RFC 1421). */
export function isEncryptedKey({ label, bytes }: PemBlock): boolean {
  return label === 'ENCRYPTED PRIVATE KEY' || find(bytes, 'Proc-Type: 4,ENCRYPTED', 0) >= 0;
}

/** The label that begins at `at` and ends with dashes; "" where there is none. */
function labelAt(bytes: Uint8Array, at: number): string {
  let label = '';
  for (let i = at; i < bytes.length && label.length < LABEL_BYTES_MAX; i++) {
    if (matches(bytes, DASHES, i)) return label;
    label += String.fromCharCode(bytes[i]!);
  }
  return '';
}

function find(bytes: Uint8Array, text: string, from: number): number {
  const first = text.charCodeAt(0);
  for (let at = bytes.indexOf(first, from); at >= 0; at = bytes.indexOf(first, at + 1)) {
    if (matches(bytes, text, at)) return at;
  }
  return -1;
}

function matches(bytes: Uint8Array, text: string, at: number): boolean {
  for (let i = 0; i < text.length; i++) if (bytes[at + i] !== text.charCodeAt(i)) return false;
  return true;
}
