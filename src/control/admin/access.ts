/** What the admin server knows of the way by which a request reaches it. */
export type AdminAccess = {
  /** A unix socket, which no browser reaches, or an IP address. */
  readonly transport: 'unix' | 'tcp';
  /** What an Origin of the dashboard's own begins with. */
  readonly scheme: 'http' | 'https';
  /**
   * Whether only addresses and localhost are taken as the host: where nothing else proves who asks, a
   * name may be one that a page's owner lets point here (DNS rebinding).
   */
  readonly isHostStrict: boolean;
};

/** A unix socket: whoever reaches it is its owner. */
export const UNIX_ACCESS: AdminAccess = { transport: 'unix', scheme: 'http', isHostStrict: false };

/** Loopback without a token: whoever is on this machine. */
export const LOOPBACK_ACCESS: AdminAccess = {
  transport: 'tcp',
  scheme: 'http',
  isHostStrict: true,
};
