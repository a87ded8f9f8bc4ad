import { request as httpRequest } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { OCSP_BYTES_MAX, ocspRequest, type CertificateId } from '../../codec/ocsp.ts';

/** A responder has this long for its whole answer, in ms. */
export const FETCH_LIMIT_MS = 10_000;

/**
 * Asks a responder about a certificate: POST (RFC 6960 appendix A), no redirects. Resolves with its
 * answer's bytes, which are not checked yet. Rejects with an Error whose message says why not.
 */
export function fetchOcsp(url: string, id: CertificateId): Promise<Uint8Array> {
  return new Promise((resolve, reject) => {
    const target = URL.parse(url);
    if (target === null || !/^https?:$/.test(target.protocol)) {
      reject(new Error(`the address of the responder makes no sense: "${url.slice(0, 200)}"`));
      return;
    }
    const ask = target.protocol === 'https:' ? httpsRequest : httpRequest;
    const body = ocspRequest(id);
    const outgoing = ask(target, {
      method: 'POST',
      headers: { 'content-type': 'application/ocsp-request', 'content-length': body.length },
      signal: AbortSignal.timeout(FETCH_LIMIT_MS),
      agent: false,
    });
    const fail = (why: string): void => {
      reject(new Error(`${target.host} ${why}`));
      outgoing.destroy();
    };
    outgoing.on('error', (error: NodeJS.ErrnoException) => {
      const isLate = error.name === 'AbortError' || error.name === 'TimeoutError';
      fail(isLate ? `gave no answer within ${FETCH_LIMIT_MS} ms` : `failed: ${error.message}`);
    });
    outgoing.on('response', (response) => {
      const pieces: Buffer[] = [];
      let size = 0;
      if (response.statusCode !== 200) {
        fail(`answered with status ${response.statusCode}`);
        return;
      }
      response.on('data', (piece: Buffer) => {
        size += piece.length;
        if (size > OCSP_BYTES_MAX) fail(`sent more than ${OCSP_BYTES_MAX} bytes`);
        else pieces.push(piece);
      });
      response.on('error', (error) => fail(`failed: ${error.message}`));
      response.on('end', () => resolve(Buffer.concat(pieces)));
    });
    outgoing.end(body);
  });
}
