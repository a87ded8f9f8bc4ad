/** The routes of the admin server. */
import { Hono } from 'hono';
import { getConnInfo } from '@hono/node-server/conninfo';
import { type AdminAccess, UNIX_ACCESS } from './admin/access.ts';
import { apiApp } from './admin/api.ts';
import { addDashboard } from './admin/dashboard.ts';
import { problem, problemOfError } from './admin/problem.ts';
import { metrics } from './admin/state-routes.ts';
import type { ControlView } from './control-view.ts';
import { foreignReason, isFormLike } from './foreign-page.ts';
import { UPGRADE_PATH } from './handover/upgrade-routes.ts';
import { addConfigRoutes } from './history/config-routes.ts';
import { addServerRoutes } from './server-states/server-routes.ts';

/**
 * What changes something waits for the end of an upgrade: what was handed over would not have it.
 * Whether another process is in charge then.
 */
async function isPassed(path: string, { upgrader }: ControlView): Promise<boolean> {
  if (path.endsWith(UPGRADE_PATH)) return false;
  await upgrader.settled;
  return upgrader.last?.ok === true;
}

/** Requests that are worked on at once, streams of events not counted; the next one gets 503. */
export const REQUESTS_MAX = 64;

/**
 * GET / (the dashboard), GET /healthz (200 while serving, else 503), GET /metrics, what `apiApp` has
 * below /v1, and the paths that are older than that: GET /status, and what `addConfigRoutes` and
 * `addServerRoutes` add. Faults are problem documents; those of the older paths
 * `{ error, code, hint }`.
 */
export function adminApp(view: ControlView, access: AdminAccess = UNIX_ACCESS): Hono {
  const app = new Hono();
  addGuards(app, view, access);
  app.use(async ({ req }, next) => {
    if (SHOWS_SERVERS.test(req.path)) await view.floating.kernel.countLive();
    await next();
  });
  app.get('/healthz', (context) => {
    return view.isReady() ? context.text('ok\n') : context.text('not serving\n', 503);
  });
  app.get('/metrics', () => metrics(view));
  addDashboard(app);
  app.route('/', apiApp(view));
  app.get('/status', (context) => context.json(view.status()));
  addConfigRoutes(app, view.config, view.reload);
  addServerRoutes(app, view.servers);
  app.notFound(({ req }) => notServed(app, req.method, req.path));
  app.onError((error, { req }) => {
    if (isOlder(req.path)) return Response.json({ error: error.message }, { status: 500 });
    const known = problemOfError(error);
    if (known !== null) return known;
    const detail = `${req.method} ${req.path.slice(0, 100)} failed: ${error.message}`;
    return problem({ status: 500, code: 'BAL_API_INTERNAL', detail });
  });
  return app;
}

/** What says how much is on servers: what the kernel carries is counted for it. */
const SHOWS_SERVERS = /^(\/v1)?\/(status|overview|servers|pools)(\/|$)/;

const isOlder = (path: string): boolean =>
  /^\/(status|reload|rollback|history|servers|events)(\/|$)/.test(path);

function addGuards(app: Hono, view: ControlView, access: AdminAccess): void {
  let underWay = 0;
  app.use(async (context, next) => {
    const { req } = context;
    context.header('cache-control', 'no-store');
    context.header('x-content-type-options', 'nosniff');
    const asked = {
      method: req.method,
      path: req.path,
      header: (name: string) => req.header(name),
    };
    const foreign = foreignReason(asked, access);
    if (foreign !== '') {
      const hint = 'open the dashboard under its address, or as localhost';
      return problem({ status: 403, code: 'BAL_API_FOREIGN', detail: foreign, hint });
    }
    if (isFormLike(asked, access) && !isOlder(req.path)) {
      const detail = `${req.method} ${req.path.slice(0, 100)} is sent as a form of any page could be`;
      const hint = 'send Content-Type: application/json';
      return problem({ status: 415, code: 'BAL_API_MEDIA', detail, hint });
    }
    const shut = access.gate?.check({
      ...asked,
      authorization: req.header('authorization'),
      client: getConnInfo(context).remote.address ?? '',
    });
    if (shut) return shut;
    if (underWay >= REQUESTS_MAX) {
      const detail = `${REQUESTS_MAX} requests are worked on already: no more are allowed at once`;
      const headers = { 'retry-after': '1' };
      return problem({ status: 503, code: 'BAL_API_BUSY', detail, headers });
    }
    underWay += 1;
    try {
      if (req.method !== 'GET' && (await isPassed(req.path, view))) {
        const detail = 'another process has taken over meanwhile: ask again';
        return problem({ status: 503, code: 'BAL_UPGRADE_DRAINING', detail });
      }
      return await next();
    } finally {
      underWay -= 1;
    }
  });
}

/** 405 where the path is there for other methods, else 404. */
function notServed(app: Hono, method: string, path: string): Response {
  const shown = path.slice(0, 100);
  const others = ['GET', 'PUT', 'PATCH', 'POST'].filter((other) => {
    const [handlers] = app.router.match(other, path);
    return other !== method && handlers.some(([[, route]]) => route.path !== '/*');
  });
  if (others.length > 0) {
    const detail = `${method} ${shown} is not served: ${others.join(', ')} is`;
    const headers = { allow: others.join(', ') };
    return problem({ status: 405, code: 'BAL_API_METHOD', detail, headers });
  }
  const detail = `${method} ${shown} is not served: /v1/openapi.json lists what is`;
  return problem({ status: 404, code: 'BAL_API_NOT_FOUND', detail });
}
