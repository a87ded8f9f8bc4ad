/** Schemas of the configuration: changes to it, and its history. */
import { z } from '@hono/zod-openapi';
import { configStatusFields, diagnosticSchema } from './status.ts';

const fieldChangeSchema = z
  .object({
    field: z.string().openapi({ description: 'Where it stands: timeouts.head.' }),
    from: z.string().nullable(),
    to: z.string().nullable(),
  })
  .openapi('FieldChange');

const planChangeSchema = z
  .object({
    kind: z.enum([
      'settings',
      'listener',
      'route',
      'pool',
      'server',
      'name',
      'check',
      'agent',
      'certificate',
      'address',
    ]),
    name: z.string(),
    change: z.enum(['added', 'removed', 'changed']),
    fields: z.array(fieldChangeSchema).readonly(),
    effects: z.array(z.string()).readonly().openapi({ description: 'What it means for clients.' }),
  })
  .openapi('PlanChange');

export const dryRunSchema = z
  .object({
    ok: z.boolean().openapi({ description: 'Whether it has no mistakes.' }),
    changes: z.array(planChangeSchema).readonly(),
    diagnostics: z.array(diagnosticSchema).readonly(),
    message: z.string(),
  })
  .openapi('DryRunReport');

export const historySchema = z
  .object({
    ...configStatusFields,
    configurations: z
      .array(
        z
          .object({
            number: z.number().int(),
            digest: z.string(),
            at: z.string().openapi({ description: 'When it was first in force, ISO 8601.' }),
            cause: z.enum(['start', 'SIGHUP', 'reload', 'rollback', 'api']),
            note: z.string(),
            hasText: z.boolean().openapi({ description: 'Whether it can be put in force again.' }),
          })
          .openapi('AppliedConfiguration'),
      )
      .readonly()
      .openapi({ description: 'The newest first.' }),
  })
  .openapi('History');

export const keptSchema = z
  .object({
    number: z.number().int(),
    digest: z.string(),
    text: z.string(),
    file: z.string().openapi({ description: 'The path of the configuration file.' }),
  })
  .openapi('KeptConfiguration');

export const rollbackSchema = z
  .strictObject({
    number: z.number().int().min(1).optional().openapi({
      description: 'Which one; without it the one before the present one.',
    }),
  })
  .openapi('Rollback');

export const drainingSchema = z
  .object({
    state: z.literal('draining'),
    drainMs: z.number().openapi({ description: 'After this time what is left is cut.' }),
  })
  .openapi('Draining');

export const refreshSchema = z
  .object({
    changed: z.boolean(),
    problems: z
      .array(z.object({ name: z.string(), message: z.string() }))
      .readonly()
      .openapi({ description: 'Files that cannot be used; what was there before serves on.' }),
  })
  .openapi('RefreshReport');
