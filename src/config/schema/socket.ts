import { z } from 'zod';
import type { KeepAlivePlan } from '../plan-layer4.ts';
import { integer, Problem, problemOf, scalar, wrongType } from './scalar.ts';
import type { Scalar } from './scalar.ts';
import { section } from './structure.ts';
import { duration } from './units.ts';
import { quote } from '../quote.ts';

/** Longest wait before and between probes in seconds (MAX_TCP_KEEPIDLE of Linux). */
const KEEP_ALIVE_MAX_S = 32_767;

/** A schema for a duration of whole seconds, which is all that the kernel takes. */
function wholeSeconds(description: string): Scalar<number> {
  const inner = duration(description, 1_000, KEEP_ALIVE_MAX_S * 1_000);
  const meta = inner.meta() as { readonly range: string; readonly pattern: string };
  const { range, pattern } = meta;
  return scalar({ title: 'duration', type: 'string', range, pattern }, description, (value) => {
    const result = inner.safeParse(value);
    const problem = problemOf(result);
    if (problem !== null) return problem;
    const ms = result.data ?? 0;
    if (ms % 1_000 === 0) return ms / 1_000;
    const message = `${quote(value)} is not a whole number of seconds`;
    return new Problem('BAL_CONFIG_DURATION', message, 'the kernel counts seconds here');
  });
}

const probes = section('TCP keep-alive probes.', {
  idle: wholeSeconds('Silence before the first probe.').prefault('60s'),
  interval: wholeSeconds('Time between two probes.').prefault('10s'),
  probes: integer(1, 127, 'Unanswered probes that end the connection.').prefault(6),
});

/** `keepAlive: false`. `true` is what the defaults of the map say. */
const noProbes = scalar<boolean>(
  { title: 'false', type: 'boolean', enum: [false] },
  'Sends no probes.',
  (value) => {
    if (value === false) return false;
    if (typeof value === 'object') return wrongType(value, 'false or a map');
    const hint =
      value === true ? 'leave keepAlive out: probes are sent by default' : 'write { idle: 60s }';
    return new Problem('BAL_CONFIG_WRONG_TYPE', `${quote(value)} is not false or a map`, hint);
  },
);

/** A schema for the probes of one side; `side` is a phrase such as `clients`. */
export function keepAlive(side: string) {
  return z
    .union([noProbes, probes])
    .prefault({})
    .meta({
      description: `TCP keep-alive probes towards ${side}; false sends none. Not for unix sockets.`,
    });
}

/** A schema for TCP_USER_TIMEOUT of one side. */
export function userTimeout(side: string) {
  return duration(
    `TCP_USER_TIMEOUT towards ${side}: data unacknowledged for so long ends it; 0s is the kernel's.`,
    0,
  ).prefault('0s');
}

type KeepAliveConfig = z.output<ReturnType<typeof keepAlive>>;

/** The probes as the plan has them. */
export function keepAlivePlan(given: KeepAliveConfig): KeepAlivePlan | null {
  if (typeof given === 'boolean') return null;
  return { idleS: given.idle, intervalS: given.interval, probes: given.probes };
}
