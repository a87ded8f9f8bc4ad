/** HAProxy with one thread, in HTTP mode or in TCP mode. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { CIPHERS, CIPHER_SUITES } from '../../src/sys/tls/tls-profile.ts';
import { Child, DESCRIPTORS } from '../children.ts';
import { programVersion } from '../tools.ts';
import { routeTarget } from './contender.ts';
import type { Balancer, Contender, Setup } from './contender.ts';
import { untilRelaying, untilServing } from './serving.ts';

/** Room for the idle connections of the memory row, within what the descriptors allow. */
const MAXCONN = Math.min(8_000, Math.floor((DESCRIPTORS - 200) / 3));
/** In TCP mode, where splicing takes descriptors for its pipes as well. */
const TCP_MAXCONN = 2_000;

function logging(setup: Setup): string {
  return setup.logs ? '  option httplog\n  log global' : '  no log';
}

function routing(setup: Setup, map: string): string {
  if (setup.routes === 0) return '  default_backend web';
  return `  use_backend %[base,map_beg(${map})]`;
}

function servers(setup: Setup): string {
  return setup.origins
    .map((port, i) => `  server s${i + 1} 127.0.0.1:${port} check inter 1s rise 2 fall 2`)
    .join('\n');
}

/** The same whatever is balanced. */
function metrics(setup: Setup): string {
  return `frontend metrics
  mode http
  bind 127.0.0.1:${setup.adminPort}
  no log
  http-request use-service prometheus-exporter`;
}

function tcpConfiguration(setup: Setup): string {
  return `global
  nbthread 1
  maxconn ${TCP_MAXCONN}
defaults
  mode tcp
  no log
  timeout connect 5s
  timeout client 60s
  timeout server 60s
  ${setup.splice ? 'option splice-auto' : ''}
frontend l4
  bind 127.0.0.1:${setup.port}
  default_backend l4
backend l4
  balance roundrobin
${servers(setup)}
${metrics(setup)}
`;
}

/** The versions and ciphers that Ballast has by default; session tickets are on. */
const TLS_DEFAULTS = `  ssl-default-bind-options ssl-min-ver TLSv1.2
  ssl-default-bind-ciphersuites ${CIPHER_SUITES.join(':')}
  ssl-default-bind-ciphers ${CIPHERS.join(':')}`;

function tlsOfBind({ certificate }: Setup): string {
  return certificate === null ? '' : `ssl crt ${certificate.both} alpn http/1.1`;
}

function httpConfiguration(setup: Setup, map: string): string {
  return `global
  nbthread 1
  maxconn ${MAXCONN}
${setup.logs ? `  log ${setup.logSocket} local0 info` : ''}
${setup.certificate === null ? '' : TLS_DEFAULTS}
defaults
  mode http
${logging(setup)}
  option forwardfor
  timeout connect 5s
  timeout client 60s
  timeout server 60s
  timeout http-request 10s
  timeout http-keep-alive 60s
  ${setup.reuseAlways ? 'http-reuse always' : ''}
frontend web
  bind 127.0.0.1:${setup.port} ${tlsOfBind(setup)}
${routing(setup, map)}
${metrics(setup)}
backend web
  balance roundrobin
  option httpchk GET /health
${servers(setup)}
`;
}

/** Where every request goes to the same backend: what is measured is finding it. */
function mapText(routes: number): string {
  let text = '';
  for (let i = 0; i < routes; i++) {
    const { host, path } = routeTarget(i);
    text += `${host}${path} web\n`;
  }
  return text;
}

async function start(setup: Setup): Promise<Balancer> {
  const file = join(setup.dir, 'haproxy.cfg');
  const map = join(setup.dir, 'routes.map');
  const isHttp = setup.protocol === 'http';
  if (isHttp) writeFileSync(map, mapText(setup.routes));
  writeFileSync(file, isHttp ? httpConfiguration(setup, map) : tcpConfiguration(setup));
  const child = new Child({
    command: 'haproxy',
    args: ['-db', '-f', file],
    cores: String(setup.core),
  });
  await untilServing(child, setup.adminPort, '/metrics');
  if (!isHttp) await untilRelaying(child, setup);
  return {
    pids: () => child.family(),
    metricsUrl: `http://127.0.0.1:${setup.adminPort}/metrics`,
    logFile: null,
    stop: () => child.stop('SIGUSR1'),
  };
}

export const haproxy: Contender = {
  program: 'haproxy',
  version: () => programVersion('haproxy', ['-v'], /version (\S+)/),
  serves: (protocol) => protocol !== 'udp',
  start,
};
