import { z } from 'zod';
import { conditionTest, fieldName, method } from './field.ts';
import { hostPattern } from './host.ts';
import { pathPattern } from './path.ts';
import { redirectSchema } from './redirect.ts';
import { respondSchema } from './respond.ts';
import { rewriteSchema } from './rewrite.ts';
import { poolKeys, routeName } from './route-pools.ts';
import { named, oneOrMany, optionalSection, section } from './structure.ts';
import { text } from './text.ts';
import { duration } from './units.ts';

const timeouts = optionalSection('How long servers may take.', {
  firstByte: duration('From the request sent to the first byte of the answer: 504.').prefault(
    '60s',
  ),
  bodyIdle: duration('Longest time without a byte of the body of the answer.').prefault('60s'),
  tunnel: duration(
    'Longest time without a byte either way in a tunnel, such as a WebSocket.',
  ).prefault('1h'),
});

const conditions = (description: string) =>
  named(
    description,
    fieldName('A name.'),
    conditionTest('The exact value, ~regex, true (is there) or false (is not there).'),
  ).prefault({});

/** Schema of one entry of `routes`. */
export const routeSchema = section('A route: which requests, and what becomes of them.', {
  name: routeName(),
  hosts: oneOrMany(
    'Hosts: exact, or "*.example.com" for one or more labels before the domain. Left out: any.',
    hostPattern('A host.'),
  ).optional(),
  paths: oneOrMany(
    'Paths: /exact, /prefix/* (which matches /prefix too) or ~regex. Left out: any.',
    pathPattern('A path.'),
  ).optional(),
  methods: oneOrMany('Methods. Left out: any.', method('A method.')).optional(),
  headers: conditions('Conditions on header fields; all must hold.'),
  query: z
    .record(
      text('The name of a parameter.', 1_024),
      conditionTest('The exact value, ~regex, true (is there) or false (is not there).'),
    )
    .prefault({})
    .meta({ description: 'Conditions on parameters of the query; all must hold.' }),
  ...poolKeys('request'),
  redirect: redirectSchema.optional(),
  respond: respondSchema.optional(),
  rewrite: rewriteSchema,
  timeouts,
});

/** A route with its defaults filled in. */
export type RouteConfig = z.output<typeof routeSchema>;
