/** The usual set-up of a test of TLS: an authority, a server in the clear, Ballast with HTTPS. */
import { readFileSync } from 'node:fs';
import type { ConnectionOptions } from 'node:tls';
import { TestCertificates } from '../../src/control/health/test-certificates.ts';
import type { TestCertificate } from '../../src/control/health/test-certificates.ts';
import { Ballast } from '../kit/ballast.ts';
import type { BallastOptions } from '../kit/ballast.ts';
import type { Tree } from '../kit/config.ts';
import { freePort } from '../kit/free-ports.ts';
import { Origin, httpAnswer } from '../kit/origin.ts';
import type { Responder } from '../kit/origin.ts';

export type HttpsSceneOptions = BallastOptions & {
  readonly respond?: Responder;
  /** In place of one certificate for the name "shop.test". */
  readonly certificates?: (authority: TestCertificates) => Tree;
  /** Value of `tls` of the listener; all certificates where absent. */
  readonly tls?: unknown;
  /** The same where it names files of the authority. */
  readonly tlsFrom?: (authority: TestCertificates) => unknown;
  readonly listener?: Tree;
  readonly pool?: Tree;
  readonly top?: Tree;
};

export class HttpsScene implements AsyncDisposable {
  readonly authority: TestCertificates;
  readonly origin: Origin;
  readonly ballast: Ballast;
  readonly port: number;

  constructor(parts: Pick<HttpsScene, 'authority' | 'origin' | 'ballast' | 'port'>) {
    this.authority = parts.authority;
    this.origin = parts.origin;
    this.ballast = parts.ballast;
    this.port = parts.port;
  }

  /** What a client needs to believe the authority and to ask for `name`. */
  client(name = 'shop.test'): ConnectionOptions {
    return { servername: name, ca: readFileSync(this.authority.ca.cert) };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.ballast[Symbol.asyncDispose]();
    await this.origin.stop();
    this.authority.remove();
  }
}

/** A certificate as an entry of `certificates` names it. */
export function entry({ cert, key }: TestCertificate): Tree {
  return { cert, key };
}

/** Starts all of it. */
export async function startHttps(options: HttpsSceneOptions = {}): Promise<HttpsScene> {
  const authority = new TestCertificates();
  const { respond = () => httpAnswer(200, 'ok'), top, listener, pool } = options;
  const makeAll =
    options.certificates ?? ((from) => ({ shop: entry(from.issue('DNS:shop.test')) }));
  const certificates = makeAll(authority);
  const tls = options.tlsFrom?.(authority) ?? options.tls ?? Object.keys(certificates);
  const origin = await Origin.startHttp(respond);
  const port = await freePort();
  const config = {
    workers: 1,
    ...top,
    certificates,
    listeners: {
      web: {
        bind: `127.0.0.1:${port}`,
        tls,
        pool: 'web',
        ...listener,
      },
      ...(top?.['listeners'] as Tree | undefined),
    },
    pools: {
      web: { servers: [origin.address], ...pool },
      ...(top?.['pools'] as Tree | undefined),
    },
  };
  try {
    return new HttpsScene({
      authority,
      origin,
      ballast: await Ballast.start(config, options),
      port,
    });
  } catch (error) {
    await origin.stop();
    authority.remove();
    throw error;
  }
}
