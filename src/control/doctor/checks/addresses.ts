/** Whether the addresses of the configuration can be had. */
import type { BindFact, Facts } from '../facts.ts';
import { ok, problem, subjectText, sysctlFix, type Check, type Finding } from '../check.ts';

const nameOf = ({ user, text }: BindFact): string => `${text} of "${user}"`;

const refusedWith = (facts: Facts, code: string): BindFact[] =>
  facts.binds.filter((bind) => bind.state === 'refused' && bind.code === code);

export const addressesFree: Check = {
  name: 'addresses',
  looksAt: 'whether each address of the configuration can be bound, and who holds it',
  why: 'An address that cannot be had keeps Ballast from starting.',
  remedy: 'stop who holds it, or choose another address',
  look: (facts) => {
    if (facts.plan === null) return [];
    const own: ReadonlySet<string> = new Set(['BAL_LISTEN_PERMISSION', 'BAL_LISTEN_NOT_HERE']);
    const refused = facts.binds.filter((bind) => bind.state === 'refused' && !own.has(bind.code));
    const findings: Finding[] = refused.map((bind) =>
      problem({ now: `${nameOf(bind)}: ${bind.reason}`, wanted: 'free', fix: [bind.hint] }),
    );
    const count = facts.binds.filter(({ state }) => state !== 'refused').length;
    const ours = facts.binds.filter(({ state }) => state === 'ours').length;
    const held = ours === 0 ? '' : `, ${ours} held by the Ballast that runs`;
    return count > 0 ? [...findings, ok(`${count} can be had${held}`)] : findings;
  },
};

export const addressesHere: Check = {
  name: 'ip-nonlocal-bind',
  looksAt: 'addresses that no interface has, against `freebind` and `net.ipv4.ip_nonlocal_bind`',
  why: 'The start fails where an address comes only later, as a floating address does.',
  remedy: '`freebind: true` in the listener, or `sysctl -w net.ipv4.ip_nonlocal_bind=1`',
  look: (facts) =>
    refusedWith(facts, 'BAL_LISTEN_NOT_HERE').map((bind) => {
      const family = bind.text.startsWith('[') ? 'ipv6' : 'ipv4';
      return problem({
        now: `${nameOf(bind)}: ${bind.reason}`,
        wanted: 'freebind: true, where the address comes later',
        fix: [
          `"freebind: true" in the listener "${bind.user}"`,
          ...sysctlFix(facts, `net.${family}.ip_nonlocal_bind`, 1),
        ],
      });
    }),
};

export const lowPorts: Check = {
  name: 'low-ports',
  looksAt: 'the right to listen on ports below `net.ipv4.ip_unprivileged_port_start`',
  why: 'Without root such ports need CAP_NET_BIND_SERVICE.',
  remedy: '`AmbientCapabilities=CAP_NET_BIND_SERVICE` in the unit',
  look: (facts) => {
    const refused = refusedWith(facts, 'BAL_LISTEN_PERMISSION');
    if (facts.plan === null) return [];
    if (refused.length === 0) return [ok(`${subjectText(facts)} may listen on all of its ports`)];
    return refused.map((bind) =>
      problem({
        now: `${nameOf(bind)}: ${bind.reason}`,
        wanted: 'CAP_NET_BIND_SERVICE',
        fix: [
          'AmbientCapabilities=CAP_NET_BIND_SERVICE    # in the unit; this shell need not have it',
          ...sysctlFix(facts, 'net.ipv4.ip_unprivileged_port_start', bind.port),
        ],
      }),
    );
  },
};
