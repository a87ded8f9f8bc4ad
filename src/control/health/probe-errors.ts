import type { ProbeReason } from './probe.ts';

const REASON_BY_CODE: Readonly<Record<string, ProbeReason>> = {
  ECONNREFUSED: 'connect-refused',
  // A unix socket whose path is gone, or whose queue of connections is full.
  ENOENT: 'connect-refused',
  EAGAIN: 'connect-refused',
  ETIMEDOUT: 'connect-timeout',
  // Also of a connection that was reset before it was seen to stand.
  ECONNRESET: 'reset',
  EHOSTUNREACH: 'unreachable',
  ENETUNREACH: 'unreachable',
  EHOSTDOWN: 'unreachable',
  EMFILE: 'local-resources',
  ENFILE: 'local-resources',
  ENOBUFS: 'local-resources',
  ENOMEM: 'local-resources',
  EADDRNOTAVAIL: 'local-resources',
};

/** Errors of OpenSSL's verification that are none of the certificate's time. */
const UNTRUSTED =
  /^(?:CERT_|UNABLE_TO_|DEPTH_ZERO_|SELF_SIGNED_|INVALID_|PATH_LENGTH_|CRL_|ERROR_IN_)/;

/** What an error of a socket says about a server: the reason, and a detail without its bytes. */
export function reasonOfError(
  error: NodeJS.ErrnoException,
  isConnected: boolean,
): [ProbeReason, string] {
  const code = error.code ?? 'unknown';
  return [REASON_BY_CODE[code] ?? (isConnected ? 'reset' : 'unreachable'), code];
}

/** The same for an error under TLS. `isSecure`: after the handshake. */
export function reasonOfTlsError(
  error: NodeJS.ErrnoException,
  isSecure: boolean,
): [ProbeReason, string] {
  const code = error.code ?? 'unknown';
  if (code === 'CERT_HAS_EXPIRED' || code === 'CERT_NOT_YET_VALID') {
    return ['certificate-expired', code];
  }
  if (code === 'ERR_TLS_CERT_ALTNAME_INVALID' || code === 'HOSTNAME_MISMATCH') {
    return ['certificate-name', code];
  }
  if (UNTRUSTED.test(code)) return ['certificate-untrusted', code];
  // An error without a system call is one of TLS: the server closed, or spoke something else.
  if (error.syscall === undefined || code === 'EPROTO') {
    const isClose = code === 'ECONNRESET' && !isSecure;
    return ['tls-handshake', isClose ? 'closed within the TLS handshake' : code];
  }
  return reasonOfError(error, true);
}
