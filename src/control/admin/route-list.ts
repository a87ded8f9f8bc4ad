/** A page of routes. */
import type { z } from '@hono/zod-openapi';
import { ROUTE_METER } from '../../base/meters.ts';
import type { Plan } from '../../config/plan.ts';
import type { MetersReader } from '../meters-reader.ts';
import type { routeListSchema } from './schemas/lists.ts';

const STATUS_CLASSES = 5;

export type RouteQuery = {
  readonly listener?: string | undefined;
  readonly offset: number;
  readonly limit: number;
};

export type RouteList = z.output<typeof routeListSchema>;

/** Called for each GET /v1/routes. */
export function listRoutes(plan: Plan, meters: MetersReader, query: RouteQuery): RouteList {
  const { listener, offset, limit } = query;
  const found = plan.listeners
    .filter(({ key }) => listener === undefined || key === listener)
    .flatMap(({ key, routes }) => routes.map((route) => ({ listener: key, route })));
  const routes = found.slice(offset, offset + limit).map(({ listener: name, route }) => ({
    listener: name,
    name: route.key.slice(name.length + 1),
    requestsTotal: meters.sum(route.slot, ROUTE_METER.requests),
    statuses: meters.sums(route.slot, ROUTE_METER.statuses, STATUS_CLASSES),
  }));
  return { total: found.length, offset, routes };
}
