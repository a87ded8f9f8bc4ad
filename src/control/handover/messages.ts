/**
 * What a supervisor and its successor say to each other while the one takes over from the other:
 *
 *   running                                        starting
 *      │ begin: sections, names of sockets            │
 *      │ descriptors, on a channel of their own ─────▶│ reads its configuration, starts its workers,
 *      │                                              │ which hold back: they take nothing yet
 *      │◀──────────────────────── ready: sockets used │
 *      │ go ─────────────────────────────────────────▶│ its workers accept connections
 *      │◀──────────────────────────────────── serving │
 *      │ its workers leave the sockets                │
 *      │ left ───────────────────────────────────────▶│ its workers receive datagrams too
 *
 * Until `left` either may end, and the other goes on: who started, by ending what was started; who
 * was started, by ending itself. Connections that come meanwhile are accepted by both, datagrams wait
 * in their socket until one side has left it, so that no session is begun twice.
 */

/** Version of the messages and of the document; another one is refused. */
export const HANDOVER_FORMAT = 1;

/** Set in the environment of a program that is to take over. */
export const HANDOVER_VARIABLE = 'BALLAST_HANDOVER';

/** Descriptors that it inherits. */
export const HANDOVER_FD = { messages: 3, descriptors: 4 } as const;

/** Longest message in bytes: what is known of some 100,000 servers. */
export const HANDOVER_BYTES_MAX = 256 << 20;

/** Name of the descriptor that leads to the process that was started first (stand-in.ts). */
export const STAND_IN_KEY = 'stand-in';

/** What the name of the admin server's socket begins with; its bind key follows. */
export const ADMIN_PREFIX = 'admin ';

/** What is handed over, by the names of who knows it: see sections.ts. */
export type SectionDocument = { readonly [name: string]: unknown };

export type ToHeir =
  | {
      readonly type: 'begin';
      readonly format: number;
      /** Version of the program that hands over. */
      readonly version: string;
      /** Of the successor. */
      readonly generation: number;
      /** Names of the descriptors that are passed. */
      readonly sockets: readonly string[];
      readonly sections: SectionDocument;
    }
  | { readonly type: 'go' }
  | { readonly type: 'left' };

export type FromHeir =
  | {
      readonly type: 'ready';
      readonly version: string;
      /** Names of the sockets that it listens on. */
      readonly taken: readonly string[];
    }
  | { readonly type: 'serving' }
  | { readonly type: 'failed'; readonly message: string; readonly hint: string };
