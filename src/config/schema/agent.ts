import type { z } from 'zod';
import { integer } from './scalar.ts';
import { section } from './structure.ts';
import { anyText } from './text.ts';
import { duration } from './units.ts';

/** Longest default of `timeout` in ms. */
const TIMEOUT_MS = 1_000;

/** Schema of `agent`. */
export const agentSchema = section(
  "HAProxy's agent-check: servers say themselves how much they can take. Works beside a check.",
  {
    port: integer(1, 65_535, 'Port on which the agents of the servers listen.'),
    every: duration('Time from the start of one question to the start of the next.', 10).prefault(
      '2s',
    ),
    timeout: duration('For a whole question; 1s, or every where that is less.').optional(),
    send: anyText('Sent after connecting; "" sends nothing.', 1_024).prefault(''),
  },
);

/** `agent` with its defaults filled in. */
export type AgentConfig = z.output<typeof agentSchema>;

/** Milliseconds of `timeout`, whether given or not. */
export function agentTimeoutMs(agent: AgentConfig): number {
  return agent.timeout ?? Math.min(TIMEOUT_MS, agent.every);
}
