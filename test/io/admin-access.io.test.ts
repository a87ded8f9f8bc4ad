// Who may use an admin address that asks who is there: tokens, TLS, client certificates, commands.
import assert from 'node:assert/strict';
import { chmodSync, writeFileSync } from 'node:fs';
import { request } from 'node:https';
import { test } from 'node:test';
import {
  certificatesSkip,
  pem,
  TestCertificates,
} from '../../src/control/health/test-certificates.ts';
import { Ballast, runCommand } from '../kit/ballast.ts';
import { simpleConfig } from '../kit/config.ts';
import { freePort } from '../kit/free-ports.ts';
import { TempDir } from '../kit/temp-dir.ts';
import { until } from '../kit/wait.ts';

const WRITER = 'writer-0123456789';
const READER = 'reader-0123456789';

async function started(admin: Readonly<Record<string, unknown>> | string) {
  const tree = simpleConfig({ port: await freePort(), servers: ['127.0.0.1:1'], top: { admin } });
  return { ballast: await Ballast.start(tree), tree };
}

function tokenFile(dir: TempDir, ...lines: string[]): string {
  const path = dir.file('tokens');
  writeFileSync(path, `${lines.join('\n')}\n`);
  chmodSync(path, 0o600);
  return path;
}

const bearer = (token: string) => ({ headers: { authorization: `Bearer ${token}` } });

test('admin access: an address that others reach is refused, with both remedies', async () => {
  using dir = new TempDir();
  const file = dir.file('ballast.yaml');
  writeFileSync(
    file,
    JSON.stringify(
      simpleConfig({ port: 8080, servers: ['127.0.0.1:1'], top: { admin: '0.0.0.0:9900' } }),
    ),
  );
  const { code, stderr } = await runCommand(['run', file]);
  assert.equal(code, 1);
  assert.match(stderr, /BAL_CONFIG_ADMIN_OPEN.*tokenFile.*tls and clientCa/);
});

test('admin access: tokens by role, new ones without a restart, none in the log', async () => {
  using dir = new TempDir();
  const file = tokenFile(dir, `write ${WRITER}`, `read ${READER}`);
  const bind = `127.0.0.1:${await freePort()}`;
  const { ballast } = await started({ bind, tokenFile: file });
  await using _ = ballast;
  const url = `http://${bind}`;
  const status = async (path: string, init?: RequestInit) =>
    (await fetch(`${url}${path}`, init)).status;
  assert.equal(await status('/v1/status'), 401);
  assert.equal(await status('/'), 200);
  assert.equal(await status('/healthz'), 200);
  assert.equal(await status('/v1/status', bearer(READER)), 200);
  assert.equal(await status('/v1/config', bearer(READER)), 403);
  assert.equal(await status('/v1/config', bearer(WRITER)), 200);
  const reload = (token: string) => ({ method: 'POST', ...bearer(token) });
  assert.equal(await status('/v1/reload', reload(READER)), 403);
  assert.equal(await status('/v1/reload', reload(WRITER)), 200);
  assert.equal(await status('/status', bearer('wrong-0123456789')), 401);
  const next = 'second-0123456789';
  tokenFile(dir, `write ${next}`);
  await until(async () => (await status('/v1/status', bearer(next))) === 200, {
    what: 'the new token',
    everyMs: 250,
  });
  assert.equal(await status('/v1/status', bearer(WRITER)), 401);
  assert.doesNotMatch(ballast.stderr, /0123456789/);
  assert.match(ballast.stderr, /a token for the admin address was refused/);
});

test('admin access: commands take the token of the file, or of --token-file', async () => {
  using dir = new TempDir();
  const file = tokenFile(dir, `write ${WRITER}`);
  const bind = `127.0.0.1:${await freePort()}`;
  const { ballast } = await started({ bind, tokenFile: file });
  await using _ = ballast;
  const run = async (...args: string[]) => {
    const { code, stderr } = await runCommand(args);
    return `${code} ${/BAL_[A-Z_]+/.exec(stderr)?.[0] ?? ''}`.trim();
  };
  assert.equal(await run('status', ballast.configFile), '0');
  assert.equal(await run('reload', ballast.configFile), '0');
  assert.equal(await run('drain', 'web/*', ballast.configFile), '0');
  assert.equal(await run('status', '--admin', bind, '--token-file', file), '0');
  assert.equal(await run('status', '--admin', bind), '1 BAL_API_TOKEN');
  assert.equal(await run('drain', 'web/*', '--admin', bind), '1 BAL_API_TOKEN');
  assert.equal(
    await run('status', '--admin', bind, '--token-file', '/nowhere'),
    '1 BAL_ADMIN_FILE',
  );
});

test('admin access: a reload makes the same address ask for tokens, or leaves all as it was', async () => {
  using dir = new TempDir();
  const bind = `127.0.0.1:${await freePort()}`;
  const { ballast, tree } = await started(bind);
  await using _ = ballast;
  const status = async (init?: RequestInit) =>
    (await fetch(`http://${bind}/v1/status`, init)).status;
  const reload = () => runCommand(['reload', '--admin', bind]);
  ballast.writeConfig({ ...tree, admin: { bind, tokenFile: dir.file('missing') } });
  assert.equal((await reload()).code, 1);
  assert.equal(await status(), 200);
  ballast.writeConfig({ ...tree, admin: { bind, tokenFile: tokenFile(dir, WRITER) } });
  assert.equal((await reload()).code, 0);
  await until(async () => (await status()) === 401, { what: 'the address to ask for a token' });
  assert.equal(await status(bearer(WRITER)), 200);
});

test('admin access: TLS with client certificates', { skip: certificatesSkip }, async () => {
  using made = new TestCertificates();
  using others = new TestCertificates();
  const own = made.issue('IP:127.0.0.1');
  const client = made.issue('DNS:operator');
  const stranger = others.issue('DNS:operator');
  const port = await freePort();
  const bind = `127.0.0.1:${port}`;
  const tls = { certificate: own.cert, key: own.key, clientCa: made.ca.cert };
  const { ballast } = await started({ bind, tls });
  await using _ = ballast;
  assert.match(ballast.stdout, new RegExp(`admin https://${bind}`));
  const ca = pem(made.ca).cert;
  const ask = (options: object) =>
    new Promise<number | string>((resolve) => {
      const sent = request(
        { host: '127.0.0.1', port, path: '/v1/status', ca, agent: false, ...options },
        (answer) => {
          answer.resume();
          resolve(answer.statusCode!);
        },
      );
      sent.on('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? 'error'));
      sent.end();
    });
  assert.equal(await ask(pem(client)), 200);
  assert.notEqual(await ask({}), 200);
  assert.notEqual(await ask(pem(stranger)), 200);
  assert.notEqual(
    await ask({
      ...pem(client),
      minVersion: 'TLSv1.1',
      maxVersion: 'TLSv1.1',
      ciphers: 'ALL:@SECLEVEL=0',
    }),
    200,
  );
  assert.equal(await ask({ ...pem(client), maxVersion: 'TLSv1.2' }), 200);
  const withFile = ['--cert', client.cert, '--key', client.key];
  assert.equal((await runCommand(['status', ballast.configFile, ...withFile])).code, 0);
  const address = `https://${bind}`;
  const byHand = ['status', '--admin', address, ...withFile];
  assert.equal((await runCommand([...byHand, '--ca', made.ca.cert])).code, 0);
  const untrusted = await runCommand([...byHand, '--ca', others.ca.cert]);
  assert.equal(untrusted.code, 3);
  assert.match(untrusted.stderr, /--ca/);
  assert.equal((await runCommand(['status', ballast.configFile])).code, 3);
});
