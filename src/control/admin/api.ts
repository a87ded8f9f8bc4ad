/**
 * The admin API, version 1: routes, their document, and how faults are told. Every route is made of
 * the schemas that its document is made of; src/control/admin/api.test.ts holds answers against them.
 */
import { OpenAPIHono, z } from '@hono/zod-openapi';
import { CONFIG_ERROR_CODES } from '../../config/error-codes.ts';
import { KERNEL_ERROR_CODES } from '../kernel/error-codes.ts';
import { ADDRESS_ERROR_CODES } from '../../base/address-error-codes.ts';
import { SYSTEM_ERROR_CODES } from '../../base/system-error-codes.ts';
import type { ControlView } from '../control-view.ts';
import { CONTROL_ERROR_CODES } from '../error-codes.ts';
import { addAddressRoutes } from './address-routes.ts';
import { addConfigRoutes } from './config-routes.ts';
import { addUpgradeRoutes } from '../handover/upgrade-routes.ts';
import { addControlRoutes } from './control-routes.ts';
import { API_ERROR_CODES } from './error-codes.ts';
import { problem } from './problem.ts';
import { json, serve } from './serve.ts';
import { addServerRoutes } from './server-routes.ts';
import { addStateRoutes } from './state-routes.ts';

const ALL_CODES = {
  ...API_ERROR_CODES,
  ...CONTROL_ERROR_CODES,
  ...CONFIG_ERROR_CODES,
  ...SYSTEM_ERROR_CODES,
  ...ADDRESS_ERROR_CODES,
  ...KERNEL_ERROR_CODES,
};

const codeSchema = z
  .object({
    code: z.string(),
    meaning: z.string().openapi({ description: 'What it says.' }),
    remedy: z.string().openapi({ description: 'What to do.' }),
  })
  .openapi('ErrorCode');

const documentSchema = z
  .looseObject({ openapi: z.string() })
  .openapi({ description: 'An OpenAPI document, version 3.1.' });

/** All routes below /v1. */
export function apiApp(view: ControlView): OpenAPIHono {
  const app = new OpenAPIHono();
  app.openAPIRegistry.registerComponent('securitySchemes', 'token', {
    type: 'http',
    scheme: 'bearer',
    description: 'Where the configuration has a token for the admin address.',
  });
  addStateRoutes(app, view);
  addServerRoutes(app, view);
  addConfigRoutes(app, view);
  addControlRoutes(app, view);
  addAddressRoutes(app, view);
  addUpgradeRoutes(app, view.upgrader);
  serve(
    app,
    {
      method: 'get',
      path: '/v1/errors/{code}',
      tag: 'Pages',
      summary: 'What a code of a problem means.',
      params: z.object({ code: z.string() }),
      answers: { 200: { description: 'The code.', schema: codeSchema } },
    },
    (context) => {
      const code = context.req.param('code') ?? '';
      const row = Object.entries(ALL_CODES).find(([name]) => name === code)?.[1];
      if (row !== undefined) return json(codeSchema, { code, ...row });
      const detail = `there is no code ${JSON.stringify(code.slice(0, 60))}`;
      return problem({ status: 404, code: 'BAL_API_NOT_FOUND', detail });
    },
  );
  serve(
    app,
    {
      method: 'get',
      path: '/v1/openapi.json',
      tag: 'Pages',
      summary: 'This document.',
      answers: { 200: { description: 'OpenAPI 3.1.', schema: documentSchema } },
    },
    () => json(documentSchema, { ...documentOf(app) }),
  );
  return app;
}

/** Version of the API: the number in its paths, and a second one that grows with additions. */
const API_VERSION = '1.0';

function documentOf(app: OpenAPIHono) {
  return app.getOpenAPI31Document({
    openapi: '3.1.0',
    info: {
      title: 'Ballast admin API',
      version: API_VERSION,
      description:
        'Fields are only ever added within /v1. Faults are problem documents (RFC 9457) whose ' +
        '"code" is stable.',
      license: { name: 'Apache-2.0', url: 'https://www.apache.org/licenses/LICENSE-2.0' },
    },
    security: [{}, { token: [] }],
  });
}

/** The text of schema/admin-api.json. */
export function apiDocumentText(): string {
  // Handlers are not called for the document, so that no view is needed.
  return `${JSON.stringify(documentOf(apiApp({} as ControlView)), null, 2)}\n`;
}
