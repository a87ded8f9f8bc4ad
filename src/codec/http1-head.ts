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

/**
 * Fields that end at this hop (RFC 9110 §7.6.1), as bits `1 << FIELD id`: their drop mark is always
 * set, and the data plane makes its own where it needs one.
 */
export const HOP_BY_HOP =
  (1 << FIELD.transferEncoding) |
  (1 << FIELD.connection) |
  (1 << FIELD.keepAlive) |
  (1 << FIELD.proxyConnection) |
  (1 << FIELD.te) |
  (1 << FIELD.upgrade) |
  (1 << FIELD.http2Settings);

/** How the length of a body is known (RFC 9112 §6.3). */
export const BODY = {
  /** Nothing follows the head. */
  none: 0,
  /** `contentLength` bytes follow, at least one. */
  length: 1,
  /** Chunks follow. */
  chunked: 2,
  /** All bytes until the server closes; answers only. */
  untilClose: 3,
} as const;

/** Most fields that a head can hold, whatever the configured limit. */
export const FIELDS_MAX = 256;
/** Numbers per field in `fields`: name start, name end, value start, value end, FIELD id, drop. */
export const FIELD_STRIDE = 6;

/** Bits of `flags`. */
export const HEAD_FLAG = {
  /**
   * The connection ends with this message: Connection: close, HTTP/1.0 without keep-alive, an
   * answer that ends with its connection, or framing that is not to be relied on any further.
   */
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
  /** The path was changed by canonicalisation, or the target was in absolute-form. */
  targetChanged: 512,
  /** A field name holds a character other than letters, digits and "-". */
  unusualNames: 1024,
  /** The target was in absolute-form: its authority counts, Host is to be made from it. */
  absoluteForm: 2048,
} as const;

/** What `FieldTable.unusualPolicy` may be. */
export const UNUSUAL_NAMES = { keep: 0, drop: 1, reject: 2 } as const;

/** The fields of one head: what `scanFields` fills in, shared by requests and answers. */
export class FieldTable {
  readonly fields = new Int32Array(FIELDS_MAX * FIELD_STRIDE);
  /** By FIELD id: index into `fields` of the first such field; valid where `seen` has its bit. */
  readonly firstOf = new Int32Array(32);
  count = 0;
  /** Bits `1 << FIELD id` of the known fields that are there, and of those given repeatedly. */
  seen = 0;
  repeated = 0;
  /** Whether any field has its drop mark set, and whether any name is unusual. */
  drops = false;
  unusual = false;
  /** Set before a scan: most fields allowed (at most FIELDS_MAX), and one of UNUSUAL_NAMES. */
  limit = FIELDS_MAX;
  unusualPolicy: number = UNUSUAL_NAMES.keep;
}

/** Limits of one parse; see LimitsPlan for the meaning. */
export type HeadLimits = {
  readonly headBytes: number;
  readonly uriBytes: number;
  readonly fields: number;
};

/** What the canonical form of a path depends on; see ListenerPlan for the meaning. */
export type PathPolicy = {
  readonly allowEncodedSlash: boolean;
  readonly mergeSlashes: boolean;
};

/** Policy of one parse of a request. */
export type RequestPolicy = HeadLimits &
  PathPolicy & {
    readonly unusualFieldNames: 'drop' | 'keep' | 'reject';
  };

/** Head of a request; see the top of this file for what the offsets mean. */
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
  /** End of the host without port and without a trailing dot, within the above. */
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
  readonly table = new FieldTable();
  /** The numbers of `table`, FIELD_STRIDE per field. */
  readonly fields: Int32Array = this.table.fields;
  /** Index just past the final CRLF. */
  end = 0;
  /** First byte of the first field line, that is just past the request line. */
  fieldsStart = 0;
  /** One of BODY: none, length or chunked. */
  body: number = BODY.none;
  /** Value for Upgrade without its h2c offers, where HEAD_FLAG.upgrade is set; else -1. */
  upgradeStart = -1;
  upgradeEnd = -1;
  /** The parser's own: the path may not be in canonical form yet. */
  pathSuspect = false;
}

/** Head of an answer. `status` is 100 to 999: statuses past 599 have no class. */
export class ResponseHead {
  status = 0;
  minor = 1;
  reasonStart = 0;
  reasonEnd = 0;
  flags = 0;
  contentLength = -1;
  fieldCount = 0;
  readonly table = new FieldTable();
  /** The numbers of `table`, FIELD_STRIDE per field. */
  readonly fields: Int32Array = this.table.fields;
  end = 0;
  fieldsStart = 0;
  /** One of BODY. */
  body: number = BODY.none;
  /** Value of the Upgrade field where HEAD_FLAG.upgrade is set; else -1. */
  upgradeStart = -1;
  upgradeEnd = -1;
}
