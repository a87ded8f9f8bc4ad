/** What a row of the comparison is made of. */
import type { Program, Protocol } from './contenders/contender.ts';

/** What a sample is about: processor time, a quantile of the latency, or memory. */
export type Measure = 'cpu' | 'p99' | 'memory';

/** HTTP: bench/c/load.c against bench/c/origin.c. */
export type HttpLoad = {
  readonly kind: 'http';
  readonly mode: 'closed' | 'close' | 'open' | 'idle';
  readonly connections: number;
  readonly path: string;
  /** Bytes that the body of every answer must have. */
  readonly expect: number;
  readonly uploadBytes: number;
  /** Whether requests carry the fields of a browser, about 550 bytes. */
  readonly browser: boolean;
};

/** HTTPS: bench/c/tls-load.c against bench/c/origin.c; the servers are spoken to in the clear. */
export type HttpsLoad = {
  readonly kind: 'https';
  /** Requests on open connections; a connection each, with a full handshake or a resumed one. */
  readonly mode: 'keep' | 'full' | 'resume' | 'idle';
  readonly connections: number;
  readonly path: string;
  readonly expect: number;
};

/** TCP without a protocol: bench/c/tcp-load.c against bench/c/endpoint.c. */
export type TcpLoad = {
  readonly kind: 'tcp';
  readonly mode: 'exchange' | 'connect' | 'down' | 'up';
  readonly connections: number;
};

/** UDP: bench/c/udp-load.c against bench/c/endpoint.c. */
export type UdpLoad = {
  readonly kind: 'udp';
  /** Ports that ask in turn, and how many of them wait for an answer at a time. */
  readonly ports: number;
  readonly outstanding: number;
  /** Whether each datagram is on its own, instead of a session for each port. */
  readonly perPacket: boolean;
};

export type Load = HttpLoad | HttpsLoad | TcpLoad | UdpLoad;

/** What of a balancer a load is for. */
export function protocolOf({ kind }: Load): Protocol {
  return kind === 'https' ? 'http' : kind;
}

export type Variant = {
  /** Unique in its row. */
  readonly id: string;
  readonly program: Program;
  /** What is printed where the program's name does not say it all. */
  readonly title: string;
  readonly routes: number;
  readonly reuseAlways: boolean;
  readonly asItComes: boolean;
  /** HAProxy in TCP mode: with `option splice-auto`. */
  readonly splice: boolean;
};

export type Target = {
  readonly limit: number;
  /** Variants: the ratio is `of` divided by `to`. */
  readonly of: string;
  readonly to: string;
  /** Another variant for which the same limit holds. */
  readonly alsoTo?: string;
};

export type Row = {
  readonly id: string;
  readonly title: string;
  readonly measure: Measure;
  /** What one sample's number counts. */
  readonly unit: string;
  readonly logs: boolean;
  readonly load: Load;
  readonly variants: readonly Variant[];
  /** Null: for information. */
  readonly target: Target | null;
  /** Said below the table. */
  readonly note: string;
};

/** A program as a row runs it. */
export function variant(program: Program, more: Partial<Variant> = {}): Variant {
  return {
    id: program,
    program,
    title: program,
    routes: 0,
    reuseAlways: false,
    asItComes: false,
    splice: false,
    ...more,
  };
}
