/**
 * From names to servers: a plan and what is known of its names give a plan with concrete servers.
 * Pure: the same plan and the same records give the same servers in the same order.
 */
import { SLOTS_MAX, WORKER_SLOTS } from '../../base/meters.ts';
import { canonicalDnsName } from '../../codec/dns-name.ts';
import { digest } from '../../config/digest.ts';
import type { BindPlan, NamePlan, Plan, PoolPlan, ServerPlan } from '../../config/plan.ts';
import type { NameRecord } from '../../machine/name-lookup.ts';
import { bindText } from '../../sys/sockets.ts';
import { addressQuestions, serviceQuestion } from './questions-of.ts';
import type { KnownRecords } from './questions-of.ts';

/** Greatest weight of a server. */
const WEIGHT_MAX = 256;

/** Servers of one name; past it, those last in order are left out. */
export const NAME_SERVERS_LIMIT = 1_024;

export type Expansion = {
  readonly plan: Plan;
  /** Servers that are left out because there are too many. */
  readonly left: number;
};

/** A plan without names is returned as it is. Called for each plan and each change of addresses. */
export function expandNames(plan: Plan, known: KnownRecords): Expansion {
  if (plan.pools.every(({ names }) => names.length === 0)) return { plan, left: 0 };
  let room = SLOTS_MAX - WORKER_SLOTS - thingsOf(plan);
  let left = 0;
  const added: ServerPlan[] = [];
  const pools = plan.pools.map((pool) => {
    const servers = [...pool.servers];
    const keys = new Set(servers.map(({ key }) => key));
    for (const name of pool.names) {
      const all = serversOf(name, known).filter(({ key }) => !keys.has(key));
      const taken = all.slice(0, Math.max(0, Math.min(room, NAME_SERVERS_LIMIT)));
      room -= taken.length;
      left += all.length - taken.length;
      for (const server of taken) keys.add(server.key);
      servers.push(...taken);
      added.push(...taken);
    }
    return pool.names.length === 0 ? pool : { ...pool, servers };
  });
  // Of the file's digest and of what was added, which is quicker than of the whole.
  return { plan: { ...plan, pools, digest: digest([plan.digest, added]) }, left };
}

/** Listeners, routes, pools and servers that the file gives: each has a place for its counters. */
function thingsOf(plan: Plan): number {
  let count = plan.pools.length;
  for (const { routes } of plan.listeners) count += 1 + routes.length;
  for (const { servers } of plan.pools) count += servers.length;
  return count;
}

/** All servers that a name stands for now, each address and port once. */
export function serversOf(name: NamePlan, known: KnownRecords): ServerPlan[] {
  const found = name.kind === 'srv' ? serviceServers(name, known) : addressServers(name, known);
  const byKey = new Map<string, ServerPlan>();
  for (const server of found) if (!byKey.has(server.key)) byKey.set(server.key, server);
  return [...byKey.values()];
}

/** The pools of a plan that have a name, with it. */
export function namesOf(plan: Plan): { pool: PoolPlan; name: NamePlan }[] {
  return plan.pools.flatMap((pool) => pool.names.map((name) => ({ pool, name })));
}

function addressServers(name: NamePlan, known: KnownRecords): ServerPlan[] {
  const { port, weight, backup } = name;
  return addressesOf(name, canonicalDnsName(name.host), known).map((address) =>
    namedServer(name, { ...address, port }, { weight, backup }),
  );
}

type Service = Extract<NameRecord, { kind: 'service' }>;

/** One address of one target of a service. The weight is that of the target, however many it has. */
type Place = {
  readonly address: BindPlan;
  readonly weight: number;
  readonly sharers: number;
  readonly priority: number;
};

/** RFC 2782. Priorities worse than the best one are backups, all of them together. */
function serviceServers(name: NamePlan, known: KnownRecords): ServerPlan[] {
  const services = known(serviceQuestion(name)).filter((one): one is Service => {
    return one.kind === 'service';
  });
  const best = Math.min(...services.map(({ priority }) => priority));
  const places = services.flatMap(({ target, port, weight, priority }): Place[] => {
    const addresses = addressesOf(name, target, known);
    const sharers = addresses.length;
    return addresses.map((one) => ({ address: { ...one, port }, weight, sharers, priority }));
  });
  const scale = weightScale(places);
  return places.map(({ address, weight, sharers, priority }) =>
    namedServer(name, address, {
      weight: name.weight === 0 ? 0 : Math.max(1, Math.round((weight / sharers) * scale)),
      backup: name.backup || priority !== best,
    }),
  );
}

/**
 * What weights are multiplied by: the least that makes them whole numbers, where they fit then;
 * else what makes the greatest of them the greatest there is.
 */
function weightScale(places: readonly Place[]): number {
  let whole = 1;
  let most = 0;
  for (const { weight, sharers } of places) {
    if (whole <= WEIGHT_MAX) whole = (whole * sharers) / greatestDivisor(whole, sharers);
    most = Math.max(most, weight / sharers);
  }
  return most * whole <= WEIGHT_MAX ? whole : WEIGHT_MAX / most;
}

function greatestDivisor(a: number, b: number): number {
  return b === 0 ? a : greatestDivisor(b, a % b);
}

/** IPv4 first, each family in the order of its records; port 0. */
function addressesOf(name: NamePlan, host: string, known: KnownRecords): BindPlan[] {
  return addressQuestions(name, host).flatMap((question) => {
    const family = question.type === 'A' ? 'ipv4' : 'ipv6';
    return known(question).flatMap((record): BindPlan[] =>
      record.kind === 'address' ? [{ family, host: record.address, port: 0 }] : [],
    );
  });
}

function namedServer(
  name: NamePlan,
  address: BindPlan,
  parts: { readonly weight: number; readonly backup: boolean },
): ServerPlan {
  const text = bindText(address);
  return {
    key: `${name.key}/${text}`,
    name: `${name.name}/${text}`,
    slot: 0,
    address,
    weight: parts.weight,
    maxConnections: name.maxConnections,
    backup: parts.backup,
    checkAddress: null,
    tlsName: name.tlsName === '' ? address.host : name.tlsName,
  };
}
