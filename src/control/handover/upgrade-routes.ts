/** The route of the admin server that upgrades. */
import { type OpenAPIHono, z } from '@hono/zod-openapi';
import { json, readQuery, serve } from '../admin/serve.ts';
import { upgradeSchema } from '../admin/schemas/upgrade.ts';
import type { Upgrader } from './upgrader.ts';
import { READY_LIMIT_MS } from './upgrader.ts';

export const UPGRADE_PATH = '/v1/upgrade';

/** The longest time that may be given to a new program to be ready, in ms. */
export const READY_LIMIT_MS_MAX = 3_600_000;

const querySchema = z.object({
  timeout: z.coerce
    .number()
    .int()
    .min(1)
    .max(READY_LIMIT_MS_MAX)
    .default(READY_LIMIT_MS)
    .openapi({ description: 'Time that the new program has to be ready, in ms.' }),
});

/** POST /v1/upgrade: answers when the other process is in charge, or with why it is not. */
export function addUpgradeRoutes(app: OpenAPIHono, upgrader: Pick<Upgrader, 'request'>): void {
  serve(
    app,
    {
      method: 'post',
      path: UPGRADE_PATH,
      tag: 'Control',
      summary:
        'Hands over to the program that is on the disk now, or says why nothing has changed.',
      query: querySchema,
      answers: {
        200: { description: 'The new process is in charge.', schema: upgradeSchema },
        409: { description: 'It is no time for an upgrade.', schema: upgradeSchema },
        422: { description: 'The new program could not take over.', schema: upgradeSchema },
      },
    },
    async (context) => {
      const query = readQuery(context, querySchema);
      if (!query.ok) return query.response;
      const report = await upgrader.request(query.value.timeout);
      const status = report.ok ? 200 : NO_TIME.has(report.code) ? 409 : 422;
      return json(upgradeSchema, report, status);
    },
  );
}

const NO_TIME: ReadonlySet<string> = new Set([
  'BAL_UPGRADE_RUNNING',
  'BAL_UPGRADE_STARTING',
  'BAL_UPGRADE_DRAINING',
]);
