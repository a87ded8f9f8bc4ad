import type { ConfigPath } from '../diagnostic.ts';
import type { BindPlan } from '../plan.ts';
import type { TcpListenerConfig } from '../schema/listener-tcp.ts';
import type { UdpListenerConfig } from '../schema/listener-udp.ts';
import { serverSettings } from '../schema/server.ts';
import { tlsSettings } from '../schema/termination.ts';
import type { RuleContext } from './rule.ts';

type Layer4 = TcpListenerConfig | UdpListenerConfig;

type Check = {
  readonly listener: Layer4;
  readonly path: ConfigPath;
  readonly context: RuleContext;
};

const ANY: ReadonlySet<string> = new Set(['0.0.0.0', '::']);

function refuse({ path, context }: Check, at: ConfigPath, message: string, hint: string): void {
  context.report({ code: 'BAL_CONFIG_CONFLICT', message, hint, path: [...path, ...at], at: 'key' });
}

/** What needs somebody who reads the bytes. */
function checkKeys(check: Check): void {
  const { listener } = check;
  if (listener.protocol === 'udp') {
    if (!listener.perPacket) return;
    const message = 'the kernel keeps the datagrams of a client together';
    refuse(check, ['perPacket'], message, 'remove it, or write mode: proxy');
    return;
  }
  if (tlsSettings(listener.tls, 'tcp') !== null) {
    refuse(check, ['tls'], 'the kernel does not end TLS', 'remove it, or write mode: proxy');
  }
  if (listener.proxyProtocol !== undefined) {
    const message = 'the kernel does not read PROXY headers';
    refuse(check, ['proxyProtocol'], message, 'remove it, or write mode: proxy');
  }
  if (listener.routes !== undefined) {
    const message = 'the kernel chooses by the address of the listener alone';
    refuse(check, ['routes'], message, 'write pool in place of routes, or mode: proxy');
  }
}

function checkBinds(check: Check): void {
  for (const [i, { family, host, port }] of check.listener.bind.entries()) {
    const at = ['bind', i];
    if (family === 'unix') {
      refuse(check, at, 'the kernel passes packets on, not unix sockets', 'write mode: proxy');
    } else if (ANY.has(host)) {
      const message = `${host} stands for all addresses, those that others use included`;
      refuse(check, at, message, 'write the address that clients connect to');
    } else if (port === 0) {
      refuse(check, at, 'the kernel cannot choose a port here', 'write a port');
    }
  }
}

function checkPool(check: Check): void {
  const { listener, context } = check;
  const pool = context.config.pools[listener.pool ?? ''];
  if (pool === undefined) return;
  const families = new Set(listener.bind.map(({ family }) => family));
  const isStateless = listener.kernel?.form === 'stateless';
  const ports = new Set<number>();
  for (const server of pool.servers) {
    const { address } = serverSettings(server);
    // What a name stands for is known only while it runs.
    if (!('family' in address)) return;
    if (address.family === 'unix') {
      refuse(check, ['pool'], 'a server of the pool is a unix socket', 'write mode: proxy');
      return;
    }
    ports.add(address.port);
    families.delete(address.family as 'ipv4' | 'ipv6');
  }
  for (const family of families) {
    if (family === 'unix' || pool.servers.length === 0) continue;
    const message = `the pool has no server of the family ${family === 'ipv4' ? 'IPv4' : 'IPv6'}`;
    refuse(check, ['pool'], message, 'the kernel passes packets on as they are: add servers');
  }
  if (isStateless && ports.size > 1) {
    const message = 'the servers of the pool have several ports';
    refuse(check, ['kernel', 'form'], message, 'stateless needs one port; or write form: routed');
  }
}

/** Without a table of connections an answer belongs to the one address of its server. */
function checkAlone(check: Check): void {
  const { listener, context, path } = check;
  if (listener.kernel?.form !== 'stateless') return;
  const families = listener.bind.map(({ family }) => family);
  if (new Set(families).size < families.length) {
    const message = 'stateless answers from one address of a family alone';
    refuse(check, ['bind'], message, 'remove the other binds, or write form: routed');
  }
  for (const [name, other] of Object.entries(context.config.listeners)) {
    if (name === path[1]) return;
    if (other.protocol !== listener.protocol || other.kernel?.form !== 'stateless') continue;
    if (other.pool !== listener.pool) continue;
    const message = `the pool stands behind listener ${name} already, and stateless knows one`;
    refuse(check, ['pool'], message, 'give one of them a pool of other servers, or form: routed');
  }
}

function checkInside(check: Check): void {
  const { kernel } = check.listener;
  const isOneArmed = kernel?.form === 'one-armed';
  if (isOneArmed && kernel.inside.length === 0) {
    const message = 'one-armed needs the address that servers see';
    refuse(check, ['kernel'], message, 'add inside: [10.1.0.100], a floating address of this node');
  } else if (isOneArmed) {
    checkInsideFamilies(check, kernel.inside);
  }
  if (!isOneArmed && (kernel?.inside.length ?? 0) > 0) {
    refuse(check, ['kernel', 'inside'], 'inside belongs to form: one-armed', 'remove it');
  }
}

/** Servers of each family see one address of theirs. */
function checkInsideFamilies(check: Check, inside: readonly BindPlan[]): void {
  const families = new Set(check.listener.bind.map(({ family }) => family));
  for (const family of ['ipv4', 'ipv6'] as const) {
    const word = family === 'ipv4' ? 'IPv4' : 'IPv6';
    const [first, second] = inside.flatMap((one, i) => (one.family === family ? [i] : []));
    if (first === undefined && families.has(family)) {
      const message = `the listener has an address of ${word}, and inside has none`;
      refuse(check, ['kernel', 'inside'], message, `add one of ${word}, or take that bind out`);
    }
    if (second !== undefined) {
      const message = `a second inside address of ${word}: servers see one`;
      refuse(check, ['kernel', 'inside', second], message, 'remove it');
    }
  }
}

/** Listeners that the kernel carries ask nothing of it that it cannot do. */
export function checkKernel(context: RuleContext): void {
  for (const [name, listener] of Object.entries(context.config.listeners)) {
    if (listener.protocol === 'http') continue;
    const check: Check = { listener, path: ['listeners', name], context };
    if (listener.mode === 'kernel') {
      checkKeys(check);
      checkBinds(check);
      checkPool(check);
      checkAlone(check);
      checkInside(check);
    } else if (listener.kernel !== undefined) {
      refuse(check, ['kernel'], 'kernel belongs to mode: kernel', 'add mode: kernel, or remove it');
    }
  }
}
