/** NGINX with one worker process. It has no active health checks: it runs without. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Child } from '../children.ts';
import { programVersion } from '../tools.ts';
import type { Balancer, Contender, Setup } from './contender.ts';
import { untilServing } from './serving.ts';

/** A connection is never closed for the number of its requests: nobody else's is. */
const MANY = 1_000_000_000;

function configuration(setup: Setup): string {
  const isRoot = process.getuid?.() === 0;
  const servers = setup.origins.map((port) => `    server 127.0.0.1:${port};`);
  const log = setup.logs ? `${setup.dir}/access.log combined buffer=64k flush=1s` : 'off';
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map(
    (name) => `  ${name}_temp_path ${setup.dir}/temp;`,
  );
  return `${isRoot ? 'user root;' : ''}
worker_processes 1;
daemon off;
pid ${setup.dir}/nginx.pid;
error_log stderr error;
worker_rlimit_nofile 60000;
events { worker_connections 16384; }
http {
  access_log ${log};
${temporary.join('\n')}
  keepalive_requests ${MANY};
  keepalive_timeout 60s;
  tcp_nodelay on;
  upstream web {
${servers.join('\n')}
    keepalive 128;
    keepalive_requests ${MANY};
  }
  server {
    listen 127.0.0.1:${setup.port} backlog=4096;
    client_max_body_size 0;
    location / {
      proxy_pass http://web;
      proxy_http_version 1.1;
      proxy_set_header Connection "";
      proxy_set_header Host $host;
      proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;
      proxy_request_buffering off;
      proxy_max_temp_file_size 0;
    }
  }
  server {
    listen 127.0.0.1:${setup.adminPort};
    access_log off;
    location = /metrics { stub_status; }
  }
}
`;
}

async function start(setup: Setup): Promise<Balancer> {
  const file = join(setup.dir, 'nginx.conf');
  mkdirSync(join(setup.dir, 'temp'));
  writeFileSync(file, configuration(setup));
  const child = new Child({
    command: 'nginx',
    args: ['-p', setup.dir, '-e', 'stderr', '-c', file],
    cores: String(setup.core),
  });
  await untilServing(child, setup.adminPort, '/metrics');
  return {
    pids: () => child.family(),
    metricsUrl: `http://127.0.0.1:${setup.adminPort}/metrics`,
    logFile: setup.logs ? join(setup.dir, 'access.log') : null,
    stop: () => child.stop('SIGTERM'),
  };
}

export const nginx: Contender = {
  program: 'nginx',
  version: () => programVersion('nginx', ['-v'], /nginx\/(\S+)/),
  start,
};
