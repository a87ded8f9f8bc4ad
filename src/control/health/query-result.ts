import type { QueryPlan } from '../../config/plan-check.ts';
import type { ProbeReason } from './probe.ts';

/** What a check of a database says of a server. */
export type DatabaseVerdict = { readonly reason: ProbeReason; readonly detail: string };

/** Characters of a found value that a detail shows. */
const SHOWN_CHARS_MAX = 40;

/**
 * Judges the first column of the first row of an operator's query: undefined without a row, null
 * for NULL. Called once per check with a query.
 */
export function judgeQuery(plan: QueryPlan, value: string | null | undefined): DatabaseVerdict {
  if (plan.expect === null || value === plan.expect) {
    return { reason: 'check-passed', detail: 'the query passed' };
  }
  const expected = `expected ${shown(plan.expect)}`;
  if (value === undefined) {
    return { reason: 'query', detail: `the query gave no row, ${expected}` };
  }
  const found = value === null ? 'NULL' : shown(value);
  return { reason: 'query', detail: `the query gave ${found}, ${expected}` };
}

/** A quoted text in which nothing is left that could disturb a log. */
function shown(text: string): string {
  const plain = text.slice(0, SHOWN_CHARS_MAX).replace(/[^\x20-\x7e]/g, '?');
  return `"${plain}${text.length > SHOWN_CHARS_MAX ? '…' : ''}"`;
}
