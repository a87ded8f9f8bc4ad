import type { z } from 'zod';
import type { HttpProbePlan, HttpStep } from '../../plan-check.ts';
import { fieldMap, method } from '../field.ts';
import { hostValue } from '../host.ts';
import { requestTarget } from '../path.ts';
import { statusRange } from '../status.ts';
import { list, oneOrMany, section } from '../structure.ts';
import { text, textPattern } from '../text.ts';
import { tlsPlan, tlsSchema } from './tls.ts';
import type { CheckSurroundings } from './tls.ts';

/** Longest body of a request in characters. */
const BODY_MAX = 65_536;

const request = {
  path: requestTarget('Path, with a query where one is needed.').prefault('/'),
  method: method('Method; GET, or POST where send is given.').optional(),
  host: hostValue('Value of Host; the address of the server where it is left out.').optional(),
  headers: fieldMap('Further fields of the request.', 'set the host with the key host').prefault(
    {},
  ),
  send: text('Body of the request.', BODY_MAX).optional(),
  status: oneOrMany(
    'Statuses of a good answer: 200, "200-399", or a list of them.',
    statusRange('A status or a range.'),
  ).prefault('200-399'),
  body: textPattern(
    'A text or ~regex that the first 64 KiB of the body must hold.',
    'leave body out',
  ).optional(),
};

/** The keys of one request, which stand either in `http` or in each of its steps. */
export const REQUEST_KEYS = Object.keys(request) as readonly (keyof typeof request)[];

const step = section('One of several requests.', request);

/** Schema of `check.http`. */
export const httpCheck = section(
  'Asks with a request of HTTP/1.1, of HTTPS with tls, and looks at the answer.',
  {
    tls: tlsSchema,
    ...request,
    steps: list(
      'Several requests, one after the other, in place of the keys of one.',
      step,
    ).optional(),
  },
);

/** A request of a check with its defaults filled in. */
export type HttpStepConfig = z.output<typeof step>;

function stepPlan(given: HttpStepConfig): HttpStep {
  const hasBody = given.send !== undefined;
  return {
    method: given.method ?? (hasBody ? 'POST' : 'GET'),
    path: given.path,
    host: given.host ?? '',
    fields: Object.entries(given.headers).map(([name, value]) => ({ name, value })),
    bodyBase64: Buffer.from(given.send ?? '').toString('base64'),
    statuses: given.status,
    body: given.body ?? null,
  };
}

/** `check.http` as the plan has it. */
export function httpProbe(
  check: z.output<typeof httpCheck>,
  around: CheckSurroundings,
): HttpProbePlan {
  const steps = check.steps ?? [check];
  return { kind: 'http', tls: tlsPlan(check.tls, around), steps: steps.map(stepPlan) };
}
