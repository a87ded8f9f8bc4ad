import { z } from 'zod';
import { sourceAddress } from './address.ts';
import { flag, word } from './scalar.ts';
import { section } from './structure.ts';

/** Schema of `kernel` of a listener with `mode: kernel`. */
export const kernelSchema = section('How the kernel passes packets on, with mode: kernel.', {
  form: word(
    ['routed', 'stateless', 'one-armed'],
    'Servers route back through this node (routed, stateless), or see an address of it (one-armed).',
  ).prefault('routed'),
  hash: word(
    ['source-port', 'source'],
    'What chooses the server of a client: its address and port, or its address alone.',
  ).prefault('source-port'),
  inside: z
    .array(sourceAddress('An address.'))
    .prefault([])
    .meta({ description: 'With one-armed: the floating address that servers see.' }),
  leave: flag('Whether the rules stay in the kernel when Ballast ends.').prefault(false),
});

export type KernelConfig = z.output<typeof kernelSchema>;
