// Certificates by ACME, obtained from pebble by the whole product.
import assert from 'node:assert/strict';
import { X509Certificate } from 'node:crypto';
import { readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { Ballast } from '../kit/ballast.ts';
import type { Tree } from '../kit/config.ts';
import { freePorts } from '../kit/free-ports.ts';
import { Pebble, withoutPebble } from '../kit/pebble.ts';
import { TempDir } from '../kit/temp-dir.ts';
import { until } from '../kit/wait.ts';

const skip = withoutPebble;

type Made = { readonly pebble: Pebble; readonly state: string; readonly httpPort: number };

function config({ pebble, state, httpPort }: Made, acme: Tree = {}): Tree {
  const { directory, caFile: ca } = pebble;
  return {
    workers: 2,
    state,
    certificates: {
      shop: { acme: { names: ['shop.test', 'www.shop.test'], directory, ca, ...acme } },
    },
    listeners: {
      web: {
        bind: `127.0.0.1:${httpPort}`,
        routes: [{ respond: { status: 200, body: 'routed' } }],
      },
    },
    pools: {},
  };
}

/** Waits for the certificate in the state folder. */
function obtained(state: string, name = 'shop'): Promise<X509Certificate> {
  const path = join(state, 'acme', 'certificates', `${name}.pem`);
  return until(
    () => {
      try {
        return new X509Certificate(readFileSync(path));
      } catch {
        return null;
      }
    },
    { what: 'the certificate', timeoutMs: 60_000 },
  );
}

test(
  'a certificate is obtained by http-01, with everything kept for its owner alone',
  { skip },
  async () => {
    using dir = new TempDir();
    const [httpPort, tlsPort] = await freePorts(2);
    await using pebble = await Pebble.start({
      httpPort: httpPort!,
      tlsPort: tlsPort!,
      badNoncePercent: 20,
    });
    const state = dir.file('state');
    await using ballast = await Ballast.start(config({ pebble, state, httpPort: httpPort! }));
    const x509 = await obtained(state);
    assert.equal(x509.subjectAltName, 'DNS:shop.test, DNS:www.shop.test');
    assert.equal(statSync(join(state, 'acme')).mode & 0o777, 0o700);
    assert.equal(statSync(join(state, 'acme', 'certificates', 'shop.pem')).mode & 0o777, 0o600);
    assert.ok(!ballast.stderr.includes('PRIVATE KEY'));
  },
);
