/**
 * What the HTTP/1.1 parsers fill in: offsets into the caller's bytes, never copies.
 *
 * One object of each class is made per worker and used again for every message, so that parsing
 * allocates nothing. All offsets are absolute indices into the `bytes` given to the parser.
 */

/** Methods that the data plane tells apart; any other token is `METHOD.other`. */
export const METHOD = {
  other: 0,
  get: 1,
  head: 2,
  post: 3,
  put: 4,
  delete: 5,
  options: 6,
  patch: 7,
  trace: 8,
  connect: 9,
} as const;

/** Fields that a proxy must know; any other is `FIELD.other`. */
export const FIELD = {
  other: 0,
  host: 1,
  contentLength: 2,
  transferEncoding: 3,
  connection: 4,
  keepAlive: 5,
  proxyConnection: 6,
  te: 7,
  upgrade: 8,
  expect: 9,
  trailer: 10,
  xForwardedFor: 11,
  xForwardedProto: 12,
  xForwardedHost: 13,
  forwarded: 14,
  via: 15,
  xRequestId: 16,
  http2Settings: 17,
  date: 18,
  maxForwards: 19,
  secWebSocketKey: 20,
} as const;

/** Most fields that a head can hold, whatever the configured limit. */
export const FIELDS_MAX = 256;
/** Numbers per field in `fields`: name start, name end, value start, value end, FIELD id, drop. */
export const FIELD_STRIDE = 6;

/** Bits of `flags`. */
export const HEAD_FLAG = {
  /** Connection: close. */
  close: 1,
  /** Connection: keep-alive. */
  keepAlive: 2,
  /** Connection names upgrade and an Upgrade field is there. */
  upgrade: 4,
  /** Upgrade offers websocket. */
  webSocket: 8,
  /** Expect: 100-continue. */
  expectContinue: 16,
  /** Transfer-Encoding: chunked. */
  chunked: 32,
  /** A Content-Length is there (`contentLength` is its value). */
  length: 64,
  /** At least one field has its drop mark set (hop-by-hop, named by Connection, or unusual). */
  drops: 128,
  /** TE: trailers. */
  trailers: 256,
  /** The path was changed by canonicalisation, or the target is not in origin-form. */
  targetChanged: 512,
  /** A field name holds a character other than letters, digits and "-". */
  unusualNames: 1024,
} as const;

/** Limits of one parse; see LimitsPlan for the meaning. */
export type HeadLimits = {
  readonly headBytes: number;
  readonly uriBytes: number;
  readonly fields: number;
};

/** Policy of one parse of a request. */
export type RequestPolicy = HeadLimits & {
  readonly allowEncodedSlash: boolean;
  readonly mergeSlashes: boolean;
  readonly unusualFieldNames: 'drop' | 'keep' | 'reject';
};

export class RequestHead {
  method = 0;
  methodStart = 0;
  methodEnd = 0;
  /** Minor version of HTTP/1: 0 or 1 (a higher minor counts as 1). */
  minor = 1;
  /** The target as received. */
  targetStart = 0;
  targetEnd = 0;
  /** Authority: of the target where it has one, else of Host; both -1 where HTTP/1.0 gave none. */
  hostStart = -1;
  hostEnd = -1;
  /** The host without port, within the above. */
  hostNameEnd = -1;
  /** Path in canonical form; `*` for OPTIONS *. */
  pathStart = 0;
  pathEnd = 0;
  /** Query without "?"; start = end = -1 where there is none. */
  queryStart = -1;
  queryEnd = -1;
  /** Bits of HEAD_FLAG. */
  flags = 0;
  /** -1 where there is none. */
  contentLength = -1;
  fieldCount = 0;
  readonly fields = new Int32Array(FIELDS_MAX * FIELD_STRIDE);
  /** Index just past the final CRLF. */
  end = 0;
  /** First byte of the first field line, that is just past the request line. */
  fieldsStart = 0;
}

export class ResponseHead {
  status = 0;
  minor = 1;
  reasonStart = 0;
  reasonEnd = 0;
  flags = 0;
  contentLength = -1;
  fieldCount = 0;
  readonly fields = new Int32Array(FIELDS_MAX * FIELD_STRIDE);
  end = 0;
  fieldsStart = 0;
}
