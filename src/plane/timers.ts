/** Which limit a connection's timer stands for: `Connection.timer`. */
export const TIMER = {
  none: 0,
  /** Downstream: the whole request head. */
  head: 1,
  /** Downstream: the next request. */
  keepAlive: 2,
  /** Downstream: progress of the request's body. */
  body: 3,
  /** Downstream: the client takes the answer. */
  write: 4,
  /** Downstream: what is still sent to us while we close. */
  linger: 5,
  /** Downstream: a server that is free. */
  queue: 6,
  /** Either side of a tunnel. */
  tunnel: 7,
  /** Downstream: the end of the handshake of TLS. */
  handshake: 8,
  /** Upstream: the connection is made. */
  connect: 9,
  /** Upstream: the answer begins. */
  firstByte: 10,
  /** Upstream: progress of the answer's body. */
  answerBody: 11,
  /** Upstream: the next request. */
  upstreamIdle: 12,
  /** Upstream: the server takes the request. */
  upstreamWrite: 13,
} as const;
