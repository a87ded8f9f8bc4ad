/** Routes of the configuration: its text, its history, and the way back. */
import { z, type OpenAPIHono } from '@hono/zod-openapi';
import type { Context } from 'hono';
import { FILE_MAX } from '../../config/yaml-file.ts';
import type { ControlView } from '../control-view.ts';
import { ConfigFile, type ConfigOutcome } from './config-file.ts';
import { problem } from './problem.ts';
import { dryRunSchema, historySchema, keptSchema, rollbackSchema } from './schemas/config.ts';
import { reloadSchema } from './schemas/status.ts';
import { json, readBody, readQuery, serve } from './serve.ts';

const YAML_TYPE = 'application/yaml';

const putQuery = z.object({
  'dry-run': z
    .enum(['0', '1', 'false', 'true'])
    .optional()
    .openapi({ description: 'Only says what would change.' }),
});

const putHeaders = z.object({
  'if-match': z.string().openapi({
    description: 'ETag of the file that was read before; "*" is whatever it is.',
  }),
});

const numberParams = z.object({
  number: z
    .string()
    .regex(/^\d{1,15}$/)
    .openapi({ description: 'Its number.' }),
});

/** GET and PUT /v1/config, GET /v1/config/history and one of it, POST /v1/config/rollback. */
export function addConfigRoutes(app: OpenAPIHono, view: ControlView): void {
  const file = new ConfigFile(view.config);
  serve(
    app,
    {
      method: 'get',
      path: '/v1/config',
      tag: 'Configuration',
      summary: 'The text of the configuration file, with its ETag. It may hold passwords.',
      needs: 'write',
      answers: { 200: { description: 'The text.', type: YAML_TYPE } },
    },
    async () => {
      const { text, etag } = await file.read();
      const headers = { 'content-type': YAML_TYPE, 'cache-control': 'no-store', etag };
      return new Response(text, { headers });
    },
  );
  serve(
    app,
    {
      method: 'put',
      path: '/v1/config',
      tag: 'Configuration',
      summary: 'Puts a text in force and then into the file, as a whole or not at all.',
      query: putQuery,
      headers: putHeaders,
      body: { schema: z.string(), type: YAML_TYPE, bytesMax: FILE_MAX },
      answers: {
        200: {
          description: 'It is in force and in the file; of a dry run what would change.',
          schema: z.union([reloadSchema, dryRunSchema]),
        },
      },
    },
    (context) => put(context, file),
  );
  addHistoryRoutes(app, view);
}

function addHistoryRoutes(app: OpenAPIHono, view: ControlView): void {
  serve(
    app,
    {
      method: 'get',
      path: '/v1/config/history',
      tag: 'Configuration',
      summary: 'The configurations that were in force, without their texts.',
      answers: { 200: { description: 'The history.', schema: historySchema } },
    },
    () => json(historySchema, view.config.history()),
  );
  serve(
    app,
    {
      method: 'get',
      path: '/v1/config/history/{number}',
      tag: 'Configuration',
      summary: 'One of them with its text. It may hold passwords.',
      needs: 'write',
      params: numberParams,
      answers: { 200: { description: 'It is kept.', schema: keptSchema } },
    },
    ({ req }) => json(keptSchema, view.config.kept(Number(req.param('number')))),
  );
  serve(
    app,
    {
      method: 'post',
      path: '/v1/config/rollback',
      tag: 'Configuration',
      summary: 'Puts an earlier configuration in force. The file stays as it is.',
      body: { schema: rollbackSchema },
      answers: {
        200: { description: 'It is in force.', schema: reloadSchema },
        422: { description: 'Nothing was changed, and why.', schema: reloadSchema },
      },
    },
    async (context) => {
      const read = await readBody(context, rollbackSchema);
      if (!read.ok) return read.response;
      const report = await view.config.rollback(read.value.number ?? null);
      return json(reloadSchema, report, report.ok ? 200 : 422);
    },
  );
}

async function put(context: Context, file: ConfigFile): Promise<Response> {
  const read = readQuery(context, putQuery);
  if (!read.ok) return read.response;
  const match = context.req.header('if-match');
  if (match === undefined) {
    const detail = 'the file is not replaced without If-Match';
    const hint = 'send the ETag that GET /v1/config gave, or "*" for whatever is there';
    return problem({ status: 428, code: 'BAL_API_STALE', detail, hint });
  }
  const text = textOf(await context.req.arrayBuffer());
  if (text === null) {
    const detail = 'the body is not taken: it is not UTF-8';
    return problem({ status: 400, code: 'BAL_API_BODY', detail });
  }
  const isDryRun = ['1', 'true'].includes(read.value['dry-run'] ?? '');
  const tags = match.trim() === '*' ? null : match.split(',').map((tag) => tag.trim());
  return answerOf(await file.replace({ text, match: tags, isDryRun }));
}

function textOf(bytes: ArrayBuffer): string | null {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return null;
  }
}

function answerOf(outcome: ConfigOutcome): Response {
  if (outcome.kind === 'stale') {
    const { etag } = outcome;
    const detail = 'the file is another one than If-Match says: nothing was changed';
    const hint = 'GET /v1/config, make the change there, and send its ETag';
    return problem({ status: 412, code: 'BAL_API_STALE', detail, hint, headers: { etag } });
  }
  if (outcome.kind === 'applied') {
    return json(reloadSchema, outcome.report, 200, { etag: outcome.etag });
  }
  const { message: detail, diagnostics } = outcome.report;
  if (outcome.kind === 'dry-run' && outcome.report.ok) return json(dryRunSchema, outcome.report);
  const { code = '', hint = '' } = outcome.kind === 'refused' ? outcome.report : {};
  return problem({
    status: code === 'BAL_CONFIG_OUTDATED' ? 412 : 422,
    code: code === '' ? 'BAL_API_CONFIG' : code,
    detail,
    hint,
    more: { diagnostics },
  });
}
