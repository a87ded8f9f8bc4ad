import { z } from 'zod';
import { editedFieldName, fieldMap } from './field.ts';
import { hostValue } from './host.ts';
import { literalPath } from './path.ts';
import { optionalSection } from './structure.ts';

const HOST_HINT = 'set the host with rewrite.host';
const NO_HOST_HINT = 'an answer has no Host';

const edits = (what: string, hostHint: string) =>
  optionalSection(`Edits of the fields of the ${what}: remove, then set, then add.`, {
    remove: z
      .array(editedFieldName('A field name.', hostHint))
      .prefault([])
      .meta({ description: 'Fields that are removed.' }),
    set: fieldMap('Fields that replace all of the same name.', hostHint).prefault({}),
    add: fieldMap('Fields that are added to those of the same name.', hostHint).prefault({}),
  });

/** Schema of `rewrite`. */
export const rewriteSchema = optionalSection('What is changed on the way to the server and back.', {
  host: hostValue("Value of Host for the server; the client's where it is left out.").optional(),
  path: literalPath('The whole path.').optional(),
  prefix: literalPath(
    'Replaces the part of the path that the prefix of the route matched.',
  ).optional(),
  request: edits('request', HOST_HINT),
  response: edits('answer', NO_HOST_HINT),
});

/** A rewrite with its defaults filled in. */
export type RewriteConfig = z.output<typeof rewriteSchema>;
