/**
 * Why Ballast itself ended, refused or cut an exchange: stable, machine-readable words.
 *
 * A reason appears in the access log, in the `Ballast-Reason` header of an answer that Ballast made
 * itself, and as a label of `ballast_reasons_total`. Its id is its place in this table; ids are
 * internal to one version, the words are not.
 *
 * `status` is the HTTP status that the reason is answered with, 0 where no answer can be given any
 * more. `fault` says whose doing it is: the client's, the server's, or ours.
 */
export type Fault = 'none' | 'client' | 'server' | 'local';

export type ReasonRow = {
  readonly word: string;
  readonly status: number;
  readonly fault: Fault;
  readonly meaning: string;
};

const row = (word: string, status: number, fault: Fault, meaning: string): ReasonRow => ({
  word,
  status,
  fault,
  meaning,
});

/** Index of every reason in `REASONS`. */
export const REASON = {
  none: 0,
  badRequestLine: 1,
  badMethod: 2,
  badTarget: 3,
  badVersion: 4,
  unsupportedVersion: 5,
  badFieldName: 6,
  badFieldValue: 7,
  fieldFolding: 8,
  bareLineFeed: 9,
  bareCarriageReturn: 10,
  missingHost: 11,
  duplicateHost: 12,
  badHost: 13,
  badContentLength: 14,
  duplicateContentLength: 15,
  lengthAndChunked: 16,
  badTransferEncoding: 17,
  unsupportedTransferCoding: 18,
  chunkedInHttp10: 19,
  badChunk: 20,
  chunkExtensionTooLong: 21,
  badTrailer: 22,
  badPath: 23,
  encodedSlash: 24,
  uriTooLong: 25,
  headTooLarge: 26,
  tooManyFields: 27,
  bodyTooLarge: 28,
  headTimeout: 29,
  bodyTimeout: 30,
  bodyTooSlow: 31,
  connectNotAllowed: 32,
  expectationFailed: 33,
  noRoute: 34,
  noServerUp: 35,
  queueFull: 36,
  queueTimeout: 37,
  connectFailed: 38,
  connectTimeout: 39,
  firstByteTimeout: 40,
  serverClosed: 41,
  serverBadAnswer: 42,
  serverAnswerTooLarge: 43,
  serverTruncated: 44,
  serverStalled: 45,
  clientClosed: 46,
  writeTimeout: 47,
  tunnelTimeout: 48,
  draining: 49,
  bufferMemory: 50,
  exception: 51,
  unsolicitedUpgrade: 52,
  routed: 53,
  idleTimeout: 54,
  tooManyRequests: 55,
  traceNotAllowed: 56,
  loopDetected: 57,
  serverWriteTimeout: 58,
} as const;

export type ReasonId = (typeof REASON)[keyof typeof REASON];

/** Every reason, in the order of its id. */
export const REASONS: readonly ReasonRow[] = [
  row('none', 0, 'none', 'nothing went wrong'),
  row('bad-request-line', 400, 'client', 'the request line is not METHOD SP TARGET SP VERSION'),
  row('bad-method', 400, 'client', 'the method is not a token'),
  row('bad-target', 400, 'client', 'the request target has a form that the method does not allow'),
  row('bad-version', 400, 'client', 'the version is not written HTTP/1.x'),
  row('unsupported-version', 505, 'client', 'the version of HTTP is not 1.x'),
  row('bad-field-name', 400, 'client', 'a field name is not a token, or white space follows it'),
  row('bad-field-value', 400, 'client', 'a field value has a forbidden byte'),
  row('field-folding', 400, 'client', 'a field continues on a second line (obs-fold)'),
  row('bare-line-feed', 400, 'client', 'a line ends in LF without CR'),
  row('bare-carriage-return', 400, 'client', 'a CR is not followed by LF'),
  row('missing-host', 400, 'client', 'an HTTP/1.1 request has no Host'),
  row('duplicate-host', 400, 'client', 'a request has more than one Host'),
  row('bad-host', 400, 'client', 'the Host is not a host with an optional port'),
  row('bad-content-length', 400, 'client', 'Content-Length is not a plain number below 2^53'),
  row('duplicate-content-length', 400, 'client', 'Content-Length is given more than once'),
  row('length-and-chunked', 400, 'client', 'both Content-Length and Transfer-Encoding are given'),
  row('bad-transfer-encoding', 400, 'client', 'Transfer-Encoding does not end in one "chunked"'),
  row('unsupported-transfer-coding', 501, 'client', 'a transfer coding other than chunked is used'),
  row('chunked-in-http10', 400, 'client', 'an HTTP/1.0 message has a Transfer-Encoding'),
  row('bad-chunk', 400, 'client', 'the chunked framing is broken'),
  row('chunk-extension-too-long', 400, 'client', 'chunk extensions exceed their limit'),
  row('bad-trailer', 400, 'client', 'a trailer line is malformed or the trailers are too large'),
  row('bad-path', 400, 'client', 'the path has a broken escape, or climbs above its root'),
  row('encoded-slash', 400, 'client', 'the path has an encoded slash or backslash (%2F, %5C)'),
  row('uri-too-long', 414, 'client', 'the request target exceeds its limit'),
  row('head-too-large', 431, 'client', 'the request head exceeds its limit'),
  row('too-many-fields', 431, 'client', 'the request has more fields than allowed'),
  row('body-too-large', 413, 'client', 'the request body exceeds its limit'),
  row('head-timeout', 408, 'client', 'the whole request head did not arrive in time'),
  row('body-timeout', 408, 'client', 'the request body made no progress in time'),
  row('body-too-slow', 408, 'client', 'the request body stayed below its minimum rate'),
  row('connect-not-allowed', 405, 'client', 'CONNECT is not served here'),
  row('expectation-failed', 417, 'client', 'an expectation other than 100-continue is asked for'),
  row('no-route', 404, 'client', 'no route matches the request'),
  row('no-server-up', 503, 'server', 'no server of the pool is up'),
  row('queue-full', 503, 'server', 'all servers are at their limit and the queue is full'),
  row('queue-timeout', 503, 'server', 'no server became free in time'),
  row('connect-failed', 502, 'server', 'no connection to a server could be made'),
  row('connect-timeout', 504, 'server', 'a connection to a server was not made in time'),
  row('first-byte-timeout', 504, 'server', 'the answer did not begin in time'),
  row('server-closed', 502, 'server', 'the server closed the connection before it answered'),
  row('server-bad-answer', 502, 'server', 'the answer of the server is not valid HTTP'),
  row('server-answer-too-large', 502, 'server', 'the head of the answer exceeds its limit'),
  row('server-truncated', 0, 'server', 'the server closed the connection within its answer'),
  row('server-stalled', 0, 'server', 'the body of the answer made no progress in time'),
  row('client-closed', 0, 'client', 'the client closed the connection before the answer ended'),
  row('write-timeout', 0, 'client', 'the client read nothing for too long'),
  row('tunnel-timeout', 0, 'none', 'nothing passed through the tunnel for too long'),
  row('draining', 0, 'local', 'the connection outlived the drain time'),
  row('buffer-memory', 503, 'local', 'the buffer memory of the worker is used up'),
  row('exception', 500, 'local', 'a programming error ended the connection'),
  row('unsolicited-upgrade', 502, 'server', 'the server switched protocols unasked'),
  row('routed', 0, 'none', 'a route answered or redirected by itself, as configured'),
  row('idle-timeout', 0, 'none', 'the idle connection was closed'),
  row('too-many-requests', 503, 'local', 'the connection limit is reached'),
  row('trace-not-allowed', 405, 'client', 'TRACE is not served here'),
  row('loop-detected', 508, 'local', 'the request has passed through this balancer too often'),
  row('server-write-timeout', 504, 'server', 'the server took no more of the request in time'),
];
