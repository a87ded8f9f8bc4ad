import type { BindPlan } from '../../config/plan.ts';
import type { Listeners } from '../listeners.ts';
import { mapOf, type HandoverSection } from './sections.ts';

/** Ports that the kernel chose: a successor listens on the same ones. */
export function portsSection(listeners: Listeners): HandoverSection {
  return {
    name: 'ports',
    save: () => [...listeners.chosen],
    restore(value) {
      if (!Array.isArray(value)) throw new Error('it is not a list');
      listeners.choose(new Map(value.map(entryOf)));
    },
  };
}

/** Sockets whose files are somebody else's. */
export function foreignSection(listeners: Listeners): HandoverSection {
  return {
    name: 'foreign-sockets',
    save: () => [...listeners.foreign],
    restore(value) {
      if (!Array.isArray(value)) throw new Error('it is not a list');
      listeners.markForeign(value.filter((key) => typeof key === 'string'));
    },
  };
}

function entryOf(value: unknown): [string, BindPlan] {
  const [asked, real] = Array.isArray(value) ? (value as unknown[]) : [];
  const { family, host, port } = mapOf(real);
  const isBind = family === 'ipv4' || family === 'ipv6';
  if (typeof asked !== 'string' || !isBind || typeof host !== 'string' || !isPort(port)) {
    throw new Error('an entry is not an address');
  }
  return [asked, { family, host, port }];
}

function isPort(value: unknown): value is number {
  return Number.isInteger(value) && (value as number) > 0 && (value as number) <= 0xffff;
}
