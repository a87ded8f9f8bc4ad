/**
 * The OpenSSL that Node itself carries: its binary exports the library's functions, so that no system
 * library is needed and the version is the pinned Node's. Objects are plain numbers (addresses), as
 * memory is in libc.ts; 0 is NULL.
 *
 * Macros of OpenSSL are calls of SSL_ctrl and SSL_CTX_ctrl with the numbers in CTRL. Must match
 * <openssl/ssl.h> and <openssl/tls1.h> of OpenSSL 3.
 */
import koffi from 'koffi';

const library = koffi.load(null);

type Native<A extends unknown[], R> = (...args: A) => R;

/** koffi types its functions loosely; the C declaration beside each name is the truth. */
function bind<A extends unknown[], R>(declaration: string): Native<A, R> {
  return library.func(declaration) as Native<A, R>;
}

type N = number;

/** Commands of SSL_ctrl and SSL_CTX_ctrl. */
export const CTRL = {
  mode: 33,
  sessionCacheMode: 44,
  setServerName: 55,
  setTicketKeys: 59,
  setStatusCallback: 63,
  setStatusResponse: 71,
  setGroupsList: 92,
  setMinVersion: 123,
  setMaxVersion: 124,
} as const;

export const TLS1_2 = 0x0303;
export const TLS1_3 = 0x0304;

/** SSL_OP_*. */
export const OPTION = {
  noTicket: 1n << 14n,
  noRenegotiation: 1n << 30n,
  serverPreference: 1n << 22n,
  noCompression: 1n << 17n,
  noAntiReplay: 1n << 24n,
  ignoreUnexpectedEof: 1n << 7n,
} as const;

/** SSL_MODE_*: a write takes all or nothing, from wherever it now lies; idle buffers are freed. */
export const MODE = { acceptMovingBuffer: 2, releaseBuffers: 16 } as const;

/** SSL_ERROR_*. */
export const SSL_ERROR = { ssl: 1, wantRead: 2, syscall: 5, zeroReturn: 6 } as const;

export const TLS_method = bind<[], N>('int64_t TLS_method()');
export const SSL_CTX_new = bind<[N], N>('int64_t SSL_CTX_new(int64_t)');
export const SSL_CTX_free = bind<[N], void>('void SSL_CTX_free(int64_t)');
export const SSL_CTX_ctrl = bind<[N, N, N, N], N>(
  'int64_t SSL_CTX_ctrl(int64_t, int, int64_t, int64_t)',
);
export const SSL_CTX_ctrlText = bind<[N, N, N, string], N>(
  'int64_t SSL_CTX_ctrl(int64_t, int, int64_t, const char*)',
);
export const SSL_CTX_callback_ctrl = bind<[N, N, unknown], N>(
  'int64_t SSL_CTX_callback_ctrl(int64_t, int, void*)',
);
export const SSL_CTX_set_options = bind<[N, bigint], bigint>(
  'uint64_t SSL_CTX_set_options(int64_t, uint64_t)',
);
export const SSL_CTX_set_cipher_list = bind<[N, string], N>(
  'int SSL_CTX_set_cipher_list(int64_t, const char*)',
);
export const SSL_CTX_set_ciphersuites = bind<[N, string], N>(
  'int SSL_CTX_set_ciphersuites(int64_t, const char*)',
);
export const SSL_CTX_set_num_tickets = bind<[N, N], N>(
  'int SSL_CTX_set_num_tickets(int64_t, size_t)',
);
export const SSL_CTX_set_session_id_context = bind<[N, string, N], N>(
  'int SSL_CTX_set_session_id_context(int64_t, const char*, uint)',
);
export const SSL_CTX_set_verify = bind<[N, N, N], void>(
  'void SSL_CTX_set_verify(int64_t, int, int64_t)',
);
export const SSL_CTX_set_client_CA_list = bind<[N, N], void>(
  'void SSL_CTX_set_client_CA_list(int64_t, int64_t)',
);
export const SSL_CTX_get_cert_store = bind<[N], N>('int64_t SSL_CTX_get_cert_store(int64_t)');
export const SSL_CTX_get0_param = bind<[N], N>('int64_t SSL_CTX_get0_param(int64_t)');
export const SSL_CTX_use_cert_and_key = bind<[N, N, N, N, N], N>(
  'int SSL_CTX_use_cert_and_key(int64_t, int64_t, int64_t, int64_t, int)',
);
export const SSL_CTX_set_alpn_select_cb = bind<[N, unknown, N], void>(
  'void SSL_CTX_set_alpn_select_cb(int64_t, void*, int64_t)',
);
export const SSL_CTX_set_alpn_protos = bind<[N, Uint8Array, N], N>(
  'int SSL_CTX_set_alpn_protos(int64_t, const uint8_t*, uint)',
);
export const SSL_CTX_set_max_early_data = bind<[N, N], N>(
  'int SSL_CTX_set_max_early_data(int64_t, uint32_t)',
);

export const SSL_new = bind<[N], N>('int64_t SSL_new(int64_t)');
export const SSL_new_session_ticket = bind<[N], N>('int SSL_new_session_ticket(int64_t)');
export const SSL_free = bind<[N], void>('void SSL_free(int64_t)');
export const SSL_ctrlText = bind<[N, N, N, string], N>(
  'int64_t SSL_ctrl(int64_t, int, int64_t, const char*)',
);
export const SSL_ctrl = bind<[N, N, N, N], N>('int64_t SSL_ctrl(int64_t, int, int64_t, int64_t)');
export const SSL_set_bio = bind<[N, N, N], void>('void SSL_set_bio(int64_t, int64_t, int64_t)');
export const SSL_set_accept_state = bind<[N], void>('void SSL_set_accept_state(int64_t)');
export const SSL_set_connect_state = bind<[N], void>('void SSL_set_connect_state(int64_t)');
export const SSL_do_handshake = bind<[N], N>('int SSL_do_handshake(int64_t)');
export const SSL_read = bind<[N, N, N], N>('int SSL_read(int64_t, int64_t, int)');
export const SSL_write = bind<[N, N, N], N>('int SSL_write(int64_t, int64_t, int)');
export const SSL_pending = bind<[N], N>('int SSL_pending(int64_t)');
export const SSL_shutdown = bind<[N], N>('int SSL_shutdown(int64_t)');
export const SSL_set_shutdown = bind<[N, N], void>('void SSL_set_shutdown(int64_t, int)');
export const SSL_get_error = bind<[N, N], N>('int SSL_get_error(int64_t, int)');
export const SSL_certs_clear = bind<[N], void>('void SSL_certs_clear(int64_t)');
export const SSL_use_cert_and_key = bind<[N, N, N, N, N], N>(
  'int SSL_use_cert_and_key(int64_t, int64_t, int64_t, int64_t, int)',
);
export const SSL_get_certificate = bind<[N], N>('int64_t SSL_get_certificate(int64_t)');
export const SSL_session_reused = bind<[N], N>('int SSL_session_reused(int64_t)');
export const SSL_get_version = bind<[N], string>('const char* SSL_get_version(int64_t)');
export const SSL_get_current_cipher = bind<[N], N>('int64_t SSL_get_current_cipher(int64_t)');
export const SSL_CIPHER_get_name = bind<[N], string>('const char* SSL_CIPHER_get_name(int64_t)');
export const SSL_get0_peer_certificate = bind<[N], N>('int64_t SSL_get0_peer_certificate(int64_t)');
export const SSL_get_verify_result = bind<[N], N>('int64_t SSL_get_verify_result(int64_t)');
export const SSL_get0_param = bind<[N], N>('int64_t SSL_get0_param(int64_t)');
export const SSL_get1_session = bind<[N], N>('int64_t SSL_get1_session(int64_t)');
export const SSL_set_session = bind<[N, N], N>('int SSL_set_session(int64_t, int64_t)');
export const SSL_SESSION_is_resumable = bind<[N], N>('int SSL_SESSION_is_resumable(int64_t)');
export const SSL_SESSION_free = bind<[N], void>('void SSL_SESSION_free(int64_t)');
export const SSL_read_early_data = bind<[N, N, N, N], N>(
  'int SSL_read_early_data(int64_t, int64_t, size_t, int64_t)',
);
export const SSL_write_early_data = bind<[N, N, N, N], N>(
  'int SSL_write_early_data(int64_t, int64_t, size_t, int64_t)',
);
export const SSL_CTX_set_recv_max_early_data = bind<[N, N], N>(
  'int SSL_CTX_set_recv_max_early_data(int64_t, uint32_t)',
);

export const BIO_s_mem = bind<[], N>('int64_t BIO_s_mem()');
export const BIO_new = bind<[N], N>('int64_t BIO_new(int64_t)');
export const BIO_new_mem_buf = bind<[N, N], N>('int64_t BIO_new_mem_buf(int64_t, int)');
export const BIO_free = bind<[N], N>('int BIO_free(int64_t)');
export const BIO_up_ref = bind<[N], N>('int BIO_up_ref(int64_t)');
export const BIO_get_data = bind<[N], N>('int64_t BIO_get_data(int64_t)');
export const BIO_ctrl = bind<[N, N, N, N], N>('int64_t BIO_ctrl(int64_t, int, int64_t, int64_t)');
export const BIO_write = bind<[N, N, N], N>('int BIO_write(int64_t, int64_t, int)');
export const BIO_read = bind<[N, N, N], N>('int BIO_read(int64_t, int64_t, int)');

export const PEM_read_bio_X509 = bind<[N, N, N, string], N>(
  'int64_t PEM_read_bio_X509(int64_t, int64_t, int64_t, const char*)',
);
export const PEM_read_bio_PrivateKey = bind<[N, N, N, string], N>(
  'int64_t PEM_read_bio_PrivateKey(int64_t, int64_t, int64_t, const char*)',
);
export const PEM_read_bio_X509_CRL = bind<[N, N, N, string], N>(
  'int64_t PEM_read_bio_X509_CRL(int64_t, int64_t, int64_t, const char*)',
);
export const X509_free = bind<[N], void>('void X509_free(int64_t)');
export const X509_CRL_free = bind<[N], void>('void X509_CRL_free(int64_t)');
export const EVP_PKEY_free = bind<[N], void>('void EVP_PKEY_free(int64_t)');
export const i2d_X509 = bind<[N, N], N>('int i2d_X509(int64_t, int64_t)');
export const X509_get_subject_name = bind<[N], N>('int64_t X509_get_subject_name(int64_t)');
export const X509_NAME_dup = bind<[N], N>('int64_t X509_NAME_dup(int64_t)');
export const OPENSSL_sk_new_null = bind<[], N>('int64_t OPENSSL_sk_new_null()');
export const OPENSSL_sk_push = bind<[N, N], N>('int OPENSSL_sk_push(int64_t, int64_t)');
export const OPENSSL_sk_free = bind<[N], void>('void OPENSSL_sk_free(int64_t)');
export const X509_STORE_add_cert = bind<[N, N], N>('int X509_STORE_add_cert(int64_t, int64_t)');
export const X509_STORE_add_crl = bind<[N, N], N>('int X509_STORE_add_crl(int64_t, int64_t)');
export const X509_VERIFY_PARAM_set_flags = bind<[N, N], N>(
  'int X509_VERIFY_PARAM_set_flags(int64_t, uint64_t)',
);
export const X509_VERIFY_PARAM_set_hostflags = bind<[N, N], void>(
  'void X509_VERIFY_PARAM_set_hostflags(int64_t, uint)',
);
export const X509_VERIFY_PARAM_set1_host = bind<[N, string, N], N>(
  'int X509_VERIFY_PARAM_set1_host(int64_t, const char*, size_t)',
);
export const X509_VERIFY_PARAM_set1_ip_asc = bind<[N, string], N>(
  'int X509_VERIFY_PARAM_set1_ip_asc(int64_t, const char*)',
);
export const X509_verify_cert_error_string = bind<[N], string>(
  'const char* X509_verify_cert_error_string(int64_t)',
);
export const CRYPTO_malloc = bind<[N, string, N], N>(
  'int64_t CRYPTO_malloc(size_t, const char*, int)',
);
const ERR_get_error = bind<[], N>('uint64_t ERR_get_error()');
const ERR_clear_error = bind<[], void>('void ERR_clear_error()');
const ERR_reason_error_string = bind<[N], string | null>(
  'const char* ERR_reason_error_string(uint64_t)',
);

/** `int (*)(SSL*, const unsigned char** out, unsigned char* outlen, in, inlen, arg)`. */
const AlpnSelect = koffi.proto(
  'int BallastAlpnSelect(int64_t, int64_t, int64_t, int64_t, uint, int64_t)',
);
/** `int (*)(SSL*, void* arg)`. */
const StatusRequest = koffi.proto('int BallastStatusRequest(int64_t, int64_t)');

/** Makes a C function of a selection of ALPN; it lives as long as the process. */
export function alpnCallback(
  select: (ssl: number, out: number, outLength: number) => number,
): unknown {
  return koffi.register(select, koffi.pointer(AlpnSelect));
}

/** Makes a C function that is asked for an OCSP response; it lives as long as the process. */
export function statusCallback(answer: (ssl: number) => number): unknown {
  return koffi.register(answer, koffi.pointer(StatusRequest));
}

/**
 * The reason of the first error that OpenSSL has noted on this thread, in its own words ("no shared
 * cipher"), and forgets all of them; "" where there is none. To be called after each failure: what
 * is left would be taken for the reason of the next one.
 */
export function takeOpensslError(): string {
  const code = ERR_get_error();
  if (code === 0) return '';
  ERR_clear_error();
  return ERR_reason_error_string(code) ?? `error ${code.toString(16)}`;
}
