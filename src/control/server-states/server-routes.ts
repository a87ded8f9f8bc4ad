/** The admin server's routes for servers and their changes. */
import type { Context, Hono } from 'hono';
import { bodyLimit } from 'hono/body-limit';
import { BallastError } from '../../base/errors.ts';
import { EVENTS_MAX } from '../event-book.ts';
import { parseChange } from './server-control.ts';
import type { ServerControl } from './server-control.ts';

/** Bytes of the body of a change (413). */
export const CHANGE_BYTES_MAX = 4_096;

/**
 * GET /servers/{pool}/{server} (one server; a list where the name has a `*`), PUT and PATCH of the
 * same with `{ administrative?, weight? }`, and GET /events?after=ID&count=N.
 */
export function addServerRoutes(app: Hono, control: ServerControl): void {
  app.get('/servers', (context) => answer(context, () => ({ servers: control.list('*') })));
  app.get('/servers/*', (context) =>
    answer(context, () => {
      const pattern = patternOf(context);
      const servers = control.list(pattern);
      return pattern.includes('*') ? { servers } : servers[0]!;
    }),
  );
  const limit = bodyLimit({
    maxSize: CHANGE_BYTES_MAX,
    onError: (context) => {
      return context.json({ error: `the body is longer than ${CHANGE_BYTES_MAX} bytes` }, 413);
    },
  });
  app.on(['PUT', 'PATCH'], '/servers/*', limit, async (context) => {
    const text = await context.req.text();
    return answer(context, () => control.change(patternOf(context), parseChange(text)));
  });
  app.get('/events', (context) => {
    const after = countOf(context.req.query('after'), 0);
    const count = countOf(context.req.query('count'), EVENTS_MAX);
    if (after === null || count === null) {
      return context.json({ error: '"after" and "count" are whole numbers from 0 on' }, 400);
    }
    return context.json({ events: control.events(after, count) });
  });
}

const STATUSES: Readonly<Record<string, 400 | 404 | 503>> = {
  BAL_SERVER_UNKNOWN: 404,
  BAL_SERVER_CHANGE: 400,
  BAL_RELOAD_STARTING: 503,
};

/** What `make` gives as JSON; a refusal as `{ error, code, hint }`. */
async function answer(context: Context, make: () => object | Promise<object>): Promise<Response> {
  try {
    return context.json(await make());
  } catch (error) {
    const status = error instanceof BallastError ? STATUSES[error.code] : undefined;
    if (status === undefined) throw error;
    const { message, code, hint = '' } = error as BallastError;
    return context.json({ error: message, code, hint }, status);
  }
}

/** Everything behind /servers/, each part decoded: names may hold slashes, escaped or not. */
function patternOf({ req }: Context): string {
  const path = new URL(req.url).pathname.slice('/servers/'.length);
  try {
    return decodeURIComponent(path);
  } catch {
    throw new BallastError('BAL_SERVER_UNKNOWN', `"${path}" is not a well-formed path`);
  }
}

function countOf(text: string | undefined, otherwise: number): number | null {
  if (text === undefined) return otherwise;
  return /^\d{1,15}$/.test(text) ? Number(text) : null;
}
