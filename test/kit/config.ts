/** Configurations of tests: small objects that are written as JSON, which is YAML too. */

/** Any part of a configuration. */
export type Tree = { readonly [key: string]: unknown };

export type SimpleConfig = {
  /** Port of the listener `web`. */
  readonly port: number;
  /** Addresses of the servers of the pool `web`, or maps with settings. */
  readonly servers: readonly unknown[];
  /** Further keys of the listener, of the pool, and of the top level. */
  readonly listener?: Tree;
  readonly pool?: Tree;
  readonly top?: Tree;
};

/** Forwarding fields all off: servers get what the client sent and nothing more. */
export const NO_FORWARDING: Tree = {
  xForwardedFor: false,
  xForwardedProto: false,
  xForwardedHost: false,
};

/** One listener `web` before one pool `web`, one worker. */
export function simpleConfig({ port, servers, listener, pool, top }: SimpleConfig): Tree {
  return {
    workers: 1,
    ...top,
    listeners: {
      web: {
        bind: `127.0.0.1:${port}`,
        forwarded: NO_FORWARDING,
        ...(listener?.['routes'] === undefined ? { pool: 'web' } : {}),
        ...listener,
      },
      ...(top?.['listeners'] as Tree | undefined),
    },
    pools: { web: { servers, ...pool }, ...(top?.['pools'] as Tree | undefined) },
  };
}
