/**
 * What a supervisor knows and hands to its successor: a document of named sections. A section is
 * written by the version that runs and read by the one that was installed since: each is read
 * with distrust, and one that makes no sense is left out, so that its part begins anew.
 */
import type { Plan } from '../../config/plan.ts';
import type { ProductLog } from '../product-log.ts';
import type { SectionDocument } from './messages.ts';

export type HandoverSection = {
  /** Never changes its meaning; what means something else has another name. */
  readonly name: string;
  /** What is to be handed over, fit for JSON. Called in the old process. */
  readonly save: () => unknown;
  /**
   * Takes what another process saved; called in the new one before its first plan. Must check what
   * it gets; an exception is logged, and the section counts as not there.
   */
  readonly restore: (value: unknown) => void;
  /** Called in the new process with its first plan, which has its slots, before a worker has it. */
  readonly begin?: (plan: Plan) => void;
};

/** What all parts hand over. */
export function saveSections(sections: readonly HandoverSection[]): SectionDocument {
  return Object.fromEntries(sections.map(({ name, save }) => [name, save()]));
}

/** Gives each part what was saved of it. */
export function restoreSections(
  sections: readonly HandoverSection[],
  document: SectionDocument,
  log: ProductLog,
): void {
  for (const { name, restore } of sections) {
    const value = document[name];
    if (value === undefined) continue;
    try {
      restore(value);
    } catch (error) {
      log.warn({ section: name, why: (error as Error).message }, 'a section was not taken over');
    }
  }
}

/** A map of JSON; throws where it is something else. For `restore`. */
export function mapOf(value: unknown): Readonly<Record<string, unknown>> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new Error('it is not a map');
  }
  return value as Readonly<Record<string, unknown>>;
}
