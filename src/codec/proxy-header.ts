/**
 * What a header of the PROXY protocol says (haproxy.org, "The PROXY protocol", versions 1 and 2).
 *
 * One object is made per worker and used again for each connection: parsing allocates nothing but
 * the paths of unix sockets. Ranges are absolute indices into the `bytes` given to the parser.
 */
import { asciiText } from './ascii.ts';
import { formatIp, isMappedIpv4, parseIpv4, parseIpv6 } from './ip-address.ts';

export const PROXY_FAMILY = { unspecified: 0, inet: 1, inet6: 2, unix: 3 } as const;
export const PROXY_TRANSPORT = { unspecified: 0, stream: 1, datagram: 2 } as const;

/** Longest header that is taken, version 1, its CRLF included (section 2.1). */
export const PROXY_V1_BYTES_MAX = 107;
/** Bytes of version 2 before the addresses. */
export const PROXY_V2_FIXED_BYTES = 16;
/** Longest header that is taken, version 2: 2048 bytes of addresses and TLVs. */
export const PROXY_V2_BYTES_MAX = PROXY_V2_FIXED_BYTES + 2048;
/** Longest PP2_TYPE_AUTHORITY and PP2_TYPE_UNIQUE_ID (section 2.2.5). */
export const PROXY_AUTHORITY_BYTES_MAX = 255;
export const PROXY_UNIQUE_ID_BYTES_MAX = 128;

/** Why a header is refused: what a parser returns, negated. */
export const PROXY_FAULT = {
  notHeader: 1,
  tooLong: 2,
  badLine: 3,
  badVersion: 4,
  badCommand: 5,
  badFamily: 6,
  tooShort: 7,
  badTlv: 8,
  badChecksum: 9,
} as const;

/** By PROXY_FAULT id: what is wrong, for logs. */
export const PROXY_FAULT_TEXTS: readonly string[] = [
  '',
  'the first bytes are those of no PROXY header',
  'the header is longer than allowed',
  'the line of version 1 is malformed',
  'the version is unknown',
  'the command is neither LOCAL nor PROXY',
  'the address family or the transport is unknown',
  'the stated length is too short for the addresses',
  'a TLV is malformed, given twice, or runs past the end',
  'the checksum is wrong',
];

/** What may stand in a header of version 2 after the addresses: places in `ProxyHeader.ranges`. */
export const PROXY_RANGE = {
  alpn: 0,
  authority: 1,
  checksum: 2,
  uniqueId: 3,
  netns: 4,
  ssl: 5,
  sslVersion: 6,
  sslCommonName: 7,
  sslCipher: 8,
  sslSignature: 9,
  sslKey: 10,
} as const;

const RANGES = 11;
const TEXT_MAX = 45;
const scratch = new Uint8Array(TEXT_MAX);
const UNIX_PATH_BYTES_MAX = 108;

/** The two ends of a connection: what both versions carry. */
export class ProxyAddresses {
  /**
   * The sender speaks for itself, as a health check does. As with an unspecified family, the
   * addresses are then those of the connection itself.
   */
  isLocal = false;
  /** One of PROXY_FAMILY. */
  family: number = PROXY_FAMILY.unspecified;
  /** One of PROXY_TRANSPORT. */
  transport: number = PROXY_TRANSPORT.unspecified;
  sourcePort = 0;
  destinationPort = 0;
  /** Paths of unix sockets, a character per byte; abstract ones begin with NUL. */
  sourcePath = '';
  destinationPath = '';
  /** IPv4 stands in the first four bytes. */
  readonly sourceBytes = new Uint8Array(16);
  readonly destinationBytes = new Uint8Array(16);
  private readonly source4 = this.sourceBytes.subarray(0, 4);
  private readonly destination4 = this.destinationBytes.subarray(0, 4);

  /** Whether there are IP addresses to be used instead of the connection's own. */
  get hasIp(): boolean {
    return this.family === PROXY_FAMILY.inet || this.family === PROXY_FAMILY.inet6;
  }

  /** The address of 4 or 16 bytes, where `hasIp`; the same view each time. */
  get source(): Uint8Array {
    return this.family === PROXY_FAMILY.inet ? this.source4 : this.sourceBytes;
  }

  get destination(): Uint8Array {
    return this.family === PROXY_FAMILY.inet ? this.destination4 : this.destinationBytes;
  }

  /** The address as text; "" where there is none. Allocates. */
  sourceText(): string {
    return this.hasIp ? formatIp(this.source) : '';
  }

  destinationText(): string {
    return this.hasIp ? formatIp(this.destination) : '';
  }

  /** No addresses: LOCAL where the connection is the sender's own, else an unspecified family. */
  setNone(isLocal: boolean): void {
    this.isLocal = isLocal;
    this.family = PROXY_FAMILY.unspecified;
    this.transport = PROXY_TRANSPORT.unspecified;
    this.sourcePort = 0;
    this.destinationPort = 0;
    this.sourcePath = '';
    this.destinationPath = '';
  }

  /**
   * The ends of a TCP connection, from texts. Two IPv4-mapped addresses are IPv4; of an IPv4 and an
   * IPv6 address the first becomes IPv4-mapped. False where one is no address (a unix socket's is
   * ""): the family is unspecified then.
   */
  setTcp(
    source: string,
    sourcePort: number,
    destination: string,
    destinationPort: number,
  ): boolean {
    this.setNone(false);
    const isFirst6 = readIp(source, this.sourceBytes);
    const isSecond6 = readIp(destination, this.destinationBytes);
    if (isFirst6 < 0 || isSecond6 < 0) return false;
    const is4 = isMappedIpv4(this.sourceBytes) && isMappedIpv4(this.destinationBytes);
    if (is4) {
      this.sourceBytes.copyWithin(0, 12);
      this.destinationBytes.copyWithin(0, 12);
    }
    this.family = is4 ? PROXY_FAMILY.inet : PROXY_FAMILY.inet6;
    this.transport = PROXY_TRANSPORT.stream;
    this.sourcePort = sourcePort;
    this.destinationPort = destinationPort;
    return true;
  }

  /** The ends of a connection of unix sockets; of a longer path the first 108 bytes count. */
  setUnix(sourcePath: string, destinationPath: string): void {
    this.setNone(false);
    this.family = PROXY_FAMILY.unix;
    this.transport = PROXY_TRANSPORT.stream;
    this.sourcePath = sourcePath.slice(0, UNIX_PATH_BYTES_MAX);
    this.destinationPath = destinationPath.slice(0, UNIX_PATH_BYTES_MAX);
  }
}

/** Text to 16 bytes, IPv4 as IPv4-mapped: 1 IPv6, 0 IPv4, -1 no address. */
function readIp(text: string, out: Uint8Array): number {
  const { length } = text;
  if (length > TEXT_MAX) return -1;
  for (let i = 0; i < length; i++) {
    const code = text.charCodeAt(i);
    if (code > 127) return -1;
    scratch[i] = code;
  }
  if (text.includes(':')) return parseIpv6(scratch, 0, length, out) ? 1 : -1;
  const address = parseIpv4(scratch, 0, length);
  if (address < 0) return -1;
  out.fill(0, 0, 10);
  out.fill(255, 10, 12);
  for (let k = 0; k < 4; k++) out[12 + k] = (address >>> (24 - 8 * k)) & 255;
  return 0;
}

/** A header that was received. It has a meaning only after its parser has returned a length. */
export class ProxyHeader extends ProxyAddresses {
  /** 1 or 2. */
  version = 0;
  /** All TLVs as they were sent, those of unknown types too; both -1 where there are none. */
  tlvStart = -1;
  tlvEnd = -1;
  /** PP2_TYPE_SSL: bits PP2_CLIENT_*, and 0 where the client's certificate was verified. */
  sslClient = 0;
  sslVerify = 0;
  /** By PROXY_RANGE: start and end of the value; -1 where it is not there. */
  readonly ranges = new Int32Array(RANGES * 2);

  /** Nothing is known yet: called by the parsers. */
  clear(version: number): void {
    this.setNone(false);
    this.version = version;
    this.tlvStart = -1;
    this.tlvEnd = -1;
    this.sslClient = 0;
    this.sslVerify = 0;
    this.ranges.fill(-1);
  }

  /** Whether a value of PROXY_RANGE was sent. */
  has(range: number): boolean {
    return this.ranges[range * 2]! >= 0;
  }

  /** A value of PROXY_RANGE, a character per byte; "" where it was not sent. Allocates. */
  text(bytes: Uint8Array, range: number): string {
    return this.has(range)
      ? asciiText(bytes, this.ranges[range * 2]!, this.ranges[range * 2 + 1]!)
      : '';
  }
}
