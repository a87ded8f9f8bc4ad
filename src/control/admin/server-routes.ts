/** Routes of servers: to list them, to drain them, to take them back. */
import type { OpenAPIHono } from '@hono/zod-openapi';
import { z } from '@hono/zod-openapi';
import type { Context } from 'hono';
import type { ControlView } from '../control-view.ts';
import type { ServerChange } from '../server-states/server-control.ts';
import {
  changeReportSchema,
  changeSchema,
  namedServerSchema,
  serverListSchema,
} from './schemas/servers.ts';
import { json, readBody, readQuery, serve } from './serve.ts';
import { LIST_MAX, LIST_STATES } from './server-list.ts';
import { problem } from './problem.ts';

/** Servers of an answer where nothing else is asked for. */
const LIST_DEFAULT = 100;

const listQuery = z.object({
  q: z.string().max(256).default('').openapi({
    description: 'A text that POOL/SERVER, the address or the reason holds.',
  }),
  pool: z.string().max(256).optional(),
  state: z.enum(LIST_STATES).optional(),
  sort: z.enum(['plan', 'trouble']).default('plan').openapi({
    description: 'In the order of the configuration, or what needs a look first.',
  }),
  offset: z.coerce.number().int().min(0).max(1e6).default(0),
  limit: z.coerce.number().int().min(1).max(LIST_MAX).default(LIST_DEFAULT),
});

const oneParams = z.object({
  pool: z.string(),
  server: z.string().openapi({ description: 'Percent-encoded: names may hold slashes.' }),
});

const manyQuery = z.object({
  match: z.string().min(1).max(512).openapi({
    description: 'POOL/SERVER, where "*" stands for any characters.',
  }),
});

/** GET and PATCH of /v1/servers and of /v1/pools/{pool}/servers/{server}. */
export function addServerRoutes(app: OpenAPIHono, view: ControlView): void {
  serve(
    app,
    {
      method: 'get',
      path: '/v1/servers',
      tag: 'Servers',
      summary: 'Servers of all pools, a page at a time.',
      query: listQuery,
      answers: { 200: { description: 'The servers.', schema: serverListSchema } },
    },
    (context) => {
      const read = readQuery(context, listQuery);
      if (!read.ok) return read.response;
      const { q, pool = null, state = null, sort, offset, limit } = read.value;
      const query = { text: q, pool, state, sort, offset, limit };
      return json(serverListSchema, view.api.listServers(query));
    },
  );
  serve(
    app,
    {
      method: 'get',
      path: '/v1/pools/{pool}/servers/{server}',
      tag: 'Servers',
      summary: 'One server.',
      params: oneParams,
      answers: { 200: { description: 'The server.', schema: namedServerSchema } },
    },
    (context) => {
      const key = keyOf(context);
      return typeof key === 'string' ? json(namedServerSchema, view.servers.list(key)[0]!) : key;
    },
  );
  addChanges(app, view);
}

function addChanges(app: OpenAPIHono, view: ControlView): void {
  const answers = {
    200: { description: 'All workers know it. What it did.', schema: changeReportSchema },
  };
  const body = { schema: changeSchema };
  serve(
    app,
    {
      method: 'patch',
      path: '/v1/pools/{pool}/servers/{server}',
      tag: 'Servers',
      summary: 'Drains a server, takes it into maintenance or back, or gives it a weight.',
      params: oneParams,
      body,
      answers,
    },
    async (context) => {
      const key = keyOf(context);
      return typeof key === 'string' ? change(context, view, key) : key;
    },
  );
  serve(
    app,
    {
      method: 'patch',
      path: '/v1/servers',
      tag: 'Servers',
      summary: 'The same for all servers that a pattern means.',
      query: manyQuery,
      body,
      answers,
    },
    async (context) => {
      const read = readQuery(context, manyQuery);
      return read.ok ? change(context, view, read.value.match) : read.response;
    },
  );
}

async function change(context: Context, view: ControlView, match: string): Promise<Response> {
  const read = await readBody(context, changeSchema);
  if (!read.ok) return read.response;
  const { administrative, weight } = read.value;
  if (administrative === undefined && weight === undefined) {
    const detail = 'the body is not taken: it asks for nothing';
    const hint = 'give "administrative", "weight" or both';
    return problem({ status: 400, code: 'BAL_API_BODY', detail, hint });
  }
  const asked: ServerChange = {
    ...(administrative === undefined ? {} : { administrative }),
    ...(weight === undefined ? {} : { weight }),
  };
  return json(changeReportSchema, await view.servers.change(match, asked));
}

/** The key of the one server that the path names; a "*" in it is no pattern. */
function keyOf(context: Context): string | Response {
  const key = `${context.req.param('pool')}/${context.req.param('server')}`;
  if (!key.includes('*')) return key;
  const detail = `there is no server ${JSON.stringify(key)}`;
  const hint = 'patterns are taken by /v1/servers?match=';
  return problem({ status: 404, code: 'BAL_SERVER_UNKNOWN', detail, hint });
}
