/** What the comparison asks of a balancer, whichever it is. */

export type Program = 'ballast' | 'haproxy' | 'nginx' | 'floor';

/** What is balanced. */
export type Protocol = 'http' | 'tcp' | 'udp';

/** Paths of PEM files. `both` has the certificate and its key. */
export type CertificateFiles = {
  readonly cert: string;
  readonly key: string;
  readonly both: string;
};

/** How a balancer is set up for a sample. The same words for every contender. */
export type Setup = {
  /** A directory of this sample alone. */
  readonly dir: string;
  readonly core: number;
  readonly protocol: Protocol;
  /** HTTP: the balancer speaks TLS to clients with this certificate; null for none. */
  readonly certificate: CertificateFiles | null;
  readonly port: number;
  /** For metrics; see `Balancer.metricsUrl`. */
  readonly adminPort: number;
  readonly origins: readonly number[];
  /** Whether every request is logged. */
  readonly logs: boolean;
  /** A unix datagram socket that somebody reads; set when `logs` is. */
  readonly logSocket: string;
  /** 0: one route for everything, else so many: see `routeTarget`. */
  readonly routes: number;
  /** HAProxy only: `http-reuse always` instead of its default, `safe`. */
  readonly reuseAlways: boolean;
  /** HAProxy in TCP mode: `option splice-auto`. */
  readonly splice: boolean;
  /** UDP: each datagram is on its own, instead of a session for each client. */
  readonly perPacket: boolean;
  /** Ballast only: with the forwarding fields of its defaults. */
  readonly asItComes: boolean;
  /** Ballast only: where its workers write processor profiles; null for none. */
  readonly profileDir: string | null;
};

/** A balancer that runs and serves. */
export type Balancer = {
  /** Every process of it, now. */
  pids(): readonly number[];
  /** Prometheus text or the like; null where there is none. */
  readonly metricsUrl: string | null;
  /** Lines written to its access log file; null where it does not log to a file. */
  readonly logFile: string | null;
  stop(): Promise<void>;
};

export type Contender = {
  readonly program: Program;
  /** The version, or null where the program is not there. */
  version(): Promise<string | null>;
  /** Whether it balances this protocol, as it is installed here. */
  serves(protocol: Protocol): boolean;
  /** Resolves once requests are served. */
  start(setup: Setup): Promise<Balancer>;
};

/** Host and first path segment of the route with this number; 100 hosts share the routes. */
export function routeTarget(route: number): { readonly host: string; readonly path: string } {
  return { host: `h${route % 100}.bench.example`, path: `/r${route}/` };
}
