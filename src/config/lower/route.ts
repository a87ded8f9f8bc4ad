import type { Files } from '../files.ts';
import { contentTypeOf } from '../files.ts';
import type {
  FieldCondition,
  FieldEdits,
  FieldPair,
  RedirectTarget,
  RewritePlan,
  RouteAction,
  RoutePlan,
  WeightedPool,
} from '../plan.ts';
import type { RedirectConfig } from '../schema/redirect.ts';
import type { RespondConfig } from '../schema/respond.ts';
import type { RewriteConfig } from '../schema/rewrite.ts';
import type { RouteConfig } from '../schema/route.ts';

/** What routes refer to: indices of pools by name, and contents of files. */
export type LowerContext = {
  readonly pools: ReadonlyMap<string, number>;
  /** Names of the certificates in the order of the file. */
  readonly certificates: readonly string[];
  readonly files: Files;
  /** Absolute path of the folder that relative paths start from. */
  readonly folder: string;
};

const DEFAULT_PORTS = { http: 80, https: 443 } as const;

/** Fields in the order of the file. */
export function fieldPairs(map: { readonly [name: string]: string }): FieldPair[] {
  return Object.entries(map).map(([name, value]) => ({ name, value }));
}

/** Base64 of the contents of a file, which was read before. */
export function fileBase64(files: Files, name: string): string {
  return Buffer.from(files.get(name) ?? []).toString('base64');
}

function conditions(
  tests: { readonly [name: string]: FieldCondition['test'] },
  isHeader: boolean,
): FieldCondition[] {
  return Object.entries(tests).map(([name, test]) => ({
    name: isHeader ? name.toLowerCase() : name,
    test,
  }));
}

function redirectTarget(redirect: Exclude<RedirectConfig, string>): RedirectTarget {
  const scheme = redirect.scheme ?? null;
  return {
    scheme,
    host: redirect.host ?? null,
    port: redirect.port ?? (scheme === null ? null : DEFAULT_PORTS[scheme]),
    path: redirect.path ?? null,
    prefix: redirect.prefix ?? null,
    keepQuery: redirect.keepQuery,
  };
}

function respondAction(respond: RespondConfig, files: Files): RouteAction {
  const fields = fieldPairs(respond.headers);
  const { body, file } = respond;
  const hasType = fields.some((field) => field.name.toLowerCase() === 'content-type');
  if (!hasType && (body !== undefined || file !== undefined)) {
    const value = file === undefined ? 'text/plain; charset=utf-8' : contentTypeOf(file);
    fields.push({ name: 'Content-Type', value });
  }
  const bodyBase64 =
    file === undefined ? Buffer.from(body ?? '').toString('base64') : fileBase64(files, file);
  return { kind: 'respond', status: respond.status, fields, bodyBase64 };
}

/** The pools of a route and their shares. */
export function weightedPools(
  route: Pick<RouteConfig, 'pool' | 'pools'>,
  { pools }: LowerContext,
): WeightedPool[] {
  const shares = route.pools ?? [{ pool: route.pool ?? '', weight: 1 }];
  return shares.map((share) => ({ pool: pools.get(share.pool) ?? -1, weight: share.weight }));
}

function action(route: RouteConfig, context: LowerContext): RouteAction {
  if (route.redirect === 'https') {
    const to: RedirectTarget = {
      scheme: 'https',
      host: null,
      port: DEFAULT_PORTS.https,
      path: null,
      prefix: null,
      keepQuery: true,
    };
    return { kind: 'redirect', status: 307, to };
  }
  if (route.redirect !== undefined) {
    const { status } = route.redirect;
    return { kind: 'redirect', status, to: redirectTarget(route.redirect) };
  }
  if (route.respond !== undefined) return respondAction(route.respond, context.files);
  return { kind: 'pools', pools: weightedPools(route, context) };
}

function edits(given: RewriteConfig['request']): FieldEdits {
  return {
    remove: given.remove.map((name) => name.toLowerCase()),
    set: fieldPairs(given.set),
    add: fieldPairs(given.add),
  };
}

function rewritePlan(rewrite: RewriteConfig): RewritePlan {
  return {
    host: rewrite.host ?? null,
    path: rewrite.path ?? null,
    prefix: rewrite.prefix ?? null,
    request: edits(rewrite.request),
    response: edits(rewrite.response),
  };
}

/** The plan of one route; `key` is its stable name. */
export function lowerRoute(route: RouteConfig, key: string, context: LowerContext): RoutePlan {
  return {
    key,
    slot: 0,
    hosts: route.hosts ?? [],
    paths: route.paths ?? [],
    methods: route.methods ?? [],
    headers: conditions(route.headers, true),
    query: conditions(route.query, false),
    action: action(route, context),
    rewrite: rewritePlan(route.rewrite),
    timeouts: {
      firstByteMs: route.timeouts.firstByte,
      bodyIdleMs: route.timeouts.bodyIdle,
      tunnelMs: route.timeouts.tunnel,
    },
  };
}
