/** Schemas of routes and of certificates. */
import { z } from '@hono/zod-openapi';
import { certificateSchema } from './certificates.ts';
import { routeSchema } from './status.ts';

export const routeListSchema = z
  .object({
    total: z.number().int().openapi({ description: 'Routes there are.' }),
    offset: z.number().int(),
    routes: z
      .array(
        routeSchema
          .extend({
            statuses: z
              .array(z.number())
              .readonly()
              .openapi({ description: 'Answers since the start: 1xx to 5xx.' }),
          })
          .openapi('ListedRoute'),
      )
      .readonly(),
  })
  .openapi('RouteList');

export const certificateListSchema = z
  .object({
    total: z.number().int().openapi({ description: 'Certificates there are.' }),
    certificates: z
      .array(certificateSchema)
      .readonly()
      .openapi({ description: 'Broken ones first, then those that end first.' }),
  })
  .openapi('CertificateList');
