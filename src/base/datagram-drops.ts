/**
 * Why a datagram was not passed on: the label `cause` of
 * `ballast_listener_datagrams_dropped_total`. Its id is its place in this table, and that of its
 * counter behind LISTENER_METER.drops.
 */

/** Index of every cause in `DATAGRAM_DROPS`. */
export const DROP = {
  sessionsFull: 0,
  noServerUp: 1,
  serversFull: 2,
  noSocket: 3,
  toServer: 4,
  toClient: 5,
  truncated: 6,
  unasked: 7,
  draining: 8,
  receiveBuffer: 9,
} as const;

/** The word of each cause, and what it means. */
export const DATAGRAM_DROPS: readonly (readonly [word: string, meaning: string])[] = [
  ['sessions-full', 'of a new client: the bound on sessions is reached, all of them are in use'],
  ['no-server-up', 'no server of the pool is up'],
  ['servers-full', 'of a new client: every server that is up has its most sessions'],
  ['no-socket', 'of a new client: no descriptor or no port is left for a socket to the server'],
  ['to-server', 'the kernel did not take it for the server: its buffer is full, or it is too long'],
  ['to-client', 'the kernel did not take it for the client: its buffer is full, or no route'],
  ['truncated', 'it is longer than a datagram may be'],
  ['unasked', 'from a server to nobody: an answer that came too late, or a second one'],
  ['draining', 'of a new client, while the worker drains'],
  ['receive-buffer', 'the kernel threw it away before it was read: bursts beyond the buffer'],
];
