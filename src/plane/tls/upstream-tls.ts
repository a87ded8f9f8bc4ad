/** How the servers of a pool are spoken to over TLS: one context for all of them. */
import type { ServerTlsPlan } from '../../config/plan-tls.ts';
import {
  SSL_CTX_free,
  SSL_CTX_set_alpn_protos,
  SSL_CTX_set_verify,
  SSL_CTX_use_cert_and_key,
} from '../../sys/tls/openssl.ts';
import { freeKeyPair, readKeyPair, refuseMaterial } from '../../sys/tls/pem.ts';
import { newContext } from '../../sys/tls/tls-profile.ts';
import { trustCas } from '../../sys/tls/trust.ts';
import type { CertificateBook } from './certificate-book.ts';

const VERIFY_PEER = 1;

export class UpstreamTls {
  readonly plan: ServerTlsPlan;
  readonly context: number;
  /** Its context must not be used any more: another one has taken its place. */
  isFreed = false;

  /** Throws BAL_TLS_MATERIAL where OpenSSL does not take what the plan names. */
  constructor(plan: ServerTlsPlan, book: CertificateBook) {
    this.plan = plan;
    this.context = newContext(plan.profile);
    try {
      setUp(this.context, plan, book);
    } catch (error) {
      this.free();
      throw error;
    }
  }

  /** Not used for new connections any more; those that there are keep the context. */
  free(): void {
    this.isFreed = true;
    SSL_CTX_free(this.context);
  }
}

function setUp(context: number, plan: ServerTlsPlan, book: CertificateBook): void {
  if (plan.verify) {
    const what = plan.caFile === '' ? 'the usual roots' : `the CAs in "${plan.caFile}"`;
    trustCas(context, fileOf(book, plan.caFile, what), what);
    SSL_CTX_set_verify(context, VERIFY_PEER, 0);
  }
  if (plan.certFile !== '') {
    const what = `the certificate towards servers in "${plan.certFile}"`;
    const key = fileOf(book, plan.keyFile, what);
    const pair = readKeyPair(fileOf(book, plan.certFile, what), key, what);
    const { certificate, privateKey, chain } = pair;
    const isUsed = SSL_CTX_use_cert_and_key(context, certificate, privateKey, chain, 1) === 1;
    freeKeyPair(pair);
    if (!isUsed) refuseMaterial(what);
  }
  if (plan.alpn.length > 0) {
    const list = Buffer.concat(
      plan.alpn.flatMap((name) => [Buffer.of(name.length), Buffer.from(name, 'latin1')]),
    );
    SSL_CTX_set_alpn_protos(context, list, list.length);
  }
}

function fileOf(book: CertificateBook, path: string, what: string): Uint8Array {
  return book.file(path) ?? refuseMaterial(what);
}
