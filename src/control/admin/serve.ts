/** How a route of the API is added: to the program and to its document at once. */
import { createRoute, type OpenAPIHono, z } from '@hono/zod-openapi';
import type { Context } from 'hono';
import { bodyLimit } from 'hono/body-limit';
import { problem, PROBLEM_TYPE, problemSchema } from './problem.ts';

export type ApiMethod = 'get' | 'put' | 'patch' | 'post';

/** What a status is answered with; JSON where there is a schema. */
export type ApiAnswer = {
  readonly description: string;
  readonly schema?: z.ZodType;
  /** Media type of an answer that is not JSON. */
  readonly type?: string;
};

/** A body that a route takes: JSON of at most BODY_BYTES_MAX unless it says otherwise. */
export type ApiBody = {
  readonly schema: z.ZodType;
  readonly type?: string;
  readonly bytesMax?: number;
};

/** Bytes of a body (413). */
export const BODY_BYTES_MAX = 4_096;

export type ApiRoute = {
  readonly method: ApiMethod;
  /** With parameters in braces. */
  readonly path: string;
  readonly tag: 'State' | 'Servers' | 'Configuration' | 'Control' | 'Pages';
  readonly summary: string;
  /** What a token must allow; reading for GET and writing for the others where it is left out. */
  readonly needs?: 'write';
  readonly params?: z.ZodObject;
  readonly query?: z.ZodObject;
  readonly headers?: z.ZodObject;
  readonly body?: ApiBody;
  readonly answers: Readonly<Record<number, ApiAnswer>>;
};

/** Adds a route. Every fault of it is a problem document, whatever its status. */
export function serve(
  app: OpenAPIHono,
  given: ApiRoute,
  handler: (context: Context) => Response | Promise<Response>,
): void {
  const { method, path, tag, summary, params, query, headers, body, answers } = given;
  const responses = Object.fromEntries([
    ...Object.entries(answers).map(([status, answer]) => [status, contentOf(answer)] as const),
    [
      'default',
      contentOf({ description: 'A problem.', schema: problemSchema, type: PROBLEM_TYPE }),
    ],
  ]);
  const route = createRoute({
    method,
    path,
    tags: [tag],
    summary,
    request: {
      ...(params === undefined ? {} : { params }),
      ...(query === undefined ? {} : { query }),
      ...(headers === undefined ? {} : { headers }),
      ...(body === undefined
        ? {}
        : {
            body: {
              required: true,
              content: { [body.type ?? 'application/json']: { schema: body.schema } },
            },
          }),
    },
    responses,
  });
  app.openAPIRegistry.registerPath(route);
  const maxSize = body?.bytesMax ?? BODY_BYTES_MAX;
  const limit = bodyLimit({
    maxSize,
    onError: () => {
      const detail = `the body is longer than ${maxSize} bytes: no more is taken`;
      return problem({ status: 413, code: 'BAL_API_TOO_LARGE', detail });
    },
  });
  app.on(method.toUpperCase(), route.getRoutingPath(), limit, handler);
}

function contentOf({ description, schema, type }: ApiAnswer) {
  if (schema === undefined && type === undefined) return { description };
  const media = type ?? 'application/json';
  return { description, content: { [media]: { schema: schema ?? z.string() } } };
}

/** An answer of the schema's shape, which the compiler checks. */
export function json<S extends z.ZodType>(
  _schema: S,
  value: z.output<S>,
  status = 200,
  headers: Readonly<Record<string, string>> = {},
): Response {
  return Response.json(value, { status, headers: { 'cache-control': 'no-store', ...headers } });
}

/** A value of a request, or the problem to answer with. */
export type Read<T> =
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly response: Response };

/** The query, by its schema. */
export function readQuery<S extends z.ZodType>(context: Context, schema: S): Read<z.output<S>> {
  return read(schema, context.req.query(), (detail) =>
    problem({ status: 400, code: 'BAL_API_QUERY', detail: `the query is not taken: ${detail}` }),
  );
}

/** The body as JSON, by its schema. */
export async function readBody<S extends z.ZodType>(
  context: Context,
  schema: S,
): Promise<Read<z.output<S>>> {
  const refused = (detail: string): Response =>
    problem({ status: 400, code: 'BAL_API_BODY', detail: `the body is not taken: ${detail}` });
  let value: unknown;
  try {
    value = JSON.parse(await context.req.text());
  } catch {
    return { ok: false, response: refused('it is not JSON') };
  }
  return read(schema, value, refused);
}

/** Bytes of a value from a request that a message repeats. */
const PATH_SHOWN_MAX = 60;

function read<S extends z.ZodType>(
  schema: S,
  value: unknown,
  refused: (detail: string) => Response,
): Read<z.output<S>> {
  const result = schema.safeParse(value);
  if (result.success) return { ok: true, value: result.data };
  const { path, message } = result.error.issues[0]!;
  const at = path.join('.').slice(0, PATH_SHOWN_MAX);
  return { ok: false, response: refused(at === '' ? message : `"${at}": ${message}`) };
}
