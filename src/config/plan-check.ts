/** The parts of a plan that say how servers are checked. Used by the supervisor alone. */
import type { FieldPair } from './plan.ts';

export type CheckPlan = {
  /** Same digest, same check: its verdicts survive a reload. */
  readonly digest: string;
  readonly everyMs: number;
  /** Interval while a server is down. */
  readonly downEveryMs: number;
  /** Interval while a server changes from up to down or back. */
  readonly changingEveryMs: number;
  readonly timeoutMs: number;
  readonly rise: number;
  readonly fall: number;
  /** Each wait is spread by up to this share of itself, in percent. */
  readonly jitterPercent: number;
  /** What a server counts as until its first verdict. */
  readonly start: 'unknown' | 'up' | 'down';
  /** Another port than the server's own; 0 is the server's. */
  readonly port: number;
  readonly probe: ProbePlan;
};

/**
 * Where a secret comes from. Files and variables are read when a probe needs them, so that a plan
 * holds no secret that the configuration file does not hold; never written to a log or a status.
 */
export type SecretPlan =
  | { readonly kind: 'text'; readonly text: string }
  /** Absolute path; white space at the end of the file does not count. */
  | { readonly kind: 'file'; readonly path: string }
  | { readonly kind: 'env'; readonly name: string };

/** TLS towards a server, as a check speaks it. */
export type TlsProbePlan = {
  /** Whether the certificate must be valid for `serverName` (on by default). */
  readonly verify: boolean;
  /** Name for SNI and the certificate; "" is that of the server (ServerPlan.tlsName). */
  readonly serverName: string;
  /** Absolute paths of PEM files; "" is none (for `caFile`: the roots that Node carries). */
  readonly caFile: string;
  readonly certFile: string;
  readonly keyFile: string;
};

/** A text or regular expression to be found in what a server says. */
export type TextPattern = { readonly kind: 'text' | 'regex'; readonly value: string };

export type ProbePlan =
  | TcpProbePlan
  | HttpProbePlan
  | PostgresProbePlan
  | MysqlProbePlan
  | RedisProbePlan
  | SmtpProbePlan
  | LdapProbePlan
  | GrpcProbePlan
  | DnsProbePlan
  | SipProbePlan
  | ExecProbePlan;

/** Connects, then goes through the steps; without steps a connection (and TLS) is enough. */
export type TcpProbePlan = {
  readonly kind: 'tcp';
  readonly tls: TlsProbePlan | null;
  readonly steps: readonly TcpStep[];
};

/** `expect` takes bytes until they hold the pattern, at most 64 KiB; hex is lower-case, no spaces. */
export type TcpStep =
  | { readonly kind: 'send'; readonly hex: string }
  | { readonly kind: 'expect'; readonly pattern: TextPattern }
  | { readonly kind: 'expect-hex'; readonly hex: string };

/** One request after another; the first that fails decides. */
export type HttpProbePlan = {
  readonly kind: 'http';
  readonly tls: TlsProbePlan | null;
  /** At least one. */
  readonly steps: readonly HttpStep[];
};

export type HttpStep = {
  readonly method: string;
  readonly path: string;
  /** Value of Host; "" is the address of the server. */
  readonly host: string;
  readonly fields: readonly FieldPair[];
  /** Body of the request. Base64. */
  readonly bodyBase64: string;
  /** Inclusive ranges. */
  readonly statuses: readonly (readonly [number, number])[];
  /** What the first 64 KiB of the body must hold; null: any body. */
  readonly body: TextPattern | null;
};

export type PostgresProbePlan = {
  readonly kind: 'postgres';
  readonly user: string;
  readonly password: SecretPlan | null;
  readonly database: string;
  readonly tls: TlsProbePlan | null;
  readonly role: 'primary' | 'replica' | 'any';
  /** A replica that is behind its primary by more fails; 0 is no limit. */
  readonly maxLagMs: number;
  readonly query: QueryPlan | null;
};

export type MysqlProbePlan = {
  readonly kind: 'mysql';
  readonly user: string;
  readonly password: SecretPlan | null;
  /** "" is none. */
  readonly database: string;
  readonly tls: TlsProbePlan | null;
  readonly role: 'primary' | 'replica' | 'any';
  readonly maxLagMs: number;
  readonly query: QueryPlan | null;
};

/** A query and, unless null, the text that its first column of its first row must be. */
export type QueryPlan = { readonly text: string; readonly expect: string | null };

export type RedisProbePlan = {
  readonly kind: 'redis';
  /** "" is the default user. */
  readonly user: string;
  readonly password: SecretPlan | null;
  readonly tls: TlsProbePlan | null;
  /** A server that is loading its data is down whatever its role. */
  readonly role: 'primary' | 'replica' | 'any';
  /** A replica whose link to its primary has been silent for longer fails; 0 is no limit. */
  readonly maxLagMs: number;
};

export type SmtpProbePlan = {
  readonly kind: 'smtp';
  /** Name said in EHLO. */
  readonly hello: string;
  readonly tls: TlsProbePlan | null;
  /** Whether TLS begins by STARTTLS instead of at once. */
  readonly startTls: boolean;
};

export type LdapProbePlan = {
  readonly kind: 'ldap';
  /** "" binds anonymously. */
  readonly bindDn: string;
  readonly password: SecretPlan | null;
  readonly tls: TlsProbePlan | null;
};

/** grpc.health.v1.Health/Check. */
export type GrpcProbePlan = {
  readonly kind: 'grpc';
  /** "" is the server as a whole. */
  readonly service: string;
  /** Value of :authority; "" is the address of the server. */
  readonly authority: string;
  readonly tls: TlsProbePlan | null;
};

export type DnsProbePlan = {
  readonly kind: 'dns';
  readonly transport: 'udp' | 'tcp';
  readonly name: string;
  readonly type: 'A' | 'AAAA' | 'NS' | 'SOA' | 'TXT' | 'SRV' | 'MX' | 'CNAME' | 'PTR';
  /** Response codes that pass, for example NOERROR. */
  readonly codes: readonly string[];
  /** An address or a text that one answer must have; null: any. */
  readonly expect: string | null;
};

/** SIP OPTIONS (RFC 3261 §11). */
export type SipProbePlan = {
  readonly kind: 'sip';
  readonly transport: 'udp' | 'tcp';
  /** Request-URI; "" is sip:<address of the server>. */
  readonly uri: string;
  readonly statuses: readonly (readonly [number, number])[];
};

/** A program of the operator's; exit status 0 passes. */
export type ExecProbePlan = {
  readonly kind: 'exec';
  /** Absolute path of the program, and its arguments. No shell. */
  readonly command: readonly string[];
};

/** HAProxy's agent-check: the server itself says how much it can take. */
export type AgentPlan = {
  readonly digest: string;
  readonly everyMs: number;
  readonly timeoutMs: number;
  readonly port: number;
  /** Sent after connecting; "" sends nothing. */
  readonly send: string;
};
