import assert from 'node:assert/strict';
import { test } from 'node:test';
import { configJsonSchema } from './json-schema.ts';
import { loadConfig } from './load.ts';
import type { Plan } from './plan.ts';
import { YamlFile } from './yaml-file.ts';

const options = { readFile: () => null, cores: 3 };

const SMALL = `listeners:
  web: { bind: 0.0.0.0:8080, pool: web }
pools:
  web: { servers: [10.0.0.11:8080], check: { http: {} } }
`;

function plan(text: string): Plan {
  const result = loadConfig(text, 'ballast.yaml', options);
  assert.deepEqual(result.diagnostics, []);
  assert.ok(result.plan);
  return result.plan;
}

test('loadConfig takes the number of cores for workers: auto', () => {
  assert.equal(plan(SMALL).workers, 3);
  assert.equal(plan(`workers: 7\n${SMALL}`).workers, 7);
});

test('loadConfig gives the admin address, its default, or none', () => {
  assert.equal(plan(SMALL).admin?.host, '/run/ballast/admin.sock');
  assert.equal(plan(`admin: 127.0.0.1:1\n${SMALL}`).admin?.port, 1);
  assert.equal(plan(`admin: off\n${SMALL}`).admin, null);
});

test('loadConfig reads JSON and YAML to the same plan', () => {
  const json = JSON.stringify({
    pools: { web: { check: { http: {} }, servers: ['10.0.0.11:8080'] } },
    listeners: { web: { pool: 'web', bind: '0.0.0.0:8080' } },
  });
  assert.deepEqual(plan(json), plan(SMALL));
});

test('loadConfig gives a digest that changes with the meaning and not with the writing', () => {
  const { digest } = plan(SMALL);
  assert.match(digest, /^[0-9a-f]{64}$/);
  assert.equal(plan(`# a comment\ndrain: 30s\n${SMALL}`).digest, digest);
  assert.notEqual(plan(`drain: 31s\n${SMALL}`).digest, digest);
});

test('loadConfig gives a digest that changes with anything in a check', () => {
  const checks = [
    'tcp: {}',
    'tcp: { tls: true }',
    'tcp: { steps: [{ send: a }] }',
    'tcp: { steps: [{ send: b }] }',
    'postgres: { user: a }',
    'postgres: { user: a, password: b }',
    'postgres: { user: a, password: c }',
    'postgres: { user: a, passwordEnv: c }',
    'postgres: { user: a, role: primary }',
    'tcp: {}, start: up',
    'tcp: {}, every: 3s',
    'tcp: {}, port: 81',
  ];
  const pools = checks.map((check) => plan(SMALL.replace('http: {}', check)));
  assert.equal(new Set(pools.map(({ digest }) => digest)).size, checks.length);
  assert.equal(new Set(pools.map((one) => one.pools[0]?.check?.digest)).size, checks.length);
});

test('loadConfig takes $STATE_DIRECTORY for state: auto, and nothing else for off', () => {
  const folder = (state: string, stateDirectory?: string): string | null | undefined =>
    loadConfig(`${state}\n${SMALL}`, 'a.yaml', { ...options, stateDirectory }).plan?.stateFolder;
  assert.equal(folder(''), null);
  assert.equal(folder('', '/var/lib/ballast'), '/var/lib/ballast');
  assert.equal(folder('state: auto', '/var/lib/a:/var/lib/b'), '/var/lib/a');
  assert.equal(folder('state: auto', 'relative'), null);
  assert.equal(folder('state: off', '/var/lib/ballast'), null);
  assert.equal(folder('state: /srv/ballast', '/var/lib/ballast'), '/srv/ballast');
});

test('loadConfig gives one status or range of a check as a list of ranges', () => {
  const probes = ['{}', '{ status: 204 }', '{ status: [200, "300-399"] }'].map((http) => {
    const probe = plan(SMALL.replace('http: {}', `http: ${http}`)).pools[0]?.check?.probe;
    return probe?.kind === 'http' ? probe.steps[0]?.statuses : null;
  });
  const expected = [
    [[200, 399]],
    [[204, 204]],
    [
      [200, 200],
      [300, 399],
    ],
  ];
  assert.deepEqual(probes, expected);
});

test('loadConfig gives equal checks equal digests, and other checks others', () => {
  const [web, api, fast] = plan(`listeners:
  web:
    bind: 0.0.0.0:8080
    routes: [{ paths: [/a], pool: api }, { paths: [/b], pool: fast }, { pool: web }]
pools:
  web: { servers: [10.0.0.1:80], check: { tcp: {} } }
  api: { servers: [10.0.0.2:80], check: { tcp: {}, every: 2s } }
  fast: { servers: [10.0.0.3:80], check: { tcp: {}, every: 1s } }
`).pools;
  assert.equal(web?.check?.digest, api?.check?.digest);
  assert.notEqual(web?.check?.digest, fast?.check?.digest);
});

test('loadConfig checks a server sooner than every 1s only where it is told to', () => {
  const check = (text: string) =>
    plan(SMALL.replace('http: {}', `http: {}, ${text}`)).pools[0]?.check;
  assert.equal(check('every: 10s')?.downEveryMs, 1_000);
  assert.equal(check('every: 500ms, timeout: 100ms')?.downEveryMs, 500);
  assert.equal(check('every: 10s, changingEvery: 200ms')?.changingEveryMs, 200);
});

test('loadConfig fits defaults to what they depend on', () => {
  const check = plan(SMALL.replace('http: {}', 'http: {}, every: 250ms')).pools[0]?.check;
  assert.equal(check?.timeoutMs, 250);
  assert.equal(plan(`limits: { head: 4KiB }\n${SMALL}`).limits.uriBytes, 4_096);
  assert.equal(plan(SMALL).limits.uriBytes, 8_192);
});

test('loadConfig warns without refusing', () => {
  const text = `${SMALL}  old: { servers: [10.0.0.12:8080] }\n`;
  const result = loadConfig(text, 'ballast.yaml', options);
  assert.deepEqual(
    result.diagnostics.map(({ severity, code }) => [severity, code]),
    [['warning', 'BAL_CONFIG_UNUSED_POOL']],
  );
  assert.notEqual(result.plan, null);
});

test('loadConfig reads files relative to the folder of the configuration file', () => {
  const asked: string[] = [];
  const readFile = (path: string): Uint8Array => {
    asked.push(path);
    return new TextEncoder().encode('busy');
  };
  const text = SMALL.replace(
    'pool: web',
    'pool: web, errorPages: { 503: pages/503.html, 504: /a }',
  );
  const { plan: loaded } = loadConfig(text, '/etc/ballast/ballast.yaml', { readFile, cores: 1 });
  assert.deepEqual(asked, ['/etc/ballast/pages/503.html', '/a']);
  const listener = loaded?.listeners[0];
  assert.ok(listener?.protocol === 'http');
  const pages = listener.errorPages.map(({ status, bodyBase64 }) => [status, bodyBase64]);
  assert.deepEqual(pages, [
    [503, 'YnVzeQ=='],
    [504, 'YnVzeQ=='],
  ]);
});

test('loadConfig reports mistakes in the order of the file', () => {
  const text = `drain: 5\n${SMALL.replace('web }', 'wbe, color: red }')}workers: none\n`;
  const { diagnostics } = loadConfig(text, 'ballast.yaml', options);
  const places = diagnostics.map(({ line, column }) => [line, column]);
  assert.deepEqual(
    places,
    [...places].sort((a, b) => a[0]! - b[0]! || a[1]! - b[1]!),
  );
  assert.equal(diagnostics.length, 4);
});

test('loadConfig does not take "__proto__" and "constructor" for keys that are there', () => {
  for (const key of ['__proto__', 'constructor', 'toString']) {
    const { diagnostics } = loadConfig(`${SMALL}${key}: {}\n`, 'ballast.yaml', options);
    assert.deepEqual(
      diagnostics.map(({ code }) => code),
      ['BAL_CONFIG_UNKNOWN_KEY'],
    );
    const text = SMALL.replace('pool: web', `pool: ${key}`);
    const found = loadConfig(text, 'ballast.yaml', options).diagnostics.map(({ code }) => code);
    assert.ok(found.includes('BAL_CONFIG_UNKNOWN_POOL'), key);
  }
});

test('the JSON Schema gives the defaults that loadConfig fills in', () => {
  const { properties } = configJsonSchema();
  assert.equal(properties?.['drain']?.default, '30s');
  assert.equal(plan(SMALL).drainMs, 30_000);
});

test('loadConfig reads 10,000 routes in less than 3 times what their YAML alone takes', () => {
  const routes = Array.from({ length: 10_000 }, (_, i) => {
    return `      - { hosts: [h${i}.example.com], paths: [/api/v${i}/*], pool: p${i % 500} }\n`;
  });
  const pools = Array.from({ length: 500 }, (_, i) => {
    return `  p${i}: { servers: [10.0.${i >> 8}.${i & 255}:80], check: { tcp: {} } }\n`;
  });
  const head = 'listeners:\n  web:\n    bind: 0.0.0.0:80\n    routes:\n';
  const text = `${head}${routes.join('')}pools:\n${pools.join('')}`;
  const timeOf = (work: () => void): number => {
    const start = process.cpuUsage();
    work();
    return process.cpuUsage(start).user;
  };
  // The best of two each, in turn: other work on the machine slows both, and never speeds one up.
  const times = [1, 2].map(() => ({
    yaml: timeOf(() => assert.deepEqual(new YamlFile(text, 'a.yaml').diagnostics, [])),
    all: timeOf(() => assert.equal(plan(text).listeners[0]?.routes.length, 10_000)),
  }));
  const yaml = Math.min(...times.map((time) => time.yaml));
  const all = Math.min(...times.map((time) => time.all));
  assert.ok(all < yaml * 3, `${JSON.stringify(times)} µs`);
});
