/** Routes of floating addresses: to look at them, and to give them to another node. */
import { z, type OpenAPIHono } from '@hono/zod-openapi';
import type { ControlView } from '../control-view.ts';
import { addressStatuses } from '../guardian/address-status.ts';
import { problem } from './problem.ts';
import { addressListSchema, movedSchema } from './schemas/addresses.ts';
import { json, serve } from './serve.ts';

/** GET /v1/addresses, POST /v1/addresses/{name}/move. */
export function addAddressRoutes(app: OpenAPIHono, view: ControlView): void {
  serve(
    app,
    {
      method: 'get',
      path: '/v1/addresses',
      tag: 'State',
      summary: 'Floating addresses: who has them, and why.',
      answers: { 200: { description: 'All groups.', schema: addressListSchema } },
    },
    () => json(addressListSchema, { addresses: addressStatuses(view.floating) }),
  );
  serve(
    app,
    {
      method: 'post',
      path: '/v1/addresses/{name}/move',
      tag: 'Control',
      summary: 'Gives addresses to another node, which serves them before this one lets go.',
      params: z.object({ name: z.string() }),
      answers: {
        200: { description: 'Another node has them.', schema: movedSchema },
        409: { description: 'They stay where they are, and why.', schema: movedSchema },
      },
    },
    async (context) => {
      const name = context.req.param('name') ?? '';
      const group = view.floating.groupNamed(name);
      if (group === null) {
        const detail = `there are no floating addresses ${JSON.stringify(name.slice(0, 60))}`;
        return problem({ status: 404, code: 'BAL_API_NOT_FOUND', detail });
      }
      const moved = await view.floating.move(group);
      return json(movedSchema, { group, ...moved }, moved.ok ? 200 : 409);
    },
  );
}
