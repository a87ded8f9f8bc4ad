/** HAProxy and NGINX as Debian has them, for comparison. Each runs in the foreground, unprivileged. */
import { spawn, spawnSync } from 'node:child_process';
import { existsSync, writeFileSync } from 'node:fs';
import { connectTo } from './byte-stream.ts';
import { endProcess, endWithUs } from './processes.ts';
import { TempDir } from './temp-dir.ts';
import { until } from './wait.ts';

export type PeerName = 'haproxy' | 'nginx';

/** A port to listen on and the server's address behind it. */
export type Mapping = { readonly port: number; readonly server: string };

const PROGRAM = { haproxy: '/usr/sbin/haproxy', nginx: '/usr/sbin/nginx' } as const;

/** The exact version that is installed, or undefined where the program is absent. */
export function peerVersion(name: PeerName): string | undefined {
  if (!existsSync(PROGRAM[name])) return undefined;
  const result = spawnSync(PROGRAM[name], ['-v'], { encoding: 'utf8' });
  const match = /(?:version |nginx\/)(\S+)/.exec(result.stdout + result.stderr);
  return match?.[1];
}

function haproxyConfig(mappings: readonly Mapping[]): string {
  const lines = [
    'global',
    '  maxconn 2000',
    'defaults',
    '  mode http',
    '  timeout connect 5s',
    '  timeout client 2s',
    '  timeout server 2s',
    '  timeout http-request 2s',
  ];
  for (const { port, server } of mappings) {
    lines.push(`frontend f${port}`, `  bind 127.0.0.1:${port}`, `  default_backend b${port}`);
    lines.push(`backend b${port}`, `  server s ${server}`);
  }
  return `${lines.join('\n')}\n`;
}

function nginxConfig(mappings: readonly Mapping[], dir: string): string {
  const lines = [
    'daemon off;',
    'master_process off;',
    `pid ${dir}/nginx.pid;`,
    `error_log ${dir}/error.log;`,
    'events { worker_connections 4096; }',
    'http {',
    'access_log off;',
    `client_body_temp_path ${dir}/body;`,
    `proxy_temp_path ${dir}/proxy;`,
    `fastcgi_temp_path ${dir}/fastcgi;`,
    `uwsgi_temp_path ${dir}/uwsgi;`,
    `scgi_temp_path ${dir}/scgi;`,
    'client_header_timeout 2s; client_body_timeout 2s; proxy_read_timeout 2s;',
    'keepalive_timeout 2s;',
  ];
  for (const { port, server } of mappings) {
    lines.push(`upstream u${port} { server ${server}; keepalive 8; }`);
    lines.push(`server { listen 127.0.0.1:${port};`);
    lines.push(`location / { proxy_pass http://u${port}; proxy_http_version 1.1;`);
    lines.push('proxy_set_header Host $http_host;');
    lines.push('proxy_set_header Upgrade $http_upgrade;');
    lines.push('proxy_set_header Connection $http_connection; } }');
  }
  return `${lines.join('\n')}\n}\n`;
}

/** A running proxy; disposing of it ends it. */
export class Peer implements AsyncDisposable {
  private readonly dir = new TempDir();
  private readonly child;

  private constructor(name: PeerName, mappings: readonly Mapping[]) {
    const file = this.dir.file(`${name}.conf`);
    const text =
      name === 'haproxy' ? haproxyConfig(mappings) : nginxConfig(mappings, this.dir.path);
    writeFileSync(file, text);
    const args = name === 'haproxy' ? ['-db', '-f', file] : ['-p', this.dir.path, '-c', file];
    this.child = spawn(PROGRAM[name], args, { stdio: ['ignore', 'ignore', 'ignore'] });
    endWithUs(this.child);
  }

  /** Starts a proxy with one front port per mapping and waits until the last one accepts. */
  static async start(name: PeerName, mappings: readonly Mapping[]): Promise<Peer> {
    const peer = new Peer(name, mappings);
    await until(
      async () => {
        if (peer.child.exitCode !== null) throw new Error(`${name} ended at once`);
        try {
          (await connectTo(mappings.at(-1)!.port)).destroy();
          return true;
        } catch {
          return false;
        }
      },
      { what: `${name} to accept`, everyMs: 30 },
    );
    return peer;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await endProcess(this.child, 'SIGTERM', 3_000);
    this.dir[Symbol.dispose]();
  }
}
