/** A plan taken apart into the things that a person thinks in, each with its settings. */
import type { CheckPlan } from '../plan-check.ts';
import type { ListenerPlan, Plan, PoolPlan } from '../plan.ts';
import { fieldValues, type FieldValues } from './field-values.ts';
import type { ThingKind } from './plan-change.ts';

export type Thing = {
  readonly kind: ThingKind;
  readonly name: string;
  readonly fields: FieldValues;
  /** What effects are worked out from: the protocol of a listener and of a route's listener. */
  readonly protocol: ListenerPlan['protocol'] | null;
  /** Whether its name says no more than its place in a list. */
  readonly isByPlace: boolean;
};

/** Parts of the plan that are things of their own. */
const APART = ['version', 'listeners', 'pools', 'certificates', 'kernel', 'addresses'];

/** In the order of the plan: settings, then each listener with its routes, each pool with its parts. */
export function thingsOf(plan: Plan): Thing[] {
  const named = plan.pools.map(({ key }) => key);
  return [
    thing('settings', '', plan, APART),
    ...certificatesOf(plan),
    ...plan.listeners.flatMap((listener) => listenerThings(listener, named)),
    ...plan.pools.flatMap((pool) => poolThings(pool, named)),
    ...plan.kernel.map((one) => ({
      ...thing('listener', one.key, { ...one, pool: named[one.pool] }),
      protocol: one.protocol,
    })),
    ...plan.addresses.map((one) => thing('address', one.key, one)),
  ];
}

function thing(kind: ThingKind, name: string, from: object, left: readonly string[] = []): Thing {
  return { kind, name, fields: fieldValues(from, left), protocol: null, isByPlace: false };
}

function certificatesOf(plan: Plan): Thing[] {
  return plan.certificates.map((one) => thing('certificate', one.key, one));
}

function listenerThings(listener: ListenerPlan, named: readonly string[]): Thing[] {
  const { key, protocol } = listener;
  const routes = listener.routes.map((route) => {
    const isByPlace = /\/\d+$/.test(route.key);
    return { ...thing('route', route.key, withPools(route, named)), protocol, isByPlace };
  });
  return [{ ...thing('listener', key, listener, ['routes']), protocol }, ...routes];
}

function poolThings(pool: PoolPlan, named: readonly string[]): Thing[] {
  const { key, check, agent, verdictsOf } = pool;
  const sameAs = verdictsOf === null ? null : named[verdictsOf]!;
  const parts = ['servers', 'names', 'check', 'agent', 'verdictsOf'];
  // Without TLS nobody asks for this name.
  const noise = pool.tls === null ? ['name', 'tlsName'] : ['name'];
  return [
    thing('pool', key, { ...pool, 'check.sameAs': sameAs }, parts),
    ...(check === null ? [] : [checkThing(key, check)]),
    ...(agent === null ? [] : [thing('agent', key, { ...agent, send: secret(agent.send) })]),
    ...pool.servers.map((server) => thing('server', server.key, server, noise)),
    ...pool.names.map((name) => thing('name', name.key, name, noise)),
  ];
}

/** `http.steps[1].path`, not `probe.steps[1].path`, as it stands in the file. */
function checkThing(key: string, check: CheckPlan): Thing {
  const whole = thing('check', key, check);
  const { kind } = check.probe;
  const fields = [...whole.fields].map(([name, value]) => {
    return [name === 'probe' ? 'kind' : name.replace(/^probe\./, `${kind}.`), value] as const;
  });
  return { ...whole, fields: new Map(fields) };
}

/** What an agent is sent may be a password. */
function secret(text: string): unknown {
  return text === '' ? null : { password: text };
}

/** References by name: the place of a pool in the file means nothing. */
function withPools(route: object, named: readonly string[]): object {
  const swap = (value: unknown): unknown => {
    if (Array.isArray(value)) return value.map(swap);
    if (typeof value !== 'object' || value === null) return value;
    return Object.fromEntries(
      Object.entries(value).map(([key, inner]) => [
        key,
        key === 'pool' && typeof inner === 'number' ? (named[inner] ?? '') : swap(inner),
      ]),
    );
  };
  return swap(route) as object;
}
