import type { z } from 'zod';
import type { ExecProbePlan } from '../../plan-check.ts';
import { list, section } from '../structure.ts';
import { anyText } from '../text.ts';

/** Schema of `check.exec`. */
export const execCheck = section('Runs a program; exit status 0 passes.', {
  command: list(
    'Absolute path of the program, and its arguments. No shell.',
    anyText('A part of the command.', 4_096),
  ),
});

/** `check.exec` as the plan has it. */
export function execProbe(check: z.output<typeof execCheck>): ExecProbePlan {
  return { kind: 'exec', command: check.command };
}
