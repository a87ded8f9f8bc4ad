/**
 * The parts of a plan that belong to TLS. A plan holds paths and names, never keys: what the files
 * hold travels in a certificate store (src/codec/certificate-store.ts), so that a plan can be shown.
 */

/** One entry of `certificates`: one certificate with its key, or as many as a folder holds. */
export type CertificatePlan = {
  /** Stable name: the configuration's key. */
  readonly key: string;
  readonly source: CertificateSource;
  readonly ocsp: OcspPlan;
};

export type CertificateSource =
  /** Absolute paths of PEM files; both may be the same one. */
  | { readonly kind: 'files'; readonly certFile: string; readonly keyFile: string }
  /** Absolute path: each `NAME.crt` or `NAME.pem` in it, its key in `NAME.key` or in itself. */
  | { readonly kind: 'folder'; readonly path: string }
  | { readonly kind: 'acme'; readonly acme: AcmePlan };

/** Where the OCSP response that is stapled (RFC 6066 §8) comes from. */
export type OcspPlan =
  | { readonly kind: 'off' }
  /** Absolute path of a DER file, read anew when it changes. */
  | { readonly kind: 'file'; readonly path: string }
  /** Asked of the responder that the certificate names. */
  | { readonly kind: 'fetch' };

/** A certificate that is obtained and renewed by ACME (RFC 8555). */
export type AcmePlan = {
  /** Names of the certificate, lower-case; the first is its subject. */
  readonly names: readonly string[];
  /** URL of the directory. */
  readonly directory: string;
  /** PEM file of CAs that the directory's own certificate is verified by; "" is the usual roots. */
  readonly caFile: string;
  /** Addresses of the account, "" is none. */
  readonly email: string;
  readonly challenge: 'http-01' | 'tls-alpn-01';
  readonly keyType: 'ecdsa' | 'rsa';
  /** Days before the end at which it is renewed. */
  readonly renewDays: number;
};

/** TLS towards clients, of a listener that ends it. */
export type TerminationPlan = {
  /** Keys of the plan's certificates. */
  readonly certificates: readonly string[];
  /**
   * Key of the certificate for clients that send no name, or one that no certificate has. Null
   * refuses them (alert unrecognized_name).
   */
  readonly defaultCertificate: string | null;
  readonly profile: TlsProfile;
  /** Offered in ALPN, in order of preference; empty ignores ALPN. */
  readonly alpn: readonly string[];
  /** Whether sessions are resumed by tickets. */
  readonly tickets: boolean;
  /** Bytes of early data (0-RTT) taken; 0 is off. */
  readonly earlyDataBytes: number;
  readonly clientAuth: ClientAuthPlan | null;
  /** From the accept to the end of the handshake. */
  readonly handshakeMs: number;
  /** Handshakes per second of one client network (IPv4 /24, IPv6 /56), and how many at once. */
  readonly rate: { readonly perSecond: number; readonly burst: number } | null;
};

/** modern: TLS 1.3 alone; intermediate: also TLS 1.2 with forward secrecy and AEAD. */
export type TlsProfile = 'modern' | 'intermediate';

/** Certificates of clients. */
export type ClientAuthPlan = {
  readonly mode: 'optional' | 'required';
  /** Absolute path of the PEM file with the CAs that clients are verified by. */
  readonly caFile: string;
  /** Absolute path of a PEM file with CRLs; "" is none. */
  readonly crlFile: string;
  /**
   * Names of the request fields that tell servers of the certificate, "" sends none. What clients
   * send in them is taken away. `certificate` has the form of Client-Cert (RFC 9440).
   */
  readonly fields: {
    readonly subject: string;
    readonly names: string;
    readonly fingerprint: string;
    readonly certificate: string;
  };
};

/** TLS towards the servers of a pool. */
export type ServerTlsPlan = {
  /** Whether certificates must be valid for the name of the server (ServerPlan.tlsName). */
  readonly verify: boolean;
  readonly profile: TlsProfile;
  /** Offered in ALPN; empty offers none. */
  readonly alpn: readonly string[];
  /** Absolute paths of PEM files; "" is none (for `caFile`: the usual roots). */
  readonly caFile: string;
  readonly certFile: string;
  readonly keyFile: string;
};
