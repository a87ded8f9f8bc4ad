/**
 * A VRRP advertisement (RFC 9568 §5.1 for version 3, RFC 3768 §5.1 for version 2).
 *
 *    0                   1                   2                   3
 *   +-------+-------+---------------+---------------+---------------+
 *   |Version| Type 1|     VRID      |   Priority    |  Addresses    |
 *   +-------+-------+---------------+---------------+---------------+
 *   |v3: 0 | interval in cs   v2: auth type, s      |   Checksum    |
 *   +-----------------------------------------------+---------------+
 *   | addresses of 4 or 16 bytes each …             | v2: 8 bytes of authentication
 */

/** Protocol number of VRRP over IP. */
export const IPPROTO_VRRP = 112;
/** Bytes before the addresses. */
export const HEAD_BYTES = 8;
/** Bytes of authentication data at the end of version 2, always. */
export const V2_AUTH_BYTES = 8;
/** The type of the only message there is. */
export const TYPE_ADVERTISEMENT = 1;
/** Groups that advertisements go to (RFC 9568 §5.1.1.2, §5.1.2.2). */
export const VRRP_GROUP = { ipv4: '224.0.0.18', ipv6: 'ff02::12' } as const;
/** Greatest interval of version 3: twelve bits of hundredths of a second. */
export const V3_INTERVAL_MS_MAX = 40_950;

export type IpFamily = 'ipv4' | 'ipv6';

/** How the checksum of version 3 over IPv4 is made; version 2 and IPv6 leave no choice. */
export type ChecksumForm =
  /** With a pseudo-header, as keepalived and FRR do (RFC 5798). */
  | 'compat'
  /** Over the message alone (RFC 9568 §5.2.8). */
  | 'rfc9568';

export type Advert = {
  readonly version: 2 | 3;
  readonly vrid: number;
  /** 0 resigns. */
  readonly priority: number;
  readonly intervalMs: number;
  /** Each of 4 or 16 bytes, in the order of the message. */
  readonly addresses: readonly Uint8Array[];
};

/** What the IP layer knows of a message. Addresses of 4 or 16 bytes. */
export type AdvertCarrier = {
  readonly family: IpFamily;
  readonly source: Uint8Array;
  readonly destination: Uint8Array;
};
