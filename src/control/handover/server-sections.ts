/** What is known of servers, as sections of a handover. */
import type { Plan } from '../../config/plan.ts';
import type { HealthBoard } from '../health-board.ts';
import { readInheritedChecks } from '../health/inherited-checks.ts';
import { monotonicMs } from '../../sys/monotonic.ts';
import type { Names } from '../names/names.ts';
import { readNames } from '../names/names-file.ts';
import type { PassiveCounts, Segments } from '../segments.ts';
import { readInheritedAgents } from '../server-states/agent/inherited-agents.ts';
import { readEntries } from '../server-states/state-file.ts';
import { mapOf, type HandoverSection } from './sections.ts';

/** Verdicts of the active checks. */
export function checksSection(health: HealthBoard): HandoverSection {
  return {
    name: 'checks',
    save: () => Object.fromEntries(health.checksToHandOver()),
    restore: (value) => health.inheritChecks(readInheritedChecks(mapOf(value))),
  };
}

/** What the agents of servers said. */
export function agentsSection(health: HealthBoard): HandoverSection {
  return {
    name: 'agents',
    save: () => Object.fromEntries(health.agentsToHandOver()),
    restore: (value) => health.inheritAgents(readInheritedAgents(mapOf(value))),
  };
}

/** What operators asked for, whether or not it is kept in a file. */
export function operatorSection(health: HealthBoard): HandoverSection {
  return {
    name: 'operator',
    save: () => Object.fromEntries(health.operatorEntries),
    restore: (value) => health.inheritOperator(readEntries(mapOf(value)).entries),
  };
}

/** Records of names. */
export function namesSection(names: Names): HandoverSection {
  return {
    name: 'names',
    save: () => Object.fromEntries(names.board.records()),
    restore: (value) => names.inherit(readNames(mapOf(value))),
  };
}

type Ejected = PassiveCounts & { readonly reason: string; readonly detail: string };

/** Failures in passing and ejections; their times are those of CLOCK_MONOTONIC. */
export function passiveSection(
  segments: Segments,
  health: HealthBoard,
  plan: () => Plan,
): HandoverSection {
  let inherited: Readonly<Record<string, unknown>> = {};
  return {
    name: 'passive',
    save: () => Object.fromEntries(passiveOf(segments, health, plan())),
    restore: (value) => {
      inherited = mapOf(value);
    },
    begin(first) {
      for (const { key, slot } of first.pools.flatMap(({ servers }) => servers)) {
        const counts = ejectedOf(inherited[key]);
        if (counts === null) continue;
        segments.setPassive(slot, counts);
        const forMs = counts.until * 100 - monotonicMs();
        const { reason, detail } = counts;
        if (forMs <= 0) continue;
        health.takePassive({
          type: 'passive',
          server: key,
          change: 'ejected',
          reason,
          detail,
          forMs,
        });
      }
      inherited = {};
    },
  };
}

function* passiveOf(
  segments: Segments,
  health: HealthBoard,
  plan: Plan,
): Generator<[string, Ejected]> {
  for (const { key, slot } of plan.pools.flatMap(({ servers }) => servers)) {
    const counts = segments.passive(slot);
    if (counts.failures === 0 && counts.until === 0 && counts.ejections === 0) continue;
    const ejection = health.ejection(key);
    const reason = ejection?.reason ?? 'ejected';
    yield [key, { ...counts, reason, detail: ejection?.detail ?? '' }];
  }
}

function ejectedOf(value: unknown): Ejected | null {
  if (typeof value !== 'object' || value === null) return null;
  const { failures, until, ejections, reason, detail } = value as Partial<Ejected>;
  const areCounts = [failures, until, ejections].every((one) => Number.isInteger(one));
  if (!areCounts || typeof reason !== 'string' || typeof detail !== 'string') return null;
  return value as Ejected;
}
