/** Routes that tell how the balancer is. */
import type { OpenAPIHono } from '@hono/zod-openapi';
import { z } from '@hono/zod-openapi';
import type { ControlView } from '../control-view.ts';
import { EVENTS_MAX } from '../event-book.ts';
import { STREAMS_MAX } from './event-stream.ts';
import { problem } from './problem.ts';
import { eventListSchema, trafficSchema } from './schemas/servers.ts';
import { certificateListSchema, routeListSchema } from './schemas/lists.ts';
import { overviewSchema, statusSchema } from './schemas/status.ts';
import { json, readQuery, serve } from './serve.ts';

/** Text exposition of Prometheus, version 0.0.4. */
export const METRICS_TYPE = 'text/plain; version=0.0.4; charset=utf-8';

const wholeNumber = z.coerce.number().int().min(0).max(Number.MAX_SAFE_INTEGER);

/** GET /v1/status, /v1/overview, /v1/traffic, /v1/metrics, /v1/events and /v1/events/stream. */
export function addStateRoutes(app: OpenAPIHono, view: ControlView): void {
  serve(
    app,
    {
      method: 'get',
      path: '/v1/status',
      tag: 'State',
      summary: 'Everything: listeners, routes, pools with all their servers, workers.',
      answers: { 200: { description: 'The report.', schema: statusSchema } },
    },
    () => json(statusSchema, view.status()),
  );
  serve(
    app,
    {
      method: 'get',
      path: '/v1/overview',
      tag: 'State',
      summary: 'The same in short: servers are counted, not listed.',
      answers: { 200: { description: 'The overview.', schema: overviewSchema } },
    },
    () => json(overviewSchema, view.api.overview()),
  );
  serve(
    app,
    {
      method: 'get',
      path: '/v1/metrics',
      tag: 'State',
      summary: 'Metrics in the text format of Prometheus; /metrics is the same.',
      answers: { 200: { description: 'The metrics.', type: 'text/plain' } },
    },
    () => metrics(view),
  );
  addTraffic(app, view);
  addEvents(app, view);
  addLists(app, view);
}

/** The answer of /metrics. */
export function metrics(view: ControlView): Response {
  const body = ReadableStream.from(view.metrics()).pipeThrough(new TextEncoderStream());
  const headers = { 'content-type': METRICS_TYPE, 'cache-control': 'no-store' };
  return new Response(body as ReadableStream<Uint8Array<ArrayBuffer>>, { headers });
}

function addTraffic(app: OpenAPIHono, view: ControlView): void {
  const query = z.object({
    kind: z.enum(['balancer', 'listener', 'pool']).default('balancer'),
    name: z.string().max(256).default(''),
    after: wholeNumber.default(0).openapi({ description: 'Only samples after this time, in ms.' }),
  });
  serve(
    app,
    {
      method: 'get',
      path: '/v1/traffic',
      tag: 'State',
      summary: 'Rates, errors and times of the last ten minutes.',
      query,
      answers: { 200: { description: 'The samples.', schema: trafficSchema } },
    },
    (context) => {
      const read = readQuery(context, query);
      if (!read.ok) return read.response;
      const { kind, name, after } = read.value;
      const series = view.api.traffic.series(kind, name, after);
      if (series !== null) return json(trafficSchema, series);
      const detail = `there is no past of the ${kind} "${name}"`;
      const hint = 'it begins a few seconds after the start; later ones of very many have none';
      return problem({ status: 404, code: 'BAL_API_NOT_FOUND', detail, hint });
    },
  );
}

/** Routes of an answer where nothing else is asked for, and at most. */
const ROUTES_DEFAULT = 100;
const ROUTES_MAX = 1_000;
/** Certificates of an answer. */
const CERTIFICATES_MAX = 1_000;

function addLists(app: OpenAPIHono, view: ControlView): void {
  const query = z.object({
    listener: z.string().max(256).optional(),
    offset: wholeNumber.default(0),
    limit: z.coerce.number().int().min(1).max(ROUTES_MAX).default(ROUTES_DEFAULT),
  });
  serve(
    app,
    {
      method: 'get',
      path: '/v1/routes',
      tag: 'State',
      summary: 'Routes in the order of the configuration, a page at a time.',
      query,
      answers: { 200: { description: 'The routes.', schema: routeListSchema } },
    },
    (context) => {
      const read = readQuery(context, query);
      if (!read.ok) return read.response;
      return json(routeListSchema, view.api.listRoutes(read.value));
    },
  );
  serve(
    app,
    {
      method: 'get',
      path: '/v1/certificates',
      tag: 'State',
      summary:
        'Certificates that clients are shown: those that are broken or end first, 1,000 at most.',
      answers: { 200: { description: 'The certificates.', schema: certificateListSchema } },
    },
    () => {
      const all = view.certificates.list();
      const certificates = all.slice(0, CERTIFICATES_MAX);
      return json(certificateListSchema, { total: all.length, certificates });
    },
  );
}

function addEvents(app: OpenAPIHono, view: ControlView): void {
  const query = z.object({
    after: wholeNumber.default(0).openapi({ description: 'Only those with a greater id.' }),
    count: wholeNumber.default(EVENTS_MAX).openapi({ description: 'At most the latest so many.' }),
  });
  serve(
    app,
    {
      method: 'get',
      path: '/v1/events',
      tag: 'State',
      summary: `The latest ${EVENTS_MAX} events, the oldest first.`,
      query,
      answers: { 200: { description: 'The events.', schema: eventListSchema } },
    },
    (context) => {
      const read = readQuery(context, query);
      if (!read.ok) return read.response;
      const { after, count } = read.value;
      return json(eventListSchema, { events: view.api.events.list(after, count) });
    },
  );
  serve(
    app,
    {
      method: 'get',
      path: '/v1/events/stream',
      tag: 'State',
      summary: 'Events as they happen, as Server-Sent Events.',
      headers: z.object({
        'last-event-id': z.string().optional().openapi({
          description: 'Id of the latest event that is known: what came since is sent first.',
        }),
      }),
      answers: { 200: { description: 'The stream.', type: 'text/event-stream' } },
    },
    (context) => stream(view, context.req.header('last-event-id') ?? null),
  );
}

function stream(view: ControlView, lastEventId: string | null): Response {
  const body = view.api.streams.open(lastEventId);
  if (body === null) {
    const detail = `${STREAMS_MAX} streams of events are open already: no more are allowed`;
    const headers = { 'retry-after': '5' };
    return problem({ status: 503, code: 'BAL_API_BUSY', detail, headers });
  }
  return new Response(body as ReadableStream<Uint8Array<ArrayBuffer>>, {
    headers: {
      'content-type': 'text/event-stream',
      'cache-control': 'no-store',
      'x-accel-buffering': 'no',
    },
  });
}
