import type { Plan } from '../../config/plan.ts';
import type { TicketKeys } from '../certificates/ticket-keys.ts';
import type { Floating } from '../guardian/floating.ts';
import type { HealthBoard } from '../health-board.ts';
import type { Names } from '../names/names.ts';
import type { Segments } from '../segments.ts';
import type { HandoverSection } from './sections.ts';
import { agentsSection, checksSection, namesSection } from './server-sections.ts';
import { operatorSection, passiveSection } from './server-sections.ts';

export type SectionParts = {
  readonly health: HealthBoard;
  readonly names: Names;
  readonly segments: Segments;
  readonly ticketKeys: TicketKeys;
  readonly floating: Floating;
  /** The plan in force, with slots. */
  readonly plan: () => Plan;
};

/** Everything that a supervisor hands over beside its sockets and ports. */
export function allSections(parts: SectionParts): readonly HandoverSection[] {
  const { health, names, segments, ticketKeys, floating, plan } = parts;
  return [
    checksSection(health),
    agentsSection(health),
    operatorSection(health),
    namesSection(names),
    passiveSection(segments, health, plan),
    floating.section(),
    {
      // Secret: it stays between the two processes, as all of it does.
      name: 'ticket-keys',
      save: () => ticketKeys.exportKeys(),
      restore: (value) => ticketKeys.importKeys(value),
    },
  ];
}
