import type { ControlParts } from '../control-view.ts';
import { single, type MetricFamily, type Sample } from '../metric-family.ts';
import type { GroupStanding } from '../../guard/guard-protocol.ts';

const MS_PER_SECOND = 1_000;

/** Families of floating addresses; none where none is configured. */
export function addressFamilies({ floating }: ControlParts): MetricFamily[] {
  const { standing, guardian } = floating;
  if (guardian.pid === null) return [];
  const per = (value: (group: GroupStanding) => number): Sample[] =>
    standing.map((group) => ({ value: value(group), labels: { group: group.group } }));
  return [
    family('active', 'gauge', '1 where this node has the addresses.', per(isActive)),
    family(
      'priority',
      'gauge',
      'Priority in force.',
      per(({ priority }) => priority),
    ),
    family(
      'takeovers_total',
      'counter',
      'Times that it became active.',
      per((g) => g.takeovers),
    ),
    family(
      'adverts_sent_total',
      'counter',
      'Advertisements sent.',
      per((g) => g.advertsSent),
    ),
    family(
      'adverts_heard_total',
      'counter',
      'Advertisements heard.',
      per((g) => g.advertsHeard),
    ),
    family(
      'adverts_refused_total',
      'counter',
      'Advertisements refused, by reason.',
      standing.flatMap(({ group, advertsRefused }) =>
        Object.entries(advertsRefused).map(([reason, value]) => ({
          value,
          labels: { group, reason },
        })),
      ),
    ),
    family(
      'condition',
      'gauge',
      '1 where a condition of the addresses is well.',
      standing.flatMap(({ group, conditions }) =>
        conditions.map(({ key, isWell }) => ({
          value: isWell ? 1 : 0,
          labels: { group, condition: key },
        })),
      ),
    ),
    single('ballast_guardian_restarts_total', 'counter', 'Guardians replaced.', guardian.restarts),
    single(
      'ballast_guardian_heartbeat_age_seconds',
      'gauge',
      "For how long the guardian's loop has not turned.",
      guardian.silentMs / MS_PER_SECOND,
    ),
  ];
}

const isActive = ({ state }: GroupStanding): number =>
  state === 'active' || state === 'leaving' ? 1 : 0;

function family(
  name: string,
  type: MetricFamily['type'],
  help: string,
  values: readonly Sample[],
): MetricFamily {
  return { name: `ballast_address_${name}`, help, type, values };
}
