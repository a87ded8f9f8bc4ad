/** Whose certificates a context believes. */
import {
  OPENSSL_sk_new_null,
  OPENSSL_sk_push,
  SSL_CTX_get0_param,
  SSL_CTX_get_cert_store,
  SSL_CTX_set_client_CA_list,
  X509_CRL_free,
  X509_NAME_dup,
  X509_STORE_add_cert,
  X509_STORE_add_crl,
  X509_VERIFY_PARAM_set_flags,
  X509_free,
  X509_get_subject_name,
  takeOpensslError,
} from './openssl.ts';
import { readCertificates, readCrls } from './pem.ts';

const X509_V_FLAG_CRL_CHECK = 4;

/** Lets a context believe the CAs of a PEM text. Throws BAL_TLS_MATERIAL. */
export function trustCas(context: number, pem: Uint8Array, what: string): void {
  const store = SSL_CTX_get_cert_store(context);
  for (const certificate of readCertificates(pem, what)) {
    X509_STORE_add_cert(store, certificate);
    X509_free(certificate);
  }
  // The same certificate twice is no harm.
  takeOpensslError();
}

/** Names the CAs to clients, so that they know which certificate is asked for. */
export function nameClientCas(context: number, pem: Uint8Array, what: string): void {
  const names = OPENSSL_sk_new_null();
  for (const certificate of readCertificates(pem, what)) {
    OPENSSL_sk_push(names, X509_NAME_dup(X509_get_subject_name(certificate)));
    X509_free(certificate);
  }
  SSL_CTX_set_client_CA_list(context, names);
}

/** Refuses what the lists of a PEM text revoke. Throws BAL_TLS_MATERIAL. */
export function useCrls(context: number, pem: Uint8Array, what: string): void {
  const store = SSL_CTX_get_cert_store(context);
  for (const crl of readCrls(pem, what)) {
    X509_STORE_add_crl(store, crl);
    X509_CRL_free(crl);
  }
  takeOpensslError();
  X509_VERIFY_PARAM_set_flags(SSL_CTX_get0_param(context), X509_V_FLAG_CRL_CHECK);
}
