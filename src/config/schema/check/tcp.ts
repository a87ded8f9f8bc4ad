import type { z } from 'zod';
import type { TcpProbePlan, TcpStep } from '../../plan-check.ts';
import { hexBytes } from '../hex.ts';
import { list, section } from '../structure.ts';
import { text, textPattern } from '../text.ts';
import { tlsPlan, tlsSchema } from './tls.ts';
import type { CheckSurroundings } from './tls.ts';

/** Longest text that a step sends, in characters. */
const SEND_MAX = 8_192;

/** The keys of a step, of which each has one. */
export const STEP_KEYS = ['send', 'sendHex', 'expect', 'expectHex'] as const;

const step = section('A step: one of its keys.', {
  send: text(
    'Sends this text. Line ends are written "\\r\\n", in double quotes.',
    SEND_MAX,
  ).optional(),
  sendHex: hexBytes('Sends these bytes.').optional(),
  expect: textPattern(
    'Waits for a text or ~regex in what the server says, at most 64 KiB.',
    'write what the server says',
  ).optional(),
  expectHex: hexBytes('Waits for these bytes.').optional(),
});

/** Schema of `check.tcp`. */
export const tcpCheck = section(
  'A server is well that accepts a connection and answers the steps.',
  {
    tls: tlsSchema,
    steps: list(
      'What is sent and awaited, in this order. Left out: a connection is enough.',
      step,
    ).optional(),
  },
);

function stepPlan(given: z.output<typeof step>): TcpStep {
  if (given.send !== undefined) {
    return { kind: 'send', hex: Buffer.from(given.send, 'utf8').toString('hex') };
  }
  if (given.sendHex !== undefined) return { kind: 'send', hex: given.sendHex };
  if (given.expectHex !== undefined) return { kind: 'expect-hex', hex: given.expectHex };
  return { kind: 'expect', pattern: given.expect ?? { kind: 'text', value: '' } };
}

/** `check.tcp` as the plan has it. */
export function tcpProbe(
  check: z.output<typeof tcpCheck>,
  around: CheckSurroundings,
): TcpProbePlan {
  return {
    kind: 'tcp',
    tls: tlsPlan(check.tls, around),
    steps: (check.steps ?? []).map(stepPlan),
  };
}
