/** Ballast with one worker: the supervisor's time counts as well. */
import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Child } from '../children.ts';
import { programVersion, root } from '../tools.ts';
import { routeTarget } from './contender.ts';
import type { Balancer, CertificateFiles, Contender, Setup } from './contender.ts';
import { untilRelaying, untilServing, untilServingTls } from './serving.ts';

const program = join(root, 'bin/ballast');

function routes(count: number): readonly object[] {
  if (count === 0) return [{ pool: 'web' }];
  return Array.from({ length: count }, (_, i) => {
    const { host, path } = routeTarget(i);
    return { hosts: [host], paths: [`${path}*`], pool: 'web' };
  });
}

/**
 * Of the forwarding fields only X-Forwarded-For, which is what HAProxy is told to write, unless it
 * is to run as it comes; everything else is as it comes.
 */
function web(setup: Setup): object {
  const few = { forwarded: { xForwardedProto: false, xForwardedHost: false } };
  return {
    bind: `127.0.0.1:${setup.port}`,
    protocol: 'http',
    ...(setup.certificate === null ? {} : { tls: ['bench'] }),
    ...(setup.asItComes ? {} : few),
    routes: routes(setup.routes),
  };
}

/** TCP and UDP as they come; nobody checks servers of UDP. */
function layer4(setup: Setup): object {
  const { protocol } = setup;
  return {
    bind: `127.0.0.1:${setup.port}`,
    protocol,
    ...(setup.perPacket ? { perPacket: true } : {}),
    pool: 'web',
  };
}

function check(setup: Setup): object {
  const times = { every: '1s', rise: 2, fall: 2 };
  if (setup.protocol === 'udp') return {};
  const kind = setup.protocol === 'tcp' ? { tcp: {} } : { http: { path: '/health' } };
  return { check: { ...kind, ...times } };
}

/** TLS as it comes. */
function certificates({ cert, key }: CertificateFiles): object {
  return { bench: { cert, key } };
}

function configuration(setup: Setup): object {
  return {
    admin: `127.0.0.1:${setup.adminPort}`,
    workers: 1,
    // What memory its processes take is read by others than root too.
    coreDumps: true,
    log: { access: setup.logs ? join(setup.dir, 'access.log') : 'off', level: 'warn' },
    ...(setup.certificate === null ? {} : { certificates: certificates(setup.certificate) }),
    listeners: { web: setup.protocol === 'http' ? web(setup) : layer4(setup) },
    pools: {
      web: {
        balance: 'round-robin',
        servers: setup.origins.map((port) => `127.0.0.1:${port}`),
        ...check(setup),
      },
    },
  };
}

function profiling(dir: string | null): Readonly<Record<string, string>> {
  return dir === null ? {} : { BALLAST_WORKER_NODE_FLAGS: `--cpu-prof --cpu-prof-dir=${dir}` };
}

async function start(setup: Setup): Promise<Balancer> {
  const file = join(setup.dir, 'ballast.yaml');
  writeFileSync(file, JSON.stringify(configuration(setup)));
  const child = new Child({
    command: program,
    args: ['run', file],
    cores: String(setup.core),
    env: profiling(setup.profileDir),
  });
  await child.saying(/\bready\b/, 30_000);
  if (setup.certificate !== null) await untilServingTls(child, setup.port);
  else if (setup.protocol === 'http') await untilServing(child, setup.port);
  else await untilRelaying(child, setup);
  return {
    pids: () => child.family(),
    metricsUrl: `http://127.0.0.1:${setup.adminPort}/metrics`,
    logFile: setup.logs ? join(setup.dir, 'access.log') : null,
    stop: () => child.stop('SIGTERM'),
  };
}

export const ballast: Contender = {
  program: 'ballast',
  version: () =>
    existsSync(join(root, 'src/cli/main.ts'))
      ? programVersion(program, ['--version'], /(\d+\.\d+\.\d+)/)
      : Promise.resolve(null),
  serves: () => true,
  start,
};
