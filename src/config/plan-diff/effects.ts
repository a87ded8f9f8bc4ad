/** What a change means for connections, requests and sessions that are there. */
import type { FieldChange, PlanChange } from './plan-change.ts';
import type { Thing } from './things.ts';

type Effects = (thing: Thing, fields: readonly FieldChange[]) => readonly string[];

const NONE: Effects = () => [];

/** Sentences on a change; empty where it means nothing to who is connected. */
export function effectsOf(
  change: PlanChange['change'],
  thing: Thing,
  fields: readonly FieldChange[],
): readonly string[] {
  const table: Readonly<Record<string, Effects>> = EFFECTS[thing.kind] ?? {};
  return (table[change] ?? NONE)(thing, fields);
}

const LEAVING = {
  http:
    'its addresses are closed; requests under way finish, idle connections close, ' +
    'tunnels live on until they end',
  tcp: 'its addresses are closed; sessions live on until they end',
  udp: 'its addresses are closed, and its sessions end',
} as const;

const has = (fields: readonly FieldChange[], ...names: string[]): boolean =>
  fields.some(({ field }) => names.some((name) => field === name || field.startsWith(`${name}.`)));

const listenerChanged: Effects = ({ protocol }, fields) => {
  if (has(fields, 'protocol')) {
    return ['connections that are there go on as they began; new ones speak the new protocol'];
  }
  const effects: string[] = [];
  if (has(fields, 'bind')) {
    effects.push('addresses that are new are opened, those that are gone are closed as above');
  }
  if (fields.some(({ field }) => field !== 'bind')) {
    effects.push(
      protocol === 'http'
        ? 'connections stay; their next request has the new settings'
        : 'sessions that are there keep their settings, new ones have these',
    );
  }
  return effects;
};

const EFFECTS: Readonly<
  Partial<Record<PlanChange['kind'], Partial<Record<PlanChange['change'], Effects>>>>
> = {
  listener: {
    added: () => ['its addresses are opened'],
    removed: ({ protocol }) => [LEAVING[protocol ?? 'http']],
    changed: listenerChanged,
  },
};
