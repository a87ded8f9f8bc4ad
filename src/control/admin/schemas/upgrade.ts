/** What came of an upgrade in place. */
import { z } from '@hono/zod-openapi';

const word = (description: string) => z.string().openapi({ description });
const count = (description: string) => z.number().int().openapi({ description });

export const upgradeSchema = z
  .object({
    ok: z.boolean().openapi({ description: 'Whether another process is in charge now.' }),
    code: word('A stable code where it is not; "" where it is.'),
    message: word('One sentence for people.'),
    hint: word('What would help; "" where the message says it all.'),
    pid: count('The process that is in charge now.'),
    version: word('Its version.'),
    generation: count('Its generation: one more with each upgrade.'),
    at: z.string().openapi({ description: 'When it ended.', format: 'date-time' }),
    tookMs: count('How long it took, in ms.'),
  })
  .openapi('Upgrade');
