/** The servers behind the balancer: bench/c/origin.c for HTTP, bench/c/endpoint.c below it. */
import { Child } from './children.ts';
import { protocolOf } from './row.ts';
import type { Load } from './row.ts';
import { toolPath } from './tools.ts';

const COUNT = 2;

/** What the servers of a load do, in the words of endpoint.c. */
function modeOf(load: Load): 'echo' | 'source' | 'sink' | 'datagrams' {
  if (load.kind === 'udp') return 'datagrams';
  if (load.kind === 'tcp' && load.mode === 'down') return 'source';
  return load.kind === 'tcp' && load.mode === 'up' ? 'sink' : 'echo';
}

/** Starts two servers in one process, which prints their ports. */
export function startServers(load: Load, cores: string): Child {
  return protocolOf(load) === 'http'
    ? new Child({ command: toolPath('origin'), args: [String(COUNT)], cores })
    : new Child({ command: toolPath('endpoint'), args: [modeOf(load), String(COUNT)], cores });
}

/** Waits for the ports of the servers. */
export async function serverPorts(servers: Child): Promise<readonly number[]> {
  const [, first, second] = await servers.saying(/^ports (\d+) (\d+)$/m);
  return [Number(first), Number(second)];
}
