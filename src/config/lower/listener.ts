import { contentTypeOf } from '../files.ts';
import type { ErrorPagePlan, HttpListenerPlan, ListenerPlan, RoutePlan } from '../plan.ts';
import type {
  ProxyAcceptPlan,
  SocketPlan,
  TcpListenerPlan,
  TcpRoutePlan,
  UdpListenerPlan,
} from '../plan-layer4.ts';
import type { TerminationPlan } from '../plan-tls.ts';
import { LAST_ROUTE } from '../rules/names.ts';
import type { HttpListenerConfig } from '../schema/listener-http.ts';
import { routeSchema } from '../schema/route.ts';
import { halfClosedMs } from '../schema/listener-tcp.ts';
import type { TcpListenerConfig } from '../schema/listener-tcp.ts';
import type { UdpListenerConfig } from '../schema/listener-udp.ts';
import type { ListenerConfig } from '../schema/listener.ts';
import { hstsValue } from '../schema/hsts.ts';
import { HTTPS_PORT } from '../schema/redirect.ts';
import { keepAlivePlan } from '../schema/socket.ts';
import { tlsSettings } from '../schema/termination.ts';
import { fileBase64, lowerRoute, weightedPools } from './route.ts';
import type { LowerContext } from './route.ts';
import { terminationPlan } from './tls.ts';

/** Status of `redirectToHttps`: keeps the method, and is remembered by clients. */
const PERMANENT = 308;

function errorPages(listener: HttpListenerConfig, context: LowerContext): ErrorPagePlan[] {
  return Object.entries(listener.errorPages).map(([status, page]) => {
    const file = typeof page === 'string' ? page : page.file;
    const given = typeof page === 'string' ? undefined : page.contentType;
    const bodyBase64 = fileBase64(context.files, file);
    return { status: Number(status), contentType: given ?? contentTypeOf(file), bodyBase64 };
  });
}

function routes(listener: HttpListenerConfig, key: string, context: LowerContext): RoutePlan[] {
  const plans = (listener.routes ?? []).map((route, i) =>
    lowerRoute(route, `${key}/${route.name ?? i + 1}`, context),
  );
  if (listener.pool !== undefined) {
    const last = routeSchema.parse({ pool: listener.pool });
    plans.push(lowerRoute(last, `${key}/${LAST_ROUTE}`, context));
  } else if (listener.redirectToHttps !== false) {
    const port = listener.redirectToHttps === true ? HTTPS_PORT : listener.redirectToHttps;
    const redirect = { status: PERMANENT, scheme: 'https', port };
    plans.push(lowerRoute(routeSchema.parse({ redirect }), `${key}/${LAST_ROUTE}`, context));
  }
  return plans;
}

function termination(
  { tls, protocol }: HttpListenerConfig | TcpListenerConfig,
  { certificates, folder }: LowerContext,
): TerminationPlan | null {
  const settings = tlsSettings(tls, protocol);
  return settings === null ? null : terminationPlan(settings, certificates, folder);
}

function connectionPlan(listener: HttpListenerConfig | TcpListenerConfig): {
  readonly proxyProtocol: ProxyAcceptPlan | null;
  readonly socket: SocketPlan;
} {
  return {
    proxyProtocol: listener.proxyProtocol ?? null,
    socket: {
      keepAlive: keepAlivePlan(listener.keepAlive),
      userTimeoutMs: listener.userTimeout,
    },
  };
}

function lowerHttp(
  listener: HttpListenerConfig,
  key: string,
  context: LowerContext,
): HttpListenerPlan {
  const { timeouts } = listener;
  return {
    key,
    slot: 0,
    protocol: listener.protocol,
    binds: listener.bind,
    tls: termination(listener, context),
    hsts: hstsValue(listener.hsts),
    freebind: listener.freebind,
    ...connectionPlan(listener),
    timeouts: {
      headMs: timeouts.head,
      bodyIdleMs: timeouts.bodyIdle,
      bodyMinRate: timeouts.bodyMinRate,
      keepAliveMs: timeouts.keepAlive,
      writeMs: timeouts.write,
    },
    forwarded: listener.forwarded,
    trust: listener.trust,
    reasonHeader: listener.reasonHeader,
    allowEncodedSlash: listener.encodedSlash === 'keep',
    mergeSlashes: listener.mergeSlashes,
    unusualFieldNames: listener.unusualFieldNames,
    maxBodyBytes: listener.maxBody,
    maxRequests: listener.maxRequests,
    errorPages: errorPages(listener, context),
    accessLog: listener.accessLog,
    routes: routes(listener, key, context),
  };
}

function tcpRoutes(
  listener: TcpListenerConfig,
  key: string,
  context: LowerContext,
): TcpRoutePlan[] {
  const endsTls = tlsSettings(listener.tls, listener.protocol) !== null;
  const plans = (listener.routes ?? []).map((route, i) => ({
    key: `${key}/${route.name ?? i + 1}`,
    slot: 0,
    sni: route.sni ?? [],
    alpn: route.alpn ?? [],
    passthrough: route.passthrough || !endsTls,
    pools: weightedPools(route, context),
  }));
  if (listener.pool !== undefined) {
    const pools = weightedPools({ pool: listener.pool }, context);
    plans.push({
      key: `${key}/${LAST_ROUTE}`,
      slot: 0,
      sni: [],
      alpn: [],
      passthrough: !endsTls,
      pools,
    });
  }
  return plans;
}

function lowerTcp(
  listener: TcpListenerConfig,
  key: string,
  context: LowerContext,
): TcpListenerPlan {
  return {
    key,
    slot: 0,
    protocol: listener.protocol,
    binds: listener.bind,
    tls: termination(listener, context),
    freebind: listener.freebind,
    ...connectionPlan(listener),
    timeouts: {
      helloMs: listener.timeouts.hello,
      idleMs: listener.timeouts.idle,
      halfClosedMs: halfClosedMs(listener.timeouts),
    },
    accessLog: listener.accessLog,
    routes: tcpRoutes(listener, key, context),
  };
}

function lowerUdp(
  listener: UdpListenerConfig,
  key: string,
  context: LowerContext,
): UdpListenerPlan {
  const pool = context.pools.get(listener.pool ?? '') ?? -1;
  return {
    key,
    slot: 0,
    protocol: listener.protocol,
    binds: listener.bind,
    freebind: listener.freebind,
    mode: listener.perPacket ? 'packet' : 'session',
    routes: [{ key: `${key}/${LAST_ROUTE}`, slot: 0, pool }],
    sessions: listener.maxSessions,
    idleMs: listener.timeouts.idle,
    answerMs: listener.timeouts.answer,
    accessLog: listener.accessLog,
  };
}

/** The plan of one listener; `key` is its name in the file. */
export function lowerListener(
  listener: ListenerConfig,
  key: string,
  context: LowerContext,
): ListenerPlan {
  switch (listener.protocol) {
    case 'http':
      return lowerHttp(listener, key, context);
    case 'tcp':
      return lowerTcp(listener, key, context);
    case 'udp':
      return lowerUdp(listener, key, context);
  }
}
