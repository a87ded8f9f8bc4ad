/** Which versions, ciphers and groups a profile allows. Changes here belong in docs/tls.md too. */
import type { TlsProfile } from '../../config/plan-tls.ts';
import {
  CTRL,
  MODE,
  OPTION,
  SSL_CTX_ctrl,
  SSL_CTX_ctrlText,
  SSL_CTX_new,
  SSL_CTX_set_cipher_list,
  SSL_CTX_set_ciphersuites,
  SSL_CTX_set_options,
  TLS1_2,
  TLS1_3,
  TLS_method,
} from './openssl.ts';
import { refuseMaterial } from './pem.ts';

/** Of TLS 1.3, in order of preference. */
export const CIPHER_SUITES = [
  'TLS_AES_128_GCM_SHA256',
  'TLS_AES_256_GCM_SHA384',
  'TLS_CHACHA20_POLY1305_SHA256',
] as const;

/** Of TLS 1.2: forward secrecy and authenticated encryption alone. */
export const CIPHERS = [
  'ECDHE-ECDSA-AES128-GCM-SHA256',
  'ECDHE-RSA-AES128-GCM-SHA256',
  'ECDHE-ECDSA-AES256-GCM-SHA384',
  'ECDHE-RSA-AES256-GCM-SHA384',
  'ECDHE-ECDSA-CHACHA20-POLY1305',
  'ECDHE-RSA-CHACHA20-POLY1305',
] as const;

/** The hybrid with ML-KEM first: recorded traffic stays safe from later quantum computers. */
export const GROUPS = ['X25519MLKEM768', 'X25519', 'P-256', 'P-384'] as const;

/**
 * A context with the profile's versions, ciphers and groups. No compression, no renegotiation, and no
 * cache of sessions in memory. Throws BAL_TLS_MATERIAL.
 */
export function newContext(profile: TlsProfile): number {
  const context = SSL_CTX_new(TLS_method());
  if (context === 0) refuseMaterial('OpenSSL');
  const least = profile === 'modern' ? TLS1_3 : TLS1_2;
  const isSet =
    SSL_CTX_ctrl(context, CTRL.setMinVersion, least, 0) === 1 &&
    SSL_CTX_ctrl(context, CTRL.setMaxVersion, TLS1_3, 0) === 1 &&
    SSL_CTX_set_ciphersuites(context, CIPHER_SUITES.join(':')) === 1 &&
    SSL_CTX_set_cipher_list(context, CIPHERS.join(':')) === 1 &&
    SSL_CTX_ctrlText(context, CTRL.setGroupsList, 0, GROUPS.join(':')) === 1;
  if (!isSet) refuseMaterial(`the ciphers of profile "${profile}"`);
  SSL_CTX_set_options(context, OPTION.noRenegotiation | OPTION.noCompression);
  SSL_CTX_ctrl(context, CTRL.mode, MODE.acceptMovingBuffer | MODE.releaseBuffers, 0);
  SSL_CTX_ctrl(context, CTRL.sessionCacheMode, 0, 0);
  return context;
}
