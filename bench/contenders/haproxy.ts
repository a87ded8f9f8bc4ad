/** HAProxy in HTTP mode with one thread. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Child, DESCRIPTORS } from '../children.ts';
import { programVersion } from '../tools.ts';
import { routeTarget } from './contender.ts';
import type { Balancer, Contender, Setup } from './contender.ts';
import { untilServing } from './serving.ts';

/** Room for the idle connections of the memory row, within what the descriptors allow. */
const MAXCONN = Math.min(8_000, Math.floor((DESCRIPTORS - 200) / 3));

function logging(setup: Setup): string {
  return setup.logs ? '  option httplog\n  log global' : '  no log';
}

function routing(setup: Setup, map: string): string {
  if (setup.routes === 0) return '  default_backend web';
  return `  use_backend %[base,map_beg(${map})]`;
}

function configuration(setup: Setup, map: string): string {
  const servers = setup.origins.map(
    (port, i) => `  server s${i + 1} 127.0.0.1:${port} check inter 1s rise 2 fall 2`,
  );
  return `global
  nbthread 1
  maxconn ${MAXCONN}
${setup.logs ? `  log ${setup.logSocket} local0 info` : ''}
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
  bind 127.0.0.1:${setup.port}
${routing(setup, map)}
frontend metrics
  bind 127.0.0.1:${setup.adminPort}
  no log
  http-request use-service prometheus-exporter
backend web
  balance roundrobin
  option httpchk GET /health
${servers.join('\n')}
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
  writeFileSync(map, mapText(setup.routes));
  writeFileSync(file, configuration(setup, map));
  const child = new Child({
    command: 'haproxy',
    args: ['-db', '-f', file],
    cores: String(setup.core),
  });
  await untilServing(child, setup.adminPort, '/metrics');
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
  start,
};
