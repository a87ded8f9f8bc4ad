import type { z } from 'zod';
import { fieldMap } from './field.ts';
import { section } from './structure.ts';
import { status } from './status.ts';
import { text } from './text.ts';

/** Longest body that stands in the configuration file itself, in characters. */
const BODY_MAX = 65_536;

/** Schema of `respond`. */
export const respondSchema = section('Answers by itself.', {
  status: status('Status.', 200, 599).prefault(200),
  body: text('The body.', BODY_MAX).optional(),
  file: text(
    'Path of a file with the body, relative to the configuration file, at most 128 KiB.',
    4_096,
    'file',
  ).optional(),
  headers: fieldMap('Fields of the answer.', 'an answer has no Host').prefault({}),
});

/** An answer with its defaults filled in. */
export type RespondConfig = z.output<typeof respondSchema>;
