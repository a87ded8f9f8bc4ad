/**
 * DER (ITU-T X.690), as much of it as certificates and OCSP need: tags of one byte, definite
 * lengths in their shortest form. What is read is a view into the bytes that it came in.
 */

/** An element. Views are made when they are asked for: most elements are only passed by. */
export class DerElement {
  readonly tag: number;
  readonly #source: Uint8Array;
  readonly #at: number;
  readonly #bodyAt: number;
  /** Where it ends in what it was read from. */
  readonly end: number;

  constructor(source: Uint8Array, at: number, bodyAt: number, end: number) {
    this.tag = source[at]!;
    this.#source = source;
    this.#at = at;
    this.#bodyAt = bodyAt;
    this.end = end;
  }

  /** All of it. */
  get bytes(): Uint8Array {
    return this.#source.subarray(this.#at, this.end);
  }

  /** What its length counts. */
  get body(): Uint8Array {
    return this.#source.subarray(this.#bodyAt, this.end);
  }
}

/** Tags of universal types; SEQUENCE and SET with the bit for "constructed". */
export const TAG = {
  boolean: 0x01,
  integer: 0x02,
  bitString: 0x03,
  octetString: 0x04,
  null: 0x05,
  oid: 0x06,
  enumerated: 0x0a,
  utf8String: 0x0c,
  utcTime: 0x17,
  generalizedTime: 0x18,
  sequence: 0x30,
  set: 0x31,
} as const;

/** A context tag: `[number]`, constructed unless it is implicit over a plain type. */
export function contextTag(number: number, isConstructed = true): number {
  return (isConstructed ? 0xa0 : 0x80) | number;
}

/** Bytes of a length at most: elements below 4 GiB. */
const LENGTH_BYTES_MAX = 4;

/** Writes an element whose body is these parts. */
export function der(tag: number, ...parts: readonly Uint8Array[]): Uint8Array {
  const length = parts.reduce((sum, part) => sum + part.length, 0);
  const lengthBytes: number[] = [];
  if (length < 0x80) lengthBytes.push(length);
  else {
    for (let rest = length; rest > 0; rest = Math.floor(rest / 256))
      lengthBytes.unshift(rest % 256);
    lengthBytes.unshift(0x80 | lengthBytes.length);
  }
  const bytes = new Uint8Array(1 + lengthBytes.length + length);
  bytes[0] = tag;
  bytes.set(lengthBytes, 1);
  let at = 1 + lengthBytes.length;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  return bytes;
}

/** An object identifier in its dotted form: "1.3.14.3.2.26". */
export function derOid(dotted: string): Uint8Array {
  const [first = 0, second = 0, ...rest] = dotted.split('.').map(Number);
  const bytes: number[] = [];
  for (const arc of [first * 40 + second, ...rest]) {
    const groups = [arc % 128];
    for (let left = Math.floor(arc / 128); left > 0; left = Math.floor(left / 128)) {
      groups.unshift(0x80 | (left % 128));
    }
    bytes.push(...groups);
  }
  return der(TAG.oid, Uint8Array.from(bytes));
}

/** The dotted form of an object identifier's body. */
export function oidText(body: Uint8Array): string {
  let text = '';
  let arc = 0;
  for (const byte of body) {
    arc = arc * 128 + (byte & 0x7f);
    if (byte >= 0x80) continue;
    if (text === '') {
      // The first two are one number: 40 times the first, which is at most 2, and the second.
      const first = Math.min(2, Math.floor(arc / 40));
      text = `${first}.${arc - first * 40}`;
    } else text += `.${arc}`;
    arc = 0;
  }
  return text;
}

/**
 * Reads the elements of a body, or a whole file of them; null where they do not fill it exactly.
 * Never throws.
 */
export function readDer(bytes: Uint8Array): DerElement[] | null {
  const elements: DerElement[] = [];
  for (let at = 0; at < bytes.length;) {
    const element = readElement(bytes, at);
    if (element === null) return null;
    elements.push(element);
    at = element.end;
  }
  return elements;
}

function readElement(bytes: Uint8Array, at: number): DerElement | null {
  const tag = bytes[at]!;
  const first = bytes[at + 1];
  // Tags above 30 have more bytes; nothing here has one.
  if ((tag & 0x1f) === 0x1f || first === undefined) return null;
  let length = first;
  let start = at + 2;
  if (first >= 0x80) {
    const count = first & 0x7f;
    if (count === 0 || count > LENGTH_BYTES_MAX || start + count > bytes.length) return null;
    length = 0;
    for (let i = 0; i < count; i++) length = length * 256 + bytes[start + i]!;
    const isShortest = length >= 0x80 && bytes[start] !== 0;
    if (!isShortest) return null;
    start += count;
  }
  const end = start + length;
  if (end > bytes.length) return null;
  return new DerElement(bytes, at, start, end);
}

/** The elements of a constructed one with this tag; null where it is another one or broken. */
export function childrenOf(element: DerElement | undefined, tag: number): DerElement[] | null {
  return element?.tag === tag ? readDer(element.body) : null;
}

/** Whether two runs of bytes are the same. */
export function isSameBytes(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, i) => byte === b[i]);
}

/** The time of a GeneralizedTime in UTC without fractions (RFC 5280 §4.1.2.5.2), in ms; else NaN. */
export function generalizedTimeMs({ tag, body }: DerElement): number {
  if (tag !== TAG.generalizedTime) return Number.NaN;
  return body.length === 15 ? digitsTimeMs(body, 4) : Number.NaN;
}

/** The time of a UTCTime, whose years are 1950 to 2049, in ms; else NaN. */
export function utcTimeMs({ tag, body }: DerElement): number {
  return tag === TAG.utcTime && body.length === 13 ? digitsTimeMs(body, 2) : Number.NaN;
}

const ZERO = 48;
const UPPER_Z = 90;

/** Digits of a time that begins with so many of the year, and "Z" behind them. */
function digitsTimeMs(body: Uint8Array, yearDigits: 2 | 4): number {
  for (let i = 0; i < body.length - 1; i++) {
    if (body[i]! < ZERO || body[i]! > ZERO + 9) return Number.NaN;
  }
  if (body.at(-1) !== UPPER_Z) return Number.NaN;
  const two = (at: number): number => (body[at]! - ZERO) * 10 + body[at + 1]! - ZERO;
  const at = yearDigits;
  const short = two(0) < 50 ? 2_000 + two(0) : 1_900 + two(0);
  const year = yearDigits === 2 ? short : two(0) * 100 + two(2);
  return Date.UTC(year, two(at) - 1, two(at + 2), two(at + 4), two(at + 6), two(at + 8));
}
