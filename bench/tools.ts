/** The programs that a run needs: those it compiles, and those that Debian has. */
import { execFile, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

/** The checkout. */
export const root = join(dirname(fileURLToPath(import.meta.url)), '..');
/** What a run leaves behind. */
export const outDir = join(root, 'bench/out');

/** With what each is linked to besides the C library. */
const TOOLS = {
  floor: [],
  origin: [],
  load: [],
  'tls-load': ['-lssl', '-lcrypto'],
  sink: [],
  endpoint: [],
  'tcp-load': [],
  'udp-load': [],
} as const satisfies Readonly<Record<string, readonly string[]>>;
export type Tool = keyof typeof TOOLS;

export function toolPath(tool: Tool): string {
  return join(outDir, tool);
}

/** Programs of the distribution live outside an ordinary user's PATH. */
process.env['PATH'] = `${process.env['PATH'] ?? ''}:/usr/sbin:/sbin`;

function isThere(command: string): boolean {
  return spawnSync('sh', ['-c', `command -v ${command}`]).status === 0;
}

/** Where Debian's NGINX has its module for TCP and UDP; its package holds nothing else. */
export const NGINX_STREAM_MODULE = '/usr/lib/nginx/modules/ngx_stream_module.so';

type Needed = { readonly name: string; readonly packages: string; isThere(): boolean };

const program = (name: string, packages: string): Needed => ({
  name,
  packages,
  isThere: () => isThere(name),
});

function hasOpensslHeaders(): boolean {
  return existsSync('/usr/include/openssl/ssl.h');
}

/** In the order of how badly it is needed. */
const NEEDED: readonly Needed[] = [
  program('cc', 'gcc libc6-dev'),
  program('taskset', 'util-linux'),
  program('openssl', 'openssl'),
  {
    name: "OpenSSL's headers",
    packages: 'libssl-dev',
    isThere: hasOpensslHeaders,
  },
  program('haproxy', 'haproxy'),
  program('nginx', 'nginx-light'),
  {
    name: "NGINX's stream module",
    packages: 'libnginx-mod-stream',
    isThere: () => existsSync(NGINX_STREAM_MODULE),
  },
];

/**
 * Installs what is missing where that is possible (root, apt-get), without starting any service.
 * Returns the names of what is still missing.
 */
export function installMissing(say: (line: string) => void): readonly string[] {
  const missing = NEEDED.filter((one) => !one.isThere());
  const names = missing.map(({ name }) => name);
  if (missing.length === 0) return [];
  const packages = missing.map((one) => one.packages).join(' ');
  if (process.getuid?.() !== 0 || !isThere('apt-get')) {
    say(`missing: ${names.join(', ')} (as root with apt-get they would be installed)`);
    return names;
  }
  say(`installing ${packages}`);
  const script = `
    policy=/usr/sbin/policy-rc.d
    if [ ! -e "$policy" ]; then
      trap 'rm -f "$policy"' EXIT
      printf '#!/bin/sh\\nexit 101\\n' >"$policy"
      chmod 755 "$policy"
    fi
    export DEBIAN_FRONTEND=noninteractive
    apt-get -qq update
    apt-get -qq -o DPkg::Lock::Timeout=120 install -y --no-install-recommends ${packages}`;
  spawnSync('sh', ['-c', script], { stdio: ['ignore', 'ignore', 'inherit'] });
  return missing.filter((one) => !one.isThere()).map(({ name }) => name);
}

/** Compiles the C programs into bench/out, as far as their libraries are there; throws the compiler's words. */
export function compileTools(): void {
  mkdirSync(outDir, { recursive: true });
  for (const [name, libraries] of Object.entries(TOOLS)) {
    if (libraries.length > 0 && !hasOpensslHeaders()) continue;
    const tool = name as Tool;
    const source = join(root, `bench/c/${tool}.c`);
    const args = ['-O2', '-Wall', '-Wextra', '-o', toolPath(tool), source, ...libraries];
    const result = spawnSync('cc', args, { encoding: 'utf8' });
    if (result.status !== 0) throw new Error(`cc ${tool}.c failed: ${result.stderr}`);
  }
}

const run = promisify(execFile);

/** What a program says of its version, or null where it cannot be run. */
export async function programVersion(
  command: string,
  args: readonly string[],
  pattern: RegExp,
): Promise<string | null> {
  const result = await run(command, args).catch(() => null);
  if (result === null) return null;
  return pattern.exec(result.stdout + result.stderr)?.[1] ?? null;
}
