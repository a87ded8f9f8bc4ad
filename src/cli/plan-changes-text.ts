/** What a reload would change, for people. */
import type { FieldChange, PlanChange } from '../config/plan-diff/plan-change.ts';

const SIGNS = { added: '+', removed: '-', changed: '~' } as const;

/** One line for each change, below it its settings and what it means for connections. */
export function planChangesText(changes: readonly PlanChange[]): string {
  return changes.map(changeText).join('');
}

function changeText({ kind, name, change, fields, effects }: PlanChange): string {
  const head = `${SIGNS[change]} ${kind}${name === '' ? '' : ` ${name}`}: ${change}`;
  const lines = [head, ...fields.map(fieldText), ...effects.map((effect) => `    => ${effect}`)];
  return `${lines.join('\n')}\n`;
}

function fieldText({ field, from, to }: FieldChange): string {
  if (from === null) return `    ${field}: ${to} (not set before)`;
  return to === null
    ? `    ${field}: not set any more (was ${from})`
    : `    ${field}: ${from} -> ${to}`;
}
