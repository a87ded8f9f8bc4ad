/** What a change means for connections, requests and sessions that are there. */
import type { FieldChange, PlanChange, ThingKind } from './plan-change.ts';
import type { Thing } from './things.ts';

type Effects = (thing: Thing, fields: readonly FieldChange[]) => readonly string[];

/** Sentences on a change; empty where it means nothing to who is connected. */
export function effectsOf(
  change: PlanChange['change'],
  thing: Thing,
  fields: readonly FieldChange[],
): readonly string[] {
  return EFFECTS[thing.kind][change]?.(thing, fields) ?? [];
}

const always =
  (...texts: readonly string[]): Effects =>
  () =>
    texts;

/** What becomes of who is connected to an address that is closed. */
const CLOSED = {
  http: 'requests under way finish, idle connections close, tunnels live on until they end',
  tcp: 'sessions live on until they end',
  udp: 'sessions end',
} as const;

/** What becomes of those who are connected when settings or routes change. */
const KEPT = {
  http: 'connections stay',
  tcp: 'sessions stay as they began',
  udp: 'sessions stay',
} as const;

const ROUTED = {
  http: 'connections stay, and their next requests are routed anew',
  tcp: 'sessions stay on their servers, new ones are routed anew',
  udp: 'sessions stay on their servers, new ones are routed anew',
} as const;

const LEFT =
  'its idle connections close; requests under way finish, sessions and tunnels live on until they end';

const OTHERWISE_MADE = ['tls', 'proxyProtocol', 'source'];

function has(fields: readonly FieldChange[], ...names: readonly string[]): boolean {
  return fields.some(({ field }) =>
    names.some((name) => field === name || field.startsWith(`${name}.`)),
  );
}

const listenerChanged: Effects = ({ protocol }, fields) => {
  const kind = protocol ?? 'http';
  if (has(fields, 'protocol')) return ['connections that are there end as they began'];
  const effects: string[] = [];
  const bind = fields.find(({ field }) => field === 'bind');
  if (bind !== undefined) {
    const [from, to] = [bind.from, bind.to].map((text) => new Set((text ?? '').split(', ')));
    const opened = [...to!].filter((one) => !from!.has(one));
    const closed = [...from!].filter((one) => !to!.has(one));
    if (opened.length > 0) effects.push(`${opened.join(', ')}: opened`);
    if (closed.length > 0) effects.push(`${closed.join(', ')}: closed; ${CLOSED[kind]}`);
  }
  if (has(fields, 'tls')) effects.push('connections stay; new handshakes have the new settings');
  if (fields.some(({ field }) => field !== 'bind' && !has([{ field, from: '', to: '' }], 'tls'))) {
    effects.push(KEPT[kind]);
  }
  return effects;
};

const settingsChanged: Effects = (_, fields) => {
  const effects: string[] = [];
  const workers = fields.find(({ field }) => field === 'workers');
  if (workers !== undefined && Number(workers.to) < Number(workers.from)) {
    effects.push('workers that are not needed any more finish what they have for up to "drain"');
  }
  if (has(fields, 'admin')) effects.push('the admin server moves to its new address');
  return effects;
};

const routed: Effects = ({ protocol }) => [ROUTED[protocol ?? 'http']];

const EFFECTS: Readonly<
  Record<ThingKind, Readonly<Partial<Record<PlanChange['change'], Effects>>>>
> = {
  settings: { changed: settingsChanged },
  listener: {
    added: always('its addresses are opened'),
    removed: ({ protocol }) => [`its addresses are closed; ${CLOSED[protocol ?? 'http']}`],
    changed: listenerChanged,
  },
  route: { added: routed, removed: routed, changed: routed },
  pool: {
    changed: (_, fields) =>
      has(fields, ...OTHERWISE_MADE)
        ? ['idle connections close, since new ones are made otherwise; all else stays']
        : ['connections stay, idle ones too'],
  },
  server: {
    removed: always(LEFT),
    changed: (_, fields) =>
      has(fields, 'address')
        ? [`as if it were removed and added: ${LEFT}`, 'its verdict begins anew']
        : [],
  },
  name: {
    added: always('it is looked up before anything is changed'),
    removed: always(`of the servers that it stands for ${LEFT.replace('its idle', 'idle')}`),
  },
  check: {
    removed: always('its servers count as up'),
    changed: always('verdicts stay until the first answer of the new check'),
  },
  agent: {},
  certificate: {
    changed: always('connections stay; new handshakes get the new one'),
    removed: always('connections stay; new handshakes do not get it any more'),
  },
  address: {
    added: always('this node listens first, and takes the addresses where no other has them'),
    removed: always(
      'the addresses are removed from this node, which does not stand for them any more',
    ),
    changed: always('what stays the same is not touched'),
  },
};
