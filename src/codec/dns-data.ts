import { asciiText } from './ascii.ts';
import { readDnsName } from './dns-name.ts';
import { formatIp } from './ip-address.ts';

/**
 * What a record says, by its type. Names are in the form of `readDnsName`, addresses in that of
 * `formatIp`, texts one character per byte. `other` is any other type, and every class but IN.
 */
export type DnsData =
  | { readonly kind: 'A' | 'AAAA'; readonly address: string }
  | { readonly kind: 'CNAME' | 'NS' | 'PTR'; readonly target: string }
  | { readonly kind: 'MX'; readonly preference: number; readonly target: string }
  | DnsService
  | { readonly kind: 'TXT'; readonly texts: readonly string[] }
  | DnsAuthority
  | { readonly kind: 'other' };

/** RFC 2782. */
export type DnsService = {
  readonly kind: 'SRV';
  readonly priority: number;
  readonly weight: number;
  readonly port: number;
  readonly target: string;
};

/** RFC 1035 §3.3.13, RFC 2308 §4. */
export type DnsAuthority = {
  readonly kind: 'SOA';
  readonly primary: string;
  readonly mailbox: string;
  readonly serial: number;
  readonly refreshS: number;
  readonly retryS: number;
  readonly expireS: number;
  /** How long it may be believed that a name does not exist. */
  readonly minimumS: number;
};

/** Where the data of a record stand, and their type's number. */
export type DnsDataPlace = {
  readonly type: number;
  readonly start: number;
  readonly end: number;
};

const OTHER: DnsData = { kind: 'other' };
const NAME_KINDS: Readonly<Record<number, 'NS' | 'CNAME' | 'PTR'>> = {
  2: 'NS',
  5: 'CNAME',
  12: 'PTR',
};

/**
 * Reads the data of one record; a text says what is wrong. Names within may be compressed, in SRV
 * too, as servers before RFC 2782 did it. The data must end where the record does.
 */
export function readDnsData(bytes: Uint8Array, place: DnsDataPlace): DnsData | string {
  const { type, start, end } = place;
  switch (type) {
    case 1:
    case 28: {
      if (end - start !== (type === 1 ? 4 : 16)) return 'an address has a wrong length';
      return { kind: type === 1 ? 'A' : 'AAAA', address: formatIp(bytes.subarray(start, end)) };
    }
    case 2:
    case 5:
    case 12: {
      const target = lastName(bytes, start, end);
      return target === null ? badName(type) : { kind: NAME_KINDS[type]!, target };
    }
    case 6:
      return readAuthority(bytes, start, end);
    case 15: {
      if (end - start < 3) return badName(type);
      const target = lastName(bytes, start + 2, end);
      if (target === null) return badName(type);
      return { kind: 'MX', preference: uint16(bytes, start), target };
    }
    case 16:
      return readTexts(bytes, start, end);
    case 33:
      return readService(bytes, start, end);
    default:
      return OTHER;
  }
}

function readService(bytes: Uint8Array, start: number, end: number): DnsData | string {
  if (end - start < 7) return badName(33);
  const target = lastName(bytes, start + 6, end);
  if (target === null) return badName(33);
  return {
    kind: 'SRV',
    priority: uint16(bytes, start),
    weight: uint16(bytes, start + 2),
    port: uint16(bytes, start + 4),
    target,
  };
}

function readAuthority(bytes: Uint8Array, start: number, end: number): DnsData | string {
  const primary = readDnsName(bytes, start);
  if (typeof primary === 'string') return primary;
  const mailbox = readDnsName(bytes, primary.end);
  if (typeof mailbox === 'string') return mailbox;
  const at = mailbox.end;
  if (at + 20 !== end) return badName(6);
  return {
    kind: 'SOA',
    primary: primary.name,
    mailbox: mailbox.name,
    serial: uint32(bytes, at),
    refreshS: uint32(bytes, at + 4),
    retryS: uint32(bytes, at + 8),
    expireS: uint32(bytes, at + 12),
    minimumS: uint32(bytes, at + 16),
  };
}

function readTexts(bytes: Uint8Array, start: number, end: number): DnsData | string {
  const texts: string[] = [];
  let at = start;
  while (at < end) {
    const next = at + 1 + bytes[at]!;
    if (next > end) return 'a text is longer than its record';
    texts.push(asciiText(bytes, at + 1, next));
    at = next;
  }
  return texts.length === 0 ? 'a TXT record has no text' : { kind: 'TXT', texts };
}

/** The name that fills the rest of a record exactly. */
function lastName(bytes: Uint8Array, start: number, end: number): string | null {
  const result = readDnsName(bytes, start);
  return typeof result === 'string' || result.end !== end ? null : result.name;
}

function badName(type: number): string {
  return `the data of a record of type ${type} are not well-formed`;
}

function uint16(bytes: Uint8Array, at: number): number {
  return (bytes[at]! << 8) | bytes[at + 1]!;
}

function uint32(bytes: Uint8Array, at: number): number {
  return uint16(bytes, at) * 0x1_0000 + uint16(bytes, at + 2);
}
