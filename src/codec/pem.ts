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
