/** Routes that act on the balancer as a whole. */
import { z, type OpenAPIHono } from '@hono/zod-openapi';
import type { ControlView } from '../control-view.ts';
import { drainingSchema, dryRunSchema, refreshSchema } from './schemas/config.ts';
import { reloadSchema } from './schemas/status.ts';
import { json, readBody, readQuery, serve } from './serve.ts';

const reloadQuery = z.object({
  'dry-run': z
    .enum(['0', '1', 'false', 'true'])
    .optional()
    .openapi({ description: 'Only says what would change.' }),
});

/** POST /v1/reload, /v1/drain and /v1/certificates/refresh, PUT /v1/certificates. */
export function addControlRoutes(app: OpenAPIHono, view: ControlView): void {
  serve(
    app,
    {
      method: 'post',
      path: '/v1/reload',
      tag: 'Control',
      summary: 'Reads the configuration file again. Answers when it is in force, or why it is not.',
      query: reloadQuery,
      answers: {
        200: {
          description: 'The file is in force; of a dry run what would change.',
          schema: z.union([reloadSchema, dryRunSchema]),
        },
        422: {
          description: 'Nothing was changed, and why.',
          schema: z.union([reloadSchema, dryRunSchema]),
        },
      },
    },
    async (context) => {
      const read = readQuery(context, reloadQuery);
      if (!read.ok) return read.response;
      if (['1', 'true'].includes(read.value['dry-run'] ?? '')) {
        const report = await view.config.dryRun(null);
        return json(dryRunSchema, report, report.ok ? 200 : 422);
      }
      const report = await view.reload();
      return json(reloadSchema, report, report.ok ? 200 : 422);
    },
  );
  serve(
    app,
    {
      method: 'post',
      path: '/v1/drain',
      tag: 'Control',
      summary: 'Ends the balancer as SIGTERM does: nothing new, then what is under way, then exit.',
      answers: { 202: { description: 'It drains.', schema: drainingSchema } },
    },
    () => json(drainingSchema, { state: 'draining', drainMs: view.api.drain() }, 202),
  );
  addCertificateRoutes(app, view);
}

function addCertificateRoutes(app: OpenAPIHono, view: ControlView): void {
  serve(
    app,
    {
      method: 'post',
      path: '/v1/certificates/refresh',
      tag: 'Control',
      summary: 'Reads the files of certificates that have changed, without waiting for the watch.',
      answers: { 200: { description: 'What came of it.', schema: refreshSchema } },
    },
    async () => json(refreshSchema, await view.certificates.refresh()),
  );
  serve(
    app,
    {
      method: 'put',
      path: '/v1/certificates',
      tag: 'Control',
      summary: 'Replaces a certificate: checked, written to its files, and in force when answered.',
      body: { schema: certificateBody, bytesMax: CERTIFICATE_BODY_BYTES_MAX },
      answers: { 200: { description: 'It is in force.', schema: refreshSchema } },
    },
    async (context) => {
      const read = await readBody(context, certificateBody);
      if (!read.ok) return read.response;
      const { name, cert, key } = read.value;
      return json(refreshSchema, await view.certificates.put(name, { cert, key }));
    },
  );
}

/** A certificate and its key, each as long as a file of them may be. */
const CERTIFICATE_BODY_BYTES_MAX = 2 << 20;

const certificateBody = z.strictObject({
  name: z.string().openapi({
    description: 'Key of the configuration; in a folder KEY/NAME, which may be new.',
  }),
  cert: z.string().openapi({ description: 'The certificate and its chain, PEM.' }),
  key: z.string().openapi({ description: 'The private key, PEM, without a passphrase.' }),
});
