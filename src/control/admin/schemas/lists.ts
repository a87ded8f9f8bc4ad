/** Schemas of routes and of certificates. */
import { z } from '@hono/zod-openapi';
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

export const certificateSchema = z
  .object({
    id: z.string().openapi({ description: 'Tells it from the others.' }),
    names: z.array(z.string()).readonly().openapi({ description: 'Names that it is for.' }),
    issuer: z.string().openapi({ description: 'Who signed it.' }),
    notAfter: z.string().openapi({ description: 'When it ends, ISO 8601.', format: 'date-time' }),
    daysLeft: z
      .number()
      .int()
      .openapi({ description: 'Whole days until then; below 0 it is over.' }),
  })
  .openapi('Certificate');

export const certificateListSchema = z
  .object({ certificates: z.array(certificateSchema).readonly() })
  .openapi('CertificateList');
