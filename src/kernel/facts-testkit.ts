/** What is known of servers, for tests. */
import type { RuleFacts } from './ruleset.ts';

/** All of them are well, and as configured. */
export const ALL_WELL: RuleFacts = {
  isUsable: () => true,
  weightOf: () => null,
  isClosing: false,
  keeper: 7,
  dead: () => [],
  previous: new Map(),
};
