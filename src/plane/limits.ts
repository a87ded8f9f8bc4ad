/** Bounds of the data plane that no configuration changes. */

/** Receives of one connection in one turn of the loop. */
export const READS_PER_TURN = 8;
/** Interim answers (1xx) passed on for one request. */
export const INTERIMS_MAX = 16;
/** Bytes of a method in the access log. */
export const METHOD_TEXT_MAX = 32;
/** What is still read, and how long, from a client whose connection is about to be closed. */
export const LINGER_BYTES = 1 << 20;
export const LINGER_MS = 2_000;
/** Requests answered on one connection in one turn where they come pipelined. */
export const PIPELINED_PER_TURN = 32;
/** Requests taken from a pool's queue in one go. */
export const QUEUE_KICKS = 64;
/** How often a worker with a queue looks for room that another worker has made, in ms. */
export const QUEUE_POLL_MS = 5;
/** How long a client that has only just connected may still ask for something when we leave. */
export const FIRST_REQUEST_MS = 1_000;
