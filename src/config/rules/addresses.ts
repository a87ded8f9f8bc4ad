import type { ConfigPath } from '../diagnostic.ts';
import { quote } from '../quote.ts';
import { TRACK_KINDS, type FloatingConfig } from '../schema/floating.ts';
import type { RuleContext } from './rule.ts';
import { checkPoolName } from './unknown-pool.ts';

/** Addresses that one advertisement has room for (RFC 9568 §5.2.5). */
const ADVERTISED_MAX = 255;
const OWNER_PRIORITY = 255;
const SECOND_MS = 1_000;
/** A lease must outlive a few renewals. */
const LEASE_MIN_MS = 1_000;

type Check = {
  readonly name: string;
  readonly given: FloatingConfig;
  readonly path: ConfigPath;
  readonly context: RuleContext;
};

function conflict({ context, path }: Check, at: ConfigPath, message: string, hint: string): void {
  context.report({ code: 'BAL_CONFIG_CONFLICT', message, hint, path: [...path, ...at], at: 'key' });
}

function outOfRange({ context, path }: Check, at: ConfigPath, message: string, hint: string): void {
  context.report({ code: 'BAL_CONFIG_OUT_OF_RANGE', message, hint, path: [...path, ...at] });
}

function checkVersion(check: Check): void {
  const { vrrp, ips, unadvertised } = check.given;
  if (vrrp.version !== 2) return;
  if (vrrp.interval % SECOND_MS !== 0) {
    const hint = 'write whole seconds such as 1s, or version: 3';
    const message = 'version 2 of VRRP has whole seconds between advertisements';
    outOfRange(check, ['vrrp', 'interval'], message, hint);
  }
  if ([...ips, ...unadvertised].every(({ family }) => family === 'ipv4')) return;
  conflict(
    check,
    ['vrrp', 'version'],
    'version 2 of VRRP is for IPv4 alone',
    'remove it: 3 is meant',
  );
}

function checkLease(check: Check): void {
  const { lease } = check.given;
  if (lease === 0 || (lease % SECOND_MS === 0 && lease >= LEASE_MIN_MS)) return;
  const message = 'the kernel counts lifetimes in whole seconds';
  outOfRange(check, ['lease'], message, 'write 1s or more, or 0s for no lease');
}

function checkCounts(check: Check): void {
  const { ips, vrrp } = check.given;
  for (const family of ['ipv4', 'ipv6'] as const) {
    const count = ips.filter((ip) => ip.family === family).length;
    if (count <= ADVERTISED_MAX) continue;
    const message = `${count} addresses do not fit into one advertisement`;
    outOfRange(check, ['ips'], message, `at most ${ADVERTISED_MAX}; others go into unadvertised`);
  }
  const families = new Set(ips.map(({ family }) => family));
  for (const [i, { family, host }] of vrrp.peers.entries()) {
    if (families.has(family as 'ipv4' | 'ipv6')) continue;
    const message = `no address of this entry is of the family of the peer ${host}`;
    conflict(
      check,
      ['vrrp', 'peers', i],
      message,
      'write the address of the peer that it has there',
    );
  }
}

function checkTracks(check: Check): void {
  for (const [i, track] of check.given.track.entries()) {
    const kinds = TRACK_KINDS.filter((kind) => track[kind] !== undefined);
    if (kinds.length > 1) {
      const message = `a tracker looks at ${kinds[0]} and ${kinds[1]}`;
      conflict(check, ['track', i, kinds[1]!], message, 'each has an entry of its own');
    }
    if (kinds.length === 0 && check.context.isWhole([...check.path, 'track', i])) {
      const path = [...check.path, 'track', i];
      const hint = `add one of ${TRACK_KINDS.join(', ')}`;
      const message = 'the tracker does not say what it looks at';
      check.context.report({ code: 'BAL_CONFIG_MISSING_KEY', message, hint, path });
    }
    const program = track.script?.[0];
    if (program !== undefined && !program.startsWith('/')) {
      const message = `${quote(program)} is not an absolute path`;
      outOfRange(check, ['track', i, 'script', 0], message, 'write the whole path of the program');
    }
    if (track.pool !== undefined) {
      checkPoolName(track.pool, [...check.path, 'track', i, 'pool'], check.context);
    }
  }
}

function checkRoutes(check: Check): void {
  for (const [i, { to, via }] of check.given.routes.entries()) {
    if (via === undefined || via.family === to.family) continue;
    const message = `the gateway ${via.host} is of another family than ${to.host}/${to.prefix}`;
    conflict(check, ['routes', i, 'via'], message, 'write a gateway of the same family');
  }
}

/** Nothing stands twice: addresses, and virtual router ids on an interface. */
function checkUnique(checks: readonly Check[]): void {
  const hosts = new Map<string, string>();
  const ids = new Map<string, string>();
  for (const check of checks) {
    const { ips, unadvertised, vrrp, interface: on } = check.given;
    for (const [key, list] of Object.entries({ ips, unadvertised })) {
      for (const [i, { host }] of list.entries()) {
        const other = hosts.get(host);
        hosts.set(host, check.name);
        if (other === undefined) continue;
        const message = `${host} stands in ${quote(other)} already`;
        conflict(check, [key, i], message, 'each address has one place');
      }
    }
    for (const family of new Set(ips.map((ip) => ip.family))) {
      const id = `${on} ${family} ${vrrp.id}`;
      const other = ids.get(id);
      ids.set(id, check.name);
      if (other === undefined) continue;
      const message = `virtual router ${vrrp.id} on ${on} belongs to ${quote(other)} already`;
      conflict(check, ['vrrp', 'id'], message, 'choose a number that no other has on this link');
    }
  }
}

/** One election decides for all entries of a group: what it goes by must be the same. */
function checkGroups(checks: readonly Check[]): void {
  const firsts = new Map<string, Check>();
  for (const check of checks) {
    const group = check.given.group ?? check.name;
    const first = firsts.get(group);
    if (first === undefined) {
      firsts.set(group, check);
      continue;
    }
    for (const key of ['priority', 'interval', 'misses', 'preempt', 'preemptDelay'] as const) {
      if (check.given.vrrp[key] === first.given.vrrp[key]) continue;
      const message = `${key} differs from that of ${quote(first.name)} in the same group`;
      conflict(
        check,
        ['vrrp', key],
        message,
        'a group has one election: write the same in all of it',
      );
    }
  }
}

function warnOwner(check: Check): void {
  if (check.given.vrrp.priority !== OWNER_PRIORITY || check.given.lease === 0) return;
  check.context.report({
    severity: 'warning',
    code: 'BAL_CONFIG_OWNER_LEASE',
    message: 'priority 255 says that the address belongs to this node for good, yet it has a lease',
    hint: 'write a priority of 254 or less, or lease: 0s',
    path: [...check.path, 'vrrp', 'priority'],
  });
}

/** Floating addresses: what one key alone cannot tell. */
export function checkAddresses(context: RuleContext): void {
  const checks = Object.entries(context.config.addresses).map(([name, given]) => ({
    name,
    given,
    path: ['addresses', name],
    context,
  }));
  for (const check of checks) {
    checkVersion(check);
    checkLease(check);
    checkCounts(check);
    checkTracks(check);
    checkRoutes(check);
    warnOwner(check);
  }
  checkUnique(checks);
  checkGroups(checks);
}
