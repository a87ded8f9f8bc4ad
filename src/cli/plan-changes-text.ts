/** What a reload would change, for people. */
import type { FieldChange, PlanChange } from '../config/plan-diff/plan-change.ts';

/** Settings of one thing that are printed. */
const FIELDS_MAX = 50;

const SIGNS = { added: '+', removed: '-', changed: '~' } as const;

/** One line for each change, below it its settings and what it means for connections. */
export function planChangesText(changes: readonly PlanChange[]): string {
  return changes.map(changeText).join('');
}

function changeText({ kind, name, change, fields, effects }: PlanChange): string {
  const head = `${SIGNS[change]} ${kind}${name === '' ? '' : ` ${name}`}: ${change}`;
  const shown = fields.slice(0, FIELDS_MAX).map((field) => fieldText(field, change));
  const more = fields.length - shown.length;
  const lines = [
    head,
    ...shown,
    ...(more > 0 ? [`    and ${more} more`] : []),
    ...effects.map((effect) => `    => ${effect}`),
  ];
  return `${lines.join('\n')}\n`;
}

function fieldText({ field, from, to }: FieldChange, change: PlanChange['change']): string {
  if (change !== 'changed') return `    ${field}: ${from ?? to}`;
  if (from === null) return `    ${field}: ${to} (not set before)`;
  if (to === null) return `    ${field}: not set any more (was ${from})`;
  // A secret, or a body of the same length.
  return from === to ? `    ${field}: another ${to}` : `    ${field}: ${from} -> ${to}`;
}
