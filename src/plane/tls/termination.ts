/** How a listener ends TLS: its context, and which certificate it shows to whom. */
import { createHash } from 'node:crypto';
import type { StoredCertificate } from '../../codec/certificate-store.ts';
import type { TerminationPlan } from '../../config/plan-tls.ts';
import {
  CTRL,
  OPTION,
  SSL_CTX_callback_ctrl,
  SSL_CTX_free,
  SSL_CTX_set_alpn_select_cb,
  SSL_CTX_set_max_early_data,
  SSL_CTX_set_recv_max_early_data,
  SSL_CTX_set_num_tickets,
  SSL_CTX_set_options,
  SSL_CTX_set_session_id_context,
  SSL_CTX_set_verify,
} from '../../sys/tls/openssl.ts';
import type { KeyPair } from '../../sys/tls/pem.ts';
import { refuseMaterial } from '../../sys/tls/pem.ts';
import { newContext } from '../../sys/tls/tls-profile.ts';
import { nameClientCas, trustCas, useCrls } from '../../sys/tls/trust.ts';
import type { CertificateBook, NameIndex } from './certificate-book.ts';
import { alpnSelect, statusRequest } from './handshake-callbacks.ts';
import type { Shown } from './handshake-callbacks.ts';
import { useTicketKeys } from './ticket-keys.ts';
import { noteTrouble } from './tls-trouble.ts';

/** Bytes that OpenSSL takes to tell sessions apart (SSL_MAX_SID_CTX_LENGTH). */
const SESSION_CONTEXT_BYTES = 32;
const VERIFY_PEER = 1;
const VERIFY_REQUIRED = 3;

/** A certificate with its key, and its OCSP response where there is one. */
export type ShownPair = KeyPair & Shown;

export class Termination {
  readonly plan: TerminationPlan;
  /** The same text, the same is asked of clients. */
  readonly authKey: string;
  readonly context: number;
  /** Its context must not be used any more: another one has taken its place. */
  isFreed = false;
  readonly book: CertificateBook;
  readonly #names: NameIndex;
  readonly #defaults: readonly StoredCertificate[];

  /** Throws BAL_TLS_MATERIAL where OpenSSL does not take what the plan names. */
  constructor(plan: TerminationPlan, book: CertificateBook) {
    this.plan = plan;
    this.authKey = JSON.stringify(plan.clientAuth);
    this.book = book;
    this.#names = book.namesOf(plan.certificates);
    this.#defaults = plan.defaultCertificate === null ? [] : book.ofKey(plan.defaultCertificate);
    this.context = newContext(plan.profile);
    try {
      setUp(this.context, plan, book);
    } catch (error) {
      this.free();
      throw error;
    }
  }

  /** The certificates for a server name, "" where none was sent; empty: the client is refused. */
  certificatesFor(serverName: string): readonly StoredCertificate[] {
    const found = serverName === '' ? undefined : this.#names.find(serverName);
    return found ?? this.#defaults;
  }

  /** Parsed, with their OCSP responses. What cannot be parsed is left out, and told to the operator. */
  shownOf(certificates: readonly StoredCertificate[]): ShownPair[] {
    return certificates.flatMap((one) => {
      try {
        return [{ ...this.book.pairOf(one), keyType: one.keyType, ocsp: this.book.ocspOf(one) }];
      } catch (error) {
        noteTrouble(one.fingerprint, (error as Error).message);
        return [];
      }
    });
  }

  /** Not used for new connections any more; those that there are keep the context. */
  free(): void {
    this.isFreed = true;
    SSL_CTX_free(this.context);
  }
}

/** Early data is no client that has shown a certificate. */
export function takesEarlyData({ earlyDataBytes, clientAuth, tickets }: TerminationPlan): boolean {
  return earlyDataBytes > 0 && clientAuth === null && tickets;
}

function setUp(context: number, plan: TerminationPlan, book: CertificateBook): void {
  SSL_CTX_set_options(context, OPTION.serverPreference);
  const id = sessionContext(plan, book);
  SSL_CTX_set_session_id_context(context, id, id.length);
  SSL_CTX_callback_ctrl(context, CTRL.setStatusCallback, statusRequest);
  SSL_CTX_set_alpn_select_cb(context, alpnSelect, 0);
  // Of its own OpenSSL sends none of TLS 1.3: each connection gets one with the first that it is sent.
  SSL_CTX_set_num_tickets(context, 0);
  if (plan.tickets) useTicketKeys(context);
  else SSL_CTX_set_options(context, OPTION.noTicket);
  if (takesEarlyData(plan)) {
    SSL_CTX_set_max_early_data(context, plan.earlyDataBytes);
    SSL_CTX_set_recv_max_early_data(context, plan.earlyDataBytes);
    // Sessions are in tickets alone, so that nobody remembers which were used: RFC 8446 §8.
    SSL_CTX_set_options(context, OPTION.noAntiReplay);
  }
  if (plan.clientAuth !== null) askForCertificates(context, plan.clientAuth, book);
}

/**
 * Which sessions may be resumed here. A session that is resumed shows no certificate: one that was
 * begun where clients are asked for other certificates, or for none, must not count.
 */
function sessionContext({ clientAuth }: TerminationPlan, book: CertificateBook): string {
  const hash = createHash('sha256').update(clientAuth?.mode ?? 'none');
  if (clientAuth !== null) {
    const { caFile, crlFile } = clientAuth;
    const crls = crlFile === '' ? '' : (book.file(crlFile) ?? '');
    for (const part of [book.file(caFile) ?? '', crls])
      hash.update(`\n${part.length}\n`).update(part);
  }
  return hash.digest('base64').slice(0, SESSION_CONTEXT_BYTES);
}

function askForCertificates(
  context: number,
  auth: NonNullable<TerminationPlan['clientAuth']>,
  book: CertificateBook,
): void {
  const { caFile, crlFile, mode } = auth;
  const cas = book.file(caFile);
  if (cas === null) refuseMaterial(`the CAs of clients in "${caFile}"`);
  trustCas(context, cas, `the CAs of clients in "${caFile}"`);
  nameClientCas(context, cas, `the CAs of clients in "${caFile}"`);
  if (crlFile !== '') {
    const crls = book.file(crlFile);
    if (crls === null) refuseMaterial(`the revocation lists in "${crlFile}"`);
    useCrls(context, crls, `the revocation lists in "${crlFile}"`);
  }
  SSL_CTX_set_verify(context, mode === 'required' ? VERIFY_REQUIRED : VERIFY_PEER, 0);
}
