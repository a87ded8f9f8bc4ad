/** A balancer that obtains certificates from pebble. */
import { X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { request } from 'node:https';
import { join } from 'node:path';
import { Ballast } from './ballast.ts';
import type { Tree } from './config.ts';
import { freePorts } from './free-ports.ts';
import { Pebble } from './pebble.ts';
import type { PebbleOptions } from './pebble.ts';
import { TempDir } from './temp-dir.ts';
import { until } from './wait.ts';

/** An order on a loaded machine, or a renewal, in ms. */
const ORDER_MS = 120_000;

export type AcmeSceneOptions = Omit<PebbleOptions, 'httpPort' | 'tlsPort'>;

/** What is written to the state folder of the tries for a certificate. */
export type KeptTries = {
  readonly failures: number;
  readonly interruptions: number;
  readonly pending: {
    readonly url: string;
    readonly challenges: { readonly http: readonly unknown[] };
  } | null;
};

export class AcmeScene implements AsyncDisposable {
  readonly pebble: Pebble;
  readonly httpPort: number;
  readonly tlsPort: number;
  readonly dir = new TempDir();
  readonly state = this.dir.file('state');

  private constructor(pebble: Pebble, httpPort: number, tlsPort: number) {
    this.pebble = pebble;
    this.httpPort = httpPort;
    this.tlsPort = tlsPort;
  }

  /** Made with a pebble that does not run yet. */
  static async make(options: AcmeSceneOptions = {}): Promise<AcmeScene> {
    const [httpPort = 0, tlsPort = 0] = await freePorts(2);
    return new AcmeScene(await Pebble.make({ ...options, httpPort, tlsPort }), httpPort, tlsPort);
  }

  static async start(options: AcmeSceneOptions = {}): Promise<AcmeScene> {
    const made = await AcmeScene.make(options);
    await made.pebble.resume();
    return made;
  }

  /** The certificate `shop` for `shop.test`; `acme` changes what is asked for. */
  config(acme: Tree = {}, certificates: Tree = {}): Tree {
    const { directory, caFile: ca } = this.pebble;
    const own = { names: 'shop.test', directory, ca };
    return {
      workers: 2,
      state: this.state,
      certificates: { shop: { acme: { ...own, ...acme } }, ...certificates },
      listeners: {
        clear: {
          bind: `127.0.0.1:${this.httpPort}`,
          routes: [{ respond: { status: 200, body: 'routed' } }],
        },
        secure: {
          bind: `127.0.0.1:${this.tlsPort}`,
          tls: true,
          routes: [{ respond: { status: 200, body: 'secure' } }],
        },
      },
      pools: {},
    };
  }

  balancer(acme: Tree = {}): Promise<Ballast> {
    return Ballast.start(this.config(acme));
  }

  /** A file of what is kept of a certificate: `certificate.pem` or `tries.json`. */
  path(file: string, name = 'shop'): string {
    return join(this.state, 'acme', 'certificates', name, file);
  }

  /** The certificate that there is; null where there is none. */
  held(name = 'shop'): X509Certificate | null {
    try {
      return new X509Certificate(readFileSync(this.path('certificate.pem', name)));
    } catch {
      return null;
    }
  }

  /** Waits for a certificate, other than `before`. */
  obtained(before: X509Certificate | null = null, name = 'shop'): Promise<X509Certificate> {
    const isNew = (held: X509Certificate | null): boolean => {
      return held !== null && held.serialNumber !== before?.serialNumber;
    };
    return until(() => (isNew(this.held(name)) ? this.held(name) : null), {
      what: `a certificate of ${name}`,
      timeoutMs: ORDER_MS,
    });
  }

  /** Asks `shop.test` over TLS, verified by the roots of pebble; the body of the answer. */
  async ask(): Promise<string> {
    const ca = await this.pebble.root();
    return new Promise((resolve, reject) => {
      const target = { host: '127.0.0.1', port: this.tlsPort, servername: 'shop.test' };
      const headers = { host: 'shop.test' };
      request({ ...target, ca, headers, agent: false }, (response) => {
        let text = '';
        response.setEncoding('utf8').on('data', (part: string) => {
          text += part;
        });
        response.on('end', () => resolve(text));
      })
        .on('error', reject)
        .end();
    });
  }

  /** What is kept of the tries; null where nothing is. */
  tries(name = 'shop'): KeptTries | null {
    try {
      return JSON.parse(readFileSync(this.path('tries.json', name), 'utf8')) as KeptTries;
    } catch {
      return null;
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.pebble[Symbol.asyncDispose]();
    this.dir[Symbol.dispose]();
  }
}

/** Waits until the status of a certificate is as `isSo` says. */
export async function acmeStatusWhen(
  ballast: Ballast,
  isSo: (status: Awaited<ReturnType<Ballast['status']>>['acme'][number]) => boolean,
): Promise<Awaited<ReturnType<Ballast['status']>>['acme'][number]> {
  return until(async () => (await ballast.status()).acme.find(isSo), {
    what: 'the status of a certificate',
    timeoutMs: ORDER_MS,
    everyMs: 25,
  });
}
