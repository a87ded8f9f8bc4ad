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
  const [old, now] = withoutMoved(thingsOf(before), thingsOf(after)).map(byIdentity);
  const changes: PlanChange[] = [];
  for (const [identity, thing] of now!) {
    const known = old!.get(identity);
    if (known === undefined) changes.push(changeOf('added', thing, shown(thing, 'to')));
    else {
      const fields = fieldChanges(known, thing);
      if (fields.length > 0) changes.push(changeOf('changed', thing, fields));
    }
  }
  for (const [identity, thing] of old!) {
    if (!now!.has(identity)) changes.push(changeOf('removed', thing, shown(thing, 'from')));
  }
  return changes.map((change) => withoutEcho(change, changes));
}

/** A listener that comes or goes says what that means for its routes, too. */
function withoutEcho(change: PlanChange, all: readonly PlanChange[]): PlanChange {
  if (change.kind !== 'route' || change.change === 'changed') return change;
  const listener = change.name.slice(0, change.name.lastIndexOf('/'));
  const hasMoved = all.some((one) => {
    return one.kind === 'listener' && one.name === listener && one.change === change.change;
  });
  return hasMoved ? { ...change, effects: [] } : change;
}

/**
 * Without the routes that are named by their place and stand in another place of the same listener:
 * a route that is put before others changes nothing in them.
 */
function withoutMoved(old: readonly Thing[], now: readonly Thing[]): (readonly Thing[])[] {
  const places = new Map<string, Thing[]>();
  for (const thing of old) {
    if (!thing.isByPlace) continue;
    const sign = signOf(thing);
    const list = places.get(sign);
    if (list === undefined) places.set(sign, [thing]);
    else list.push(thing);
  }
  const moved = new Set<Thing>();
  for (const thing of now) {
    const known = thing.isByPlace ? places.get(signOf(thing))?.shift() : undefined;
    if (known !== undefined) moved.add(known).add(thing);
  }
  return [old, now].map((things) => things.filter((thing) => !moved.has(thing)));
}

/** The listener and all settings of a route. */
function signOf({ name, fields }: Thing): string {
  return JSON.stringify([name.slice(0, name.lastIndexOf('/')), [...fields]]);
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

/** What tells a thing that came or went from others. */
const SHOWN: ReadonlySet<string> = new Set([
  'protocol',
  'bind',
  'hosts',
  'paths',
  'sni',
  'alpn',
  'pools',
  'pool',
  'balance',
  'address',
  'host',
  'kind',
  'source',
]);

function shown({ fields }: Thing, side: 'from' | 'to'): FieldChange[] {
  return [...fields]
    .filter(([field, { text }]) => SHOWN.has(field) && text !== 'none')
    .map(([field, { text }]) => {
      return side === 'to' ? { field, from: null, to: text } : { field, from: text, to: null };
    });
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
