/** HAProxy and NGINX, configured alike: HTTP on 80, TCP on 81. */
import type { Setting } from './contender.ts';
import type { Proxy } from './keepalived.ts';

const servers = ({ network }: Setting): { name: string; host: string }[] =>
  network.servers.map((name) => ({ name, host: network.inside(name) }));

export const HAPROXY: Proxy = {
  program: 'haproxy',
  args: (file) => ['-db', '-f', file],
  config: (setting) => {
    const list = (port: number): string =>
      servers(setting)
        .map(({ name, host }) => `  server ${name} ${host}:${port} check inter 1s fall 2 rise 2`)
        .join('\n');
    return `global
  maxconn 8000
  nbthread 1
defaults
  timeout connect 2s
  timeout client 1h
  timeout server 1h
  retries 3
  option redispatch
frontend web
  mode http
  bind :80
  default_backend web
backend web
  mode http
  balance roundrobin
${list(8080)}
listen tcp
  mode tcp
  bind :81
  balance source
${list(8081)}
`;
  },
};

const STREAM_MODULE = '/usr/lib/nginx/modules/ngx_stream_module.so';

export const NGINX: Proxy = {
  program: 'nginx',
  files: { 'libnginx-mod-stream': STREAM_MODULE },
  args: (file) => ['-g', 'daemon off;', '-c', file],
  config: (setting) => {
    const list = (port: number): string =>
      servers(setting)
        .map(({ host }) => `    server ${host}:${port};`)
        .join('\n');
    return `worker_processes 1;
pid ${setting.folder}/nginx.pid;
error_log /dev/null;
load_module ${STREAM_MODULE};
events { worker_connections 10000; }
http {
  access_log off;
  upstream web {
${list(8080)}
    keepalive 64;
  }
  server {
    listen 80;
    location / {
      proxy_pass http://web;
      proxy_http_version 1.1;
      proxy_set_header Connection "";
    }
  }
}
stream {
  upstream tcp {
${list(8081)}
  }
  server {
    listen 81;
    proxy_pass tcp;
    proxy_timeout 1h;
  }
  upstream udp {
    hash $remote_addr:$remote_port consistent;
${list(8082)}
  }
  server {
    listen 82 udp;
    proxy_pass udp;
    proxy_timeout 1m;
  }
}
`;
  },
};
