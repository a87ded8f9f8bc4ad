import { digest } from './digest.ts';
import type { Files } from './files.ts';
import { floatingHosts, lowerAddress } from './lower/addresses.ts';
import { isKernel, lowerKernel } from './lower/kernel.ts';
import { lowerListener } from './lower/listener.ts';
import { lowerPool } from './lower/pool.ts';
import { lowerCertificates } from './lower/tls.ts';
import type { ListenerPlan, Plan } from './plan.ts';
import type { Config } from './schema.ts';
import { adminPlan } from './schema/admin.ts';
import { uriBytes } from './schema/limits.ts';

/** What a plan depends on beside the file. */
export type LowerOptions = {
  /** Number of workers that `auto` stands for. */
  readonly cores: number;
  /** Contents of the files that the configuration names. */
  readonly files: Files;
  /** Absolute path of the folder of the configuration file. */
  readonly folder: string;
  /** What `state: auto` stands for: see `LoadOptions`. */
  readonly stateDirectory: string | undefined;
};

/** The folder of the state; of several that systemd gives, separated by colons, the first. */
export function stateFolder(given: string, stateDirectory: string | undefined): string | null {
  if (given === 'off') return null;
  if (given !== 'auto') return given;
  const first = stateDirectory?.split(':')[0] ?? '';
  return first.startsWith('/') ? first : null;
}

/**
 * The runtime plan of a configuration that was checked by the schema and all rules: every default
 * filled in, units fixed, version 1, all slots 0.
 */
export function lower(config: Config, options: LowerOptions): Plan {
  const { cores, files, folder, stateDirectory } = options;
  const names = Object.keys(config.pools);
  const pools = new Map(names.map((name, i) => [name, i]));
  const certificates = Object.keys(config.certificates);
  const context = { pools, certificates, files, folder, config };
  const { limits, resolver } = config;
  const floating = floatingHosts(config.addresses);
  const all = Object.entries(config.listeners);
  const listeners = all
    .filter(([, listener]) => !isKernel(listener))
    .map(([key, listener]) => withFreebind(lowerListener(listener, key, context), floating));
  const plan = {
    workers: config.workers ?? cores,
    admin: adminPlan(config.admin, folder),
    log: config.log,
    limits: {
      connections: limits.connections,
      headBytes: limits.head,
      uriBytes: uriBytes(limits),
      fields: limits.fields,
      answerHeadBytes: limits.answerHead,
      bufferMemory: limits.bufferMemory,
      handshakes: limits.handshakes,
    },
    drainMs: config.drain,
    stateFolder: stateFolder(config.state, stateDirectory),
    coreDumps: config.coreDumps,
    resolver: {
      servers: resolver.servers,
      timeoutMs: resolver.timeout,
      ttlMinMs: resolver.ttlMin,
      ttlMaxMs: resolver.ttlMax,
      keepMs: resolver.keep,
    },
    certificates: lowerCertificates(config.certificates, folder),
    listeners,
    pools: Object.entries(config.pools).map(([key, pool]) => lowerPool(pool, key, context)),
    kernel: all.flatMap(([key, listener]) =>
      isKernel(listener) ? [lowerKernel(listener, key, pools)] : [],
    ),
    addresses: Object.entries(config.addresses).map(([key, given]) =>
      lowerAddress(given, key, { listeners, folder: context.folder }),
    ),
  };
  return { version: 1, digest: digest(plan, ['version', 'slot']), ...plan };
}

/** Who listens on a floating address does so while another node has it. */
function withFreebind(listener: ListenerPlan, floating: ReadonlySet<string>): ListenerPlan {
  if (!listener.binds.some(({ host }) => floating.has(host))) return listener;
  return { ...listener, freebind: true };
}
