/**
 * NGINX with one worker process. It has no active health checks: it runs without. TCP and UDP are its
 * stream module's, which Debian has in a package of its own.
 */
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { CIPHERS } from '../../src/sys/tls/tls-profile.ts';
import { Child } from '../children.ts';
import { NGINX_STREAM_MODULE, programVersion } from '../tools.ts';
import type { Balancer, Contender, Setup } from './contender.ts';
import { untilRelaying, untilServing } from './serving.ts';

/** A connection is never closed for the number of its requests: nobody else's is. */
const MANY = 1_000_000_000;

function servers(setup: Setup): string {
  return setup.origins.map((port) => `    server 127.0.0.1:${port};`).join('\n');
}

function main(setup: Setup): string {
  return `${setup.protocol === 'http' ? '' : `load_module ${NGINX_STREAM_MODULE};`}
${process.getuid?.() === 0 ? 'user root;' : ''}
worker_processes 1;
daemon off;
pid ${setup.dir}/nginx.pid;
error_log stderr error;
worker_rlimit_nofile 60000;
events { worker_connections 16384; }`;
}

/** Of UDP a session is ended by silence, or with perPacket by its first answer. */
function stream(setup: Setup): string {
  if (setup.protocol === 'http') return '';
  const isUdp = setup.protocol === 'udp';
  return `stream {
  upstream l4 {
${servers(setup)}
  }
  server {
    listen 127.0.0.1:${setup.port}${isUdp ? ' udp' : ' backlog=4096'};
    proxy_pass l4;
    proxy_connect_timeout 5s;
    proxy_timeout 60s;
    ${isUdp ? '' : 'tcp_nodelay on;'}
    ${setup.perPacket ? 'proxy_responses 1;' : ''}
  }
}`;
}

/** The versions and ciphers that Ballast has by default; session tickets are on. */
function tls({ certificate }: Setup): string {
  if (certificate === null) return '';
  return `    ssl_certificate ${certificate.cert};
    ssl_certificate_key ${certificate.key};
    ssl_protocols TLSv1.2 TLSv1.3;
    ssl_ciphers ${CIPHERS.join(':')};
    ssl_prefer_server_ciphers on;`;
}

/** Of NGINX in HTTP, what a row of HTTP needs. */
function web(setup: Setup): string {
  if (setup.protocol !== 'http') return '';
  return `  keepalive_requests ${MANY};
  keepalive_timeout 60s;
  tcp_nodelay on;
  upstream web {
${servers(setup)}
    keepalive 128;
    keepalive_requests ${MANY};
  }
  server {
    listen 127.0.0.1:${setup.port} backlog=4096${setup.certificate === null ? '' : ' ssl'};
${tls(setup)}
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
  }`;
}

function configuration(setup: Setup): string {
  const log = setup.logs ? `${setup.dir}/access.log combined buffer=64k flush=1s` : 'off';
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map(
    (name) => `  ${name}_temp_path ${setup.dir}/temp;`,
  );
  return `${main(setup)}
http {
  access_log ${log};
${temporary.join('\n')}
${web(setup)}
  server {
    listen 127.0.0.1:${setup.adminPort};
    access_log off;
    location = /metrics { stub_status; }
  }
}
${stream(setup)}
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
  if (setup.protocol !== 'http') await untilRelaying(child, setup);
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
  serves: (protocol) => protocol === 'http' || existsSync(NGINX_STREAM_MODULE),
  start,
};
