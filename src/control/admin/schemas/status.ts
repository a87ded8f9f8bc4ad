/** What the API says of the balancer's state: the schemas of its document and of its tests. */
import { ACME_STATES } from '../../acme/acme-view.ts';
import { z } from '@hono/zod-openapi';
import { addressSchema } from './addresses.ts';
import { certificatesSchema } from './certificates.ts';
import { upgradeSchema } from './upgrade.ts';

const count = (description: string) => z.number().int().min(0).openapi({ description });
const isoTime = (description: string) => z.string().openapi({ description, format: 'date-time' });
const word = (description: string) => z.string().openapi({ description });

export const verdictSchema = z
  .object({
    state: word('unknown, up, falling, rising, down.'),
    since: isoTime('Since when.'),
    reason: word('Why, in one word.'),
    detail: word('Why, for people.'),
  })
  .openapi('Verdict');

export const administrativeSchema = z
  .object({
    state: word('In force: ready, drain or maintenance.'),
    by: word('Whose word that is: operator, agent, or "" where it is ready.'),
    operator: word('What the operator asked for.'),
    weight: z.number().nullable().openapi({ description: 'Null is as configured.' }),
    since: z.string().nullable().openapi({ description: 'When the operator asked for it.' }),
  })
  .openapi('Administrative');

const ejectedSchema = z
  .object({
    since: isoTime('Since when.'),
    until: isoTime('When it may be tried again.'),
    reason: word('Why, in one word.'),
    detail: word('Why, for people.'),
  })
  .openapi('Ejected');

const agentSchema = z
  .object({
    administrative: word('ready, drain or maintenance, or "".'),
    isDown: z.boolean().openapi({ description: 'Whether it says that the server is down.' }),
    reason: word('Why, in one word.'),
    detail: word('Why, for people.'),
    weightPercent: z.number().nullable().openapi({ description: 'Share of the weight.' }),
    maxConnections: z.number().nullable().openapi({ description: '0 is no limit.' }),
    answeredAt: z.string().nullable().openapi({ description: 'When it last answered.' }),
    failure: word('Why it did not answer the latest time; "" if it did.'),
  })
  .openapi('Agent');

/** The fields of a server; its pool stands beside them where it is not known from around. */
export const serverFields = {
  name: word('Name of the server in its pool.'),
  address: word('Where it is.'),
  weight: count('The weight of the configuration.'),
  backup: z.boolean().openapi({ description: 'Whether it serves only in place of others.' }),
  maxConnections: count('Requests and sessions at once; 0 is no limit.'),
  weightEffective: z.number().openapi({ description: 'The weight in force.' }),
  administrative: administrativeSchema,
  state: word('What is observed: unknown, up, falling, rising, down or ejected.'),
  since: isoTime('Since when it is in this state.'),
  reason: word('Why, in one word.'),
  detail: word('Why, for people.'),
  requestsLive: count('Requests and sessions under way.'),
  idleConnections: count('Connections that wait for a request.'),
  requestsTotal: count('Requests and sessions since the start.'),
  failuresTotal: count('Requests that the server failed.'),
  check: verdictSchema.openapi({ description: 'What its check alone says.' }),
  ejected: ejectedSchema.nullable(),
  agent: agentSchema.nullable(),
} as const;

const serverSchema = z.object(serverFields).openapi('Server');

const nameSchema = z
  .object({
    name: word('As it stands in the configuration.'),
    lookup: word('What is looked up.'),
    state: word('unknown, resolved, holding or unresolved.'),
    since: isoTime('Since when.'),
    reason: word('Why, in one word.'),
    detail: word('Why, for people.'),
    servers: count('Servers that it stands for now.'),
  })
  .openapi('Name');

export const workerSchema = z
  .object({
    index: count('Its number; a successor has another one.'),
    pid: z.number().int().openapi({ description: 'Process id.' }),
    state: z.enum(['starting', 'standby', 'serving', 'draining', 'gone']),
    startedAt: isoTime('When the process was started.'),
    heartbeatAgeMs: count('For how long its loop has not turned.'),
    planVersion: count('The plan that it has in force; 0 is none.'),
    connections: count('Open client connections.'),
  })
  .openapi('Worker');

const listenerFields = {
  name: word('Name of the listener.'),
  addresses: z.array(z.string()).readonly(),
  connections: z.number().openapi({ description: 'Open connections.' }),
  connectionsTotal: count('Accepted connections.'),
  requestsTotal: count('Requests.'),
} as const;

export const routeSchema = z
  .object({
    listener: word('Its listener.'),
    name: word('Name of the route.'),
    requestsTotal: count('Requests that it matched.'),
  })
  .openapi('Route');

const poolSchema = z
  .object({
    name: word('Name of the pool.'),
    requestsTotal: count('Requests and sessions sent to it.'),
    requestsLive: count('Under way.'),
    queueLength: count('Waiting for a server.'),
    retriesTotal: count('Further tries.'),
    servers: z.array(serverSchema).readonly(),
    names: z.array(nameSchema).readonly(),
  })
  .openapi('Pool');

export const diagnosticSchema = z
  .object({
    severity: z.enum(['error', 'warning']),
    code: word('Stable code, listed in the error codes.'),
    message: word('What is wrong.'),
    hint: word('What is allowed, or what was probably meant.'),
    file: word('The file.'),
    line: z.number().int().openapi({ description: 'From 1 on.' }),
    column: z.number().int().openapi({ description: 'From 1 on.' }),
  })
  .openapi('Diagnostic');

export const reloadSchema = z
  .object({
    ok: z.boolean().openapi({ description: 'Whether the file is in force.' }),
    changed: z.boolean().openapi({ description: 'Whether that is a new plan.' }),
    version: count('The plan in force now.'),
    number: count('The configuration in force now.'),
    digest: word('What that means.'),
    cause: word('Who asked: start, SIGHUP, reload, rollback or api.'),
    at: z.string().openapi({ description: 'When it ended.' }),
    tookMs: z.number().openapi({ description: 'How long it took.' }),
    message: word('One sentence for people.'),
    code: word('Of the error that refused it; "" where there is none, or mistakes are listed.'),
    hint: word('What would help.'),
    diagnostics: z.array(diagnosticSchema).readonly(),
  })
  .openapi('ReloadReport');

const stateEventSchema = z
  .object({
    id: count('Its number.'),
    time: isoTime('When.'),
    server: word('POOL/SERVER.'),
    column: z.enum(['configured', 'administrative', 'observed']),
    from: word('Before.'),
    to: word('After.'),
    reason: word('Why, in one word.'),
    detail: word('Why, for people.'),
  })
  .openapi('ServerEvent');

const acmeSchema = z
  .object({
    name: word('Its key in the configuration.'),
    names: z.array(z.string()).readonly().openapi({ description: 'What it is for.' }),
    directory: word('URL of the directory of the authority.'),
    challenge: word('How the authority verifies the names.'),
    state: z.enum(ACME_STATES).openapi({
      description: 'Whether it serves, is ordered now, or its latest order has failed.',
    }),
    notAfter: isoTime('Its end; null while there is none.').nullable(),
    nextTry: isoTime('When it is ordered next; null while that is under way.').nullable(),
    failures: count('Orders that failed in a row.'),
    lastError: z
      .object({
        at: isoTime('When.'),
        code: word('Code of the error.'),
        message: word('What failed.'),
        hint: word('What helps; may be empty.'),
      })
      .nullable(),
  })
  .openapi('AcmeCertificate');

const planSchema = z
  .object({ version: count('Number of the plan.'), digest: word('SHA-256 of what it says.') })
  .openapi('Plan');

/** The configuration in force. */
export const configStatusFields = {
  number: count('1 for the first; one more for each that is put in force.'),
  digest: word('What it means, as a SHA-256.'),
  since: word('Since when it is in force, ISO 8601.'),
  cause: word('Who put it in force: start, SIGHUP, reload, rollback or api.'),
  note: word('What the cause is about.'),
  file: word('The file.'),
  onDisk: z.enum(['same', 'changed', 'missing', 'unreadable']).openapi({
    description: 'How the file on the disk stands to what is in force.',
  }),
  hint: word('What to do where the file is another one.'),
  isKept: z.boolean().openapi({ description: 'Whether the history outlives a restart.' }),
  kept: word('In which file, or why not.'),
} as const;

const balancerFields = {
  version: word('Version of the program.'),
  pid: z.number().int().openapi({ description: 'Process id of the supervisor.' }),
  generation: count('1 at a start, one more with each upgrade in place.'),
  lastUpgrade: upgradeSchema.nullable().openapi({ description: 'Null where none was asked for.' }),
  state: z.enum(['starting', 'serving', 'draining']),
  startedAt: isoTime('When it was started.'),
  uptimeSeconds: count('For how long it has run.'),
  plan: planSchema,
  configuration: z.object(configStatusFields).openapi('Configuration'),
  workers: z.array(workerSchema).readonly(),
  workerRestarts: count('Serving workers that were replaced.'),
  lastReload: reloadSchema.nullable(),
} as const;

export const listenerSchema = z.object(listenerFields).openapi('Listener');

const kernelListenerSchema = z
  .object({
    name: word('Name of the listener.'),
    protocol: z.enum(['tcp', 'udp']),
    form: z.enum(['routed', 'stateless', 'one-armed']),
    addresses: z.array(z.string()).readonly(),
    connections: count('Connections that the kernel has; null where it keeps none.').nullable(),
  })
  .openapi('KernelListener');

/** The whole report: what `ballast status --json` prints. */
export const statusSchema = z
  .object({
    ...balancerFields,
    listeners: z.array(listenerSchema).readonly(),
    kernelListeners: z.array(kernelListenerSchema).readonly(),
    routes: z.array(routeSchema).readonly(),
    pools: z.array(poolSchema).readonly(),
    addresses: z.array(addressSchema).readonly(),
    certificates: certificatesSchema,
    acme: z.array(acmeSchema).readonly(),
    recentEvents: z.array(stateEventSchema).readonly(),
  })
  .openapi('Status');

const measured = (description: string) => z.number().nullable().openapi({ description });

export const nowSchema = z
  .object({
    rate: z.number().openapi({ description: 'Requests, sessions or datagrams per second.' }),
    errorRate: z.number().openapi({ description: 'Faults per second.' }),
    p50Ms: measured('Half of the requests took no longer.'),
    p95Ms: measured('95 of 100 took no longer.'),
    p99Ms: measured('99 of 100 took no longer.'),
  })
  .openapi('Now');

const serverCountsSchema = z
  .object({
    total: count('All servers.'),
    usable: count('Those that new requests may go to.'),
    up: count('Observed up or falling.'),
    down: count('Observed down or rising.'),
    ejected: count('Taken out by passive health.'),
    unknown: count('Without a verdict.'),
    drain: count('Draining.'),
    maintenance: count('In maintenance.'),
  })
  .openapi('ServerCounts');

/** The balancer without its servers one by one. */
export const overviewSchema = z
  .object({
    ...balancerFields,
    host: word('Name of the machine.'),
    lastEventId: count('Number of the latest event.'),
    now: nowSchema.nullable(),
    listeners: z
      .array(
        z
          .object({
            ...listenerFields,
            protocol: z.enum(['http', 'tcp', 'udp']),
            requestsLive: count('Requests under way.'),
            statuses: z
              .array(z.number())
              .readonly()
              .openapi({ description: 'Answers since the start: 1xx to 5xx.' }),
            now: nowSchema.nullable(),
          })
          .openapi('ListenerOverview'),
      )
      .readonly(),
    kernelListeners: z.array(kernelListenerSchema).readonly(),
    pools: z
      .array(
        z
          .object({
            name: word('Name of the pool.'),
            requestsTotal: count('Requests and sessions sent to it.'),
            requestsLive: count('Under way.'),
            queueLength: count('Waiting for a server.'),
            retriesTotal: count('Further tries.'),
            servers: serverCountsSchema,
            now: nowSchema.nullable(),
          })
          .openapi('PoolOverview'),
      )
      .readonly(),
  })
  .openapi('Overview');
