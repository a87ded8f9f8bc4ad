import { z } from 'zod';
import { adminSchema } from './schema/admin.ts';
import { certificateSchema } from './schema/certificate.ts';
import { floatingSchema } from './schema/floating.ts';
import { limitsSchema } from './schema/limits.ts';
import { listenerSchema } from './schema/listener.ts';
import { logSchema } from './schema/log.ts';
import { poolSchema } from './schema/pool.ts';
import { resolverSchema } from './schema/resolver.ts';
import { flag } from './schema/scalar.ts';
import { named } from './schema/structure.ts';
import { keyName, stateFolder, workerCount } from './schema/text.ts';
import { duration } from './schema/units.ts';

/**
 * Schema of the whole file: the one source of the types, the JSON Schema and the reference page.
 * What it cannot say (references, conflicts between keys) stands in rules/.
 */
export const configSchema = z
  .strictObject({
    admin: adminSchema,
    workers: workerCount('Worker processes; auto is one per core.').prefault('auto'),
    log: logSchema,
    limits: limitsSchema,
    drain: duration(
      'How long requests may go on after SIGTERM before their connections are closed.',
      0,
    ).prefault('30s'),
    state: stateFolder(
      'Folder for what must outlive a crash: /path, or off. auto is $STATE_DIRECTORY where it is set, else off.',
    ).prefault('auto'),
    coreDumps: flag(
      'Whether processes may leave core dumps, and be looked into by debuggers: both show keys.',
    ).prefault(false),
    resolver: resolverSchema,
    certificates: named(
      'Certificates by name, for the tls of listeners.',
      keyName('The name of a certificate.'),
      certificateSchema,
    ).prefault({}),
    listeners: named('Listeners by name.', keyName('The name of a listener.'), listenerSchema),
    pools: named('Pools by name.', keyName('The name of a pool.'), poolSchema).prefault({}),
    addresses: named(
      'Floating addresses by name.',
      keyName('The name of a group of addresses.'),
      floatingSchema,
    ).prefault({}),
  })
  .meta({ title: 'Ballast', description: 'Configuration of Ballast.' });

/** The whole configuration with its defaults filled in. */
export type Config = z.output<typeof configSchema>;
