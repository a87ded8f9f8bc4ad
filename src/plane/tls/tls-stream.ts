/** TLS on one connection: the library's object, and what of its input has not been read yet. */

/** Where a connection is with its handshake. */
export const TLS_STAGE = {
  /** The client's ClientHello is awaited. */
  hello: 0,
  /** It has come; the handshake waits for its turn. */
  waiting: 1,
  handshake: 2,
  open: 3,
} as const;

export class TlsStream {
  stage: number = TLS_STAGE.hello;
  /** The SSL of OpenSSL; 0 until the handshake begins. */
  ssl = 0;
  /** Records that have come and were not read: only where there was no room for what they carry. */
  heldBlock = -1;
  heldLength = 0;
  /** It is open for early data; the client has not shown yet that it is no copy (early-data.ts). */
  isEarly = false;
  /** OpenSSL holds decrypted bytes. */
  hasPlain = false;
  /** The peer has said that it sends no more (close_notify). */
  isFinished = false;
  /** Nothing can be read or written any more. */
  isBroken = false;
  /** The connection is about to be reset: nothing is said before it. */
  isCut = false;
  /** Our close_notify is written. */
  hasSaidGoodbye = false;
  /** The next write is the last one: our close_notify goes out with it, in one piece. */
  endsWithWrite = false;
  /** A session ticket goes out with the next write, in one piece. */
  owesTicket = false;
  /** Of the ClientHello; "" where it has none. */
  serverName = '';
  /** What the access log says of it: `,"tls":"TLSv1.3"` and so on; "" until it is open. */
  logText = '';
  /** What the client's certificate says; null where it gave none. */
  client: ClientCertificate | null = null;
  /** The session with the server is kept for the next connection. */
  isSessionKept = false;
}

/** What is told of a client's certificate, as it may stand in a field. */
export type ClientCertificate = {
  /** `CN=ops,O=Example` (RFC 4514). */
  readonly subject: string;
  /** `DNS:ops.example.com, URI:spiffe://…`. */
  readonly names: string;
  /** SHA-256 of the certificate, lower-case hex. */
  readonly fingerprint: string;
  /** The certificate as RFC 9440 writes it: DER in Base64 between colons. */
  readonly encoded: string;
  /** The most bytes that all of it takes in a request, names of fields included. */
  readonly bytesMax: number;
  /** The same for the access log, as members of a JSON object, each with a comma before it. */
  readonly logText: string;
};
