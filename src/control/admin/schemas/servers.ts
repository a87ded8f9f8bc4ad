/** Schemas of servers, of changes to them, of traffic and of events. */
import { z } from '@hono/zod-openapi';
import { WEIGHT_MAX } from '../../server-states/columns.ts';
import { administrativeSchema, serverFields } from './status.ts';

export const namedServerSchema = z
  .object({ pool: z.string().openapi({ description: 'Its pool.' }), ...serverFields })
  .openapi('NamedServer');

/** A server of a list, with what a reader needs to know its times between two questions. */
export const listedServerSchema = z
  .object({
    pool: z.string().openapi({ description: 'Its pool.' }),
    ...serverFields,
    firstByte: z
      .object({
        count: z.number().openapi({ description: 'Answers of HTTP whose time was taken.' }),
        sumMs: z.number().openapi({ description: 'Sum of their times to the first byte.' }),
      })
      .openapi({ description: 'Since the start: two readings give the mean between them.' }),
  })
  .openapi('ListedServer');

export const serverListSchema = z
  .object({
    total: z.number().int().openapi({ description: 'Servers that match, listed or not.' }),
    offset: z.number().int().openapi({ description: 'Servers left out before the first.' }),
    servers: z.array(listedServerSchema).readonly(),
  })
  .openapi('ServerList');

export const changeSchema = z
  .strictObject({
    administrative: z.enum(['ready', 'drain', 'maintenance']).optional(),
    weight: z.number().int().min(0).max(WEIGHT_MAX).nullable().optional().openapi({
      description: 'Null is as configured.',
    }),
  })
  .openapi('ServerChange', { description: 'What is left out stays. At least one of the two.' });

export const changeReportSchema = z
  .object({
    servers: z
      .array(
        z
          .object({
            pool: z.string(),
            server: z.string(),
            before: administrativeSchema,
            after: administrativeSchema,
            weightBefore: z.number(),
            weightAfter: z.number(),
            requestsLive: z.number().openapi({ description: 'Requests and sessions still on it.' }),
          })
          .openapi('ChangedServer'),
      )
      .readonly(),
    warnings: z.array(z.string()).readonly().openapi({
      description: 'What the change means that may not be meant.',
    }),
    isKept: z.boolean().openapi({ description: 'Whether it outlives a restart.' }),
    kept: z.string().openapi({ description: 'In which file, or why not.' }),
  })
  .openapi('ChangeReport');

const column = (description: string) => z.array(z.number()).readonly().openapi({ description });
const gaps = (description: string) =>
  z.array(z.number().nullable()).readonly().openapi({ description });

export const trafficSchema = z
  .object({
    kind: z.enum(['balancer', 'listener', 'pool']),
    name: z.string(),
    unit: z.enum(['requests', 'sessions', 'datagrams', 'all']),
    everyMs: z.number().openapi({ description: 'Time between two samples.' }),
    times: column('Ends of the intervals, in ms since 1970. The oldest first.'),
    rates: column('Per second.'),
    errorRates: column('Answers with 5xx of listeners, failures of servers of pools, per second.'),
    p50Ms: gaps('Null where nothing was measured.'),
    p95Ms: gaps('Of listeners whole requests, of pools the first byte of the answer.'),
    p99Ms: gaps('The same.'),
  })
  .openapi('Traffic');

export const eventSchema = z
  .object({
    id: z.number().int().openapi({ description: 'One more for each since the start.' }),
    time: z.string().openapi({ format: 'date-time' }),
    kind: z.enum(['server', 'worker', 'configuration', 'certificate', 'address', 'balancer']),
    tone: z.enum(['bad', 'good', 'note']).openapi({ description: 'Whether somebody should look.' }),
    subject: z.string().openapi({ description: 'POOL/SERVER, "worker 0", or the kind again.' }),
    column: z.string().openapi({ description: 'Of servers the column that changed.' }),
    from: z.string(),
    to: z.string(),
    reason: z.string(),
    detail: z.string(),
  })
  .openapi('Event');

export const eventListSchema = z
  .object({ events: z.array(eventSchema).readonly() })
  .openapi('EventList');
