/** Headers of the PROXY protocol made and read as values, for tests. */
import assert from 'node:assert/strict';
import { asciiBytes } from './ascii.ts';
import { crc32c } from './crc32c.ts';
import { PROXY_FAULT, PROXY_RANGE, ProxyHeader } from './proxy-header.ts';
import { parseProxyHeader } from './proxy-protocol.ts';
import { PROXY_V2_SIGNATURE } from './proxy-protocol-v2.ts';

/** 0x21 is PROXY of version 2; 0x11 is TCP over IPv4. */
export type V2Parts = {
  readonly command?: number;
  readonly family?: number;
  readonly body?: readonly number[];
  /** Stated instead of the length of the body. */
  readonly length?: number;
};

/** A header of version 2. */
export function v2({ command = 0x21, family = 0x11, body = IPV4, length }: V2Parts): Uint8Array {
  const size = length ?? body.length;
  return Uint8Array.from([...PROXY_V2_SIGNATURE, command, family, size >> 8, size & 255, ...body]);
}

/** 192.0.2.1:56324 to 198.51.100.7:443. */
export const IPV4 = [192, 0, 2, 1, 198, 51, 100, 7, 220, 4, 1, 187];

/** A TLV of version 2. */
export function tlv(type: number, value: string | readonly number[]): number[] {
  const bytes = typeof value === 'string' ? [...asciiBytes(value)] : [...value];
  return [type, bytes.length >> 8, bytes.length & 255, ...bytes];
}

/** The header with the right checksum in its last TLV. */
export function withChecksum(body: readonly number[]): Uint8Array {
  const bytes = v2({ body: [...body, ...tlv(3, [0, 0, 0, 0])] });
  const sum = crc32c(bytes, 0, bytes.length);
  for (let k = 0; k < 4; k++) bytes[bytes.length - 4 + k] = sum >>> (24 - 8 * k);
  return bytes;
}

/** What a header says; addresses with their ports. */
export type Described = {
  version: number;
  isLocal: boolean;
  family: number;
  transport: number;
  source: string;
  destination: string;
  sslClient?: number;
  sslVerify?: number;
  tlvBytes?: number;
} & { -readonly [Name in keyof typeof PROXY_RANGE]?: string };

/** What a parse came to, as a value that tests compare. */
export type Read = {
  readonly result: number | 'more' | keyof typeof PROXY_FAULT;
  readonly header?: Described;
};

const header = new ProxyHeader();
const FAULTS = Object.entries(PROXY_FAULT) as [keyof typeof PROXY_FAULT, number][];
const RANGES = Object.entries(PROXY_RANGE) as [keyof typeof PROXY_RANGE, number][];
/** Bytes around the input that a parser must not look at. */
const MARGIN = 7;

function described(bytes: Uint8Array): Described {
  const values: Described = {
    version: header.version,
    isLocal: header.isLocal,
    family: header.family,
    transport: header.transport,
    source: `${header.sourceText()}${header.sourcePath}:${header.sourcePort}`,
    destination: `${header.destinationText()}${header.destinationPath}:${header.destinationPort}`,
  };
  for (const [name, range] of RANGES) {
    if (header.has(range)) values[name] = header.text(bytes, range);
  }
  if (header.has(PROXY_RANGE.ssl)) {
    values.sslClient = header.sslClient;
    values.sslVerify = header.sslVerify;
  }
  if (header.tlvStart >= 0) values.tlvBytes = header.tlvEnd - header.tlvStart;
  return values;
}

/** Parses `input` within other bytes, all of value `around`, and checks that it is unchanged. */
export function read(input: Uint8Array | string, around = 0): Read {
  const own = typeof input === 'string' ? asciiBytes(input) : input;
  const bytes = new Uint8Array(own.length + 2 * MARGIN).fill(around);
  bytes.set(own, MARGIN);
  const result = parseProxyHeader(bytes, MARGIN, own.length, header);
  assert.deepEqual(bytes.subarray(MARGIN, MARGIN + own.length), own);
  if (result > 0) return { result, header: described(bytes) };
  const fault = FAULTS.find(([, id]) => id === -result);
  return { result: fault === undefined ? 'more' : fault[0] };
}

/**
 * Parses every beginning of `input`: each must be "more", until one is decided, after which all
 * come to the same. Returns what the whole comes to, and how many bytes decided it.
 */
export function readEverySplit(input: Uint8Array | string): Read & { readonly decidedAt: number } {
  const own = typeof input === 'string' ? asciiBytes(input) : input;
  const whole = read(own);
  let decidedAt = own.length + 1;
  for (let end = 0; end <= own.length; end++) {
    const part = read(own.subarray(0, end), own[end] ?? 0);
    if (part.result === 'more') {
      assert.ok(decidedAt > own.length, `of the first ${end} bytes: more, after a decision`);
      continue;
    }
    decidedAt = Math.min(decidedAt, end);
    assert.deepEqual(part, whole, `of the first ${end} bytes`);
  }
  return { ...whole, decidedAt };
}
