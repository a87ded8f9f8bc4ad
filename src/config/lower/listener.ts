import { contentTypeOf } from '../files.ts';
import type { ErrorPagePlan, HttpListenerPlan, RoutePlan } from '../plan.ts';
import { LAST_ROUTE } from '../rules/names.ts';
import type { ListenerConfig } from '../schema/listener.ts';
import { routeSchema } from '../schema/route.ts';
import { fileBase64, lowerRoute } from './route.ts';
import type { LowerContext } from './route.ts';

function errorPages(listener: ListenerConfig, context: LowerContext): ErrorPagePlan[] {
  return Object.entries(listener.errorPages).map(([status, page]) => {
    const file = typeof page === 'string' ? page : page.file;
    const given = typeof page === 'string' ? undefined : page.contentType;
    const bodyBase64 = fileBase64(context.files, file);
    return { status: Number(status), contentType: given ?? contentTypeOf(file), bodyBase64 };
  });
}

function routes(listener: ListenerConfig, key: string, context: LowerContext): RoutePlan[] {
  const plans = (listener.routes ?? []).map((route, i) =>
    lowerRoute(route, `${key}/${route.name ?? i + 1}`, context),
  );
  if (listener.pool !== undefined) {
    const last = routeSchema.parse({ pool: listener.pool });
    plans.push(lowerRoute(last, `${key}/${LAST_ROUTE}`, context));
  }
  return plans;
}

/** The plan of one listener; `key` is its name in the file. */
export function lowerListener(
  listener: ListenerConfig,
  key: string,
  context: LowerContext,
): HttpListenerPlan {
  const { timeouts } = listener;
  return {
    key,
    slot: 0,
    protocol: listener.protocol,
    binds: listener.bind,
    proxyProtocol: null,
    socket: { keepAlive: null, userTimeoutMs: 0 },
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
