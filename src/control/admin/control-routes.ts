/** Routes that act on the balancer as a whole. */
import type { OpenAPIHono } from '@hono/zod-openapi';
import type { ControlView } from '../control-view.ts';
import { reloadSchema } from './schemas/status.ts';
import { json, serve } from './serve.ts';

/** POST /v1/reload. */
export function addControlRoutes(app: OpenAPIHono, view: ControlView): void {
  serve(
    app,
    {
      method: 'post',
      path: '/v1/reload',
      tag: 'Control',
      summary: 'Reads the configuration file again. Answers when it is in force, or why it is not.',
      answers: {
        200: { description: 'The file is in force.', schema: reloadSchema },
        422: { description: 'Nothing was changed, and why.', schema: reloadSchema },
      },
    },
    async () => {
      const report = await view.reload();
      return json(reloadSchema, report, report.ok ? 200 : 422);
    },
  );
}
