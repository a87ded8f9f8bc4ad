/** What a reload would change: the difference of two plans. Pure. */
import type { Plan } from '../plan.ts';
import { effectsOf } from './effects.ts';
import type { FieldChange, PlanChange } from './plan-change.ts';
import { thingsOf, type Thing } from './things.ts';

/**
 * All changes from one plan to another, in the order of the new one, with what went behind what is
 * there. Empty where both mean the same.
 */
export function planDiff(before: Plan, after: Plan): PlanChange[] {
  const old = byIdentity(thingsOf(before));
  const now = byIdentity(thingsOf(after));
  const changes: PlanChange[] = [];
  for (const [identity, thing] of now) {
    const known = old.get(identity);
    if (known === undefined) changes.push(changeOf('added', thing, []));
    else {
      const fields = fieldChanges(known, thing);
      if (fields.length > 0) changes.push(changeOf('changed', thing, fields));
    }
  }
  for (const [identity, thing] of old) {
    if (!now.has(identity)) changes.push(changeOf('removed', thing, []));
  }
  return changes;
}

function byIdentity(things: readonly Thing[]): Map<string, Thing> {
  return new Map(things.map((thing) => [`${thing.kind} ${thing.name}`, thing]));
}

function changeOf(
  change: PlanChange['change'],
  thing: Thing,
  fields: readonly FieldChange[],
): PlanChange {
  const { kind, name } = thing;
  return { kind, name, change, fields, effects: effectsOf(change, thing, fields) };
}

function fieldChanges(before: Thing, after: Thing): FieldChange[] {
  const names = new Set([...before.fields.keys(), ...after.fields.keys()]);
  const changes: FieldChange[] = [];
  for (const field of names) {
    const from = before.fields.get(field);
    const to = after.fields.get(field);
    if (from?.raw === to?.raw) continue;
    changes.push({ field, from: from?.text ?? null, to: to?.text ?? null });
  }
  return changes;
}
