import { z } from 'zod';
import { freebind, listenerAddresses } from './address.ts';
import { kernelSchema } from './kernel.ts';
import { proxyAcceptSchema } from './proxy-protocol.ts';
import { lastPool, poolKeys, routeName } from './route-pools.ts';
import { flag, word } from './scalar.ts';
import { alpnName, sniPattern } from './sni.ts';
import { keepAlive, userTimeout } from './socket.ts';
import { oneOrMany, optionalSection, section } from './structure.ts';
import { tcpTlsSchema } from './termination.ts';
import { duration } from './units.ts';

/** Default of `halfClosed` in ms, where `idle` is not less. */
const HALF_CLOSED_MS = 30_000;

const timeouts = optionalSection('How long a connection may be silent.', {
  hello: duration(
    'From the accept, for a PROXY header and a ClientHello together, where one of them is needed.',
  ).prefault('5s'),
  idle: duration('Longest time without a byte either way.').prefault('1h'),
  halfClosed: duration(
    'Longest time without a byte after one side has finished; 30s, or idle where that is less.',
  ).optional(),
});

/** Milliseconds of `timeouts.halfClosed`, whether given or not. */
export function halfClosedMs(given: z.output<typeof timeouts>): number {
  return given.halfClosed ?? Math.min(HALF_CLOSED_MS, given.idle);
}

/** Schema of one entry of `routes` of a tcp listener. */
const tcpRouteSchema = section('A route: which connections, and where they go.', {
  name: routeName(),
  sni: oneOrMany(
    'Names that clients of TLS ask for: exact, or "*.example.com". Left out: any.',
    sniPattern('A host name.'),
  ).optional(),
  alpn: oneOrMany(
    'Protocols, one of which the client must offer in ALPN. Left out: any.',
    alpnName('A protocol.'),
  ).optional(),
  passthrough: flag(
    'Whether TLS is passed on as it came, where the listener ends it otherwise. Needs sni or alpn.',
  ).prefault(false),
  ...poolKeys('connection'),
});

/** A route of a tcp listener with its defaults filled in. */
export type TcpRouteConfig = z.output<typeof tcpRouteSchema>;

/** Schema of a listener with `protocol: tcp`. */
export const tcpListenerSchema = section('A listener that passes TCP connections on.', {
  bind: listenerAddresses(),
  freebind: freebind(),
  protocol: word(['tcp'], 'What clients speak.'),
  mode: word(
    ['proxy', 'kernel'],
    'proxy: by Ballast. kernel: by the kernel, so that connections outlive this node.',
  ).prefault('proxy'),
  kernel: kernelSchema.optional(),
  routes: z.array(tcpRouteSchema).optional().meta({
    description: 'Where connections go. The most specific match wins, then the earlier one.',
  }),
  pool: lastPool(),
  tls: tcpTlsSchema,
  timeouts,
  proxyProtocol: proxyAcceptSchema.optional(),
  keepAlive: keepAlive('clients'),
  userTimeout: userTimeout('clients'),
  accessLog: flag('Whether connections are written to the access log.').prefault(true),
});

/** A tcp listener with its defaults filled in. */
export type TcpListenerConfig = z.output<typeof tcpListenerSchema>;
