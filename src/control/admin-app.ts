/** The routes of the admin server. */
import { Hono } from 'hono';
import type { ControlView } from './control-view.ts';
import { isForeignPage } from './foreign-page.ts';
import { addConfigRoutes } from './history/config-routes.ts';
import { addServerRoutes } from './server-states/server-routes.ts';

/** Text exposition of Prometheus, version 0.0.4. */
const METRICS_TYPE = 'text/plain; version=0.0.4; charset=utf-8';

/**
 * GET /healthz (200 while serving, else 503), GET /status, GET /metrics, and what `addConfigRoutes`
 * and `addServerRoutes` add. Errors are JSON: `{ "error": "…" }`.
 */
export function adminApp(view: ControlView): Hono {
  const app = new Hono();
  app.use(async (context, next) => {
    context.header('cache-control', 'no-store');
    if (context.req.method !== 'GET' && isForeignPage((name) => context.req.header(name))) {
      return context.json({ error: 'a page of another site may not change this balancer' }, 403);
    }
    return next();
  });
  app.get('/healthz', (context) => {
    return view.isReady() ? context.text('ok\n') : context.text('not serving\n', 503);
  });
  app.get('/status', (context) => context.json(view.status()));
  app.get('/metrics', (context) => {
    const body = ReadableStream.from(view.metrics()).pipeThrough(new TextEncoderStream());
    return context.body(body, 200, { 'content-type': METRICS_TYPE });
  });
  addConfigRoutes(app, view.config, view.reload);
  addServerRoutes(app, view.servers);
  app.notFound((context) => {
    const allowed =
      'GET /healthz, GET /status, GET /metrics, POST /reload, GET /history, POST /rollback, GET /events, GET /servers, ' +
      'GET and PUT /servers/POOL/SERVER';
    const { method, path } = context.req;
    return context.json({ error: `${method} ${path} is not served: there are ${allowed}` }, 404);
  });
  app.onError((error, context) => context.json({ error: error.message }, 500));
  return app;
}
