/** A directory that answers as a test likes, for tests. */
import { readFileSync } from 'node:fs';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer } from 'node:https';
import { portOf } from '../../../test/kit/free-ports.ts';
import { TestCertificates } from '../health/test-certificates.ts';

/** Answers one request. */
export type Respond = (request: IncomingMessage, response: ServerResponse) => void;

/** A directory on 127.0.0.1 with a certificate of its own authority. */
export class Directory implements AsyncDisposable {
  readonly certificates = new TestCertificates();
  readonly #server;
  asked = 0;
  /** Paths that were asked for. */
  readonly paths: string[] = [];
  userAgent = '';

  constructor(respond: Respond) {
    const { cert, key } = this.certificates.issue('IP:127.0.0.1');
    const pair = { cert: readFileSync(cert), key: readFileSync(key) };
    this.#server = createServer(pair, (request, response) => {
      this.asked += 1;
      this.paths.push(request.url ?? '');
      this.userAgent = request.headers['user-agent'] ?? '';
      respond(request, response);
    });
  }

  static async start(respond: Respond): Promise<Directory> {
    const made = new Directory(respond);
    await new Promise<void>((resolve) => made.#server.listen(0, '127.0.0.1', resolve));
    return made;
  }

  get url(): string {
    return `https://127.0.0.1:${portOf(this.#server)}/dir`;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
    this.certificates.remove();
  }
}

/** Answers the directory and nonces; what comes then is up to `rest`. */
export function directoryThen(rest: Respond): Respond {
  return (request, response) => {
    const base = `https://${request.headers.host}`;
    response.setHeader('replay-nonce', 'bm9uY2U');
    if (request.url === '/dir') {
      const urls = { newNonce: `${base}/n`, newAccount: `${base}/a`, newOrder: `${base}/o` };
      response.end(JSON.stringify(urls));
    } else if (request.url === '/n') response.end();
    else rest(request, response);
  };
}

/** Answers with a problem document. */
export function problem(
  status: number,
  type: string,
  headers: Record<string, string> = {},
): Respond {
  return (_, response) => {
    response.writeHead(status, { 'content-type': 'application/problem+json', ...headers });
    response.end(
      JSON.stringify({ type: `urn:ietf:params:acme:error:${type}`, detail: 'so it is' }),
    );
  };
}
