/** What is different between two plans, for people and for programs. Fields are only ever added. */

/** One setting that changed; null is "not there". Secrets are never in it. */
export type FieldChange = {
  /** Where it stands in its thing, in the words of the configuration: `timeouts.head`. */
  readonly field: string;
  readonly from: string | null;
  readonly to: string | null;
};

/** What a change is about. `settings` is everything at the top level of the file. */
export type ThingKind =
  | 'settings'
  | 'listener'
  | 'route'
  | 'pool'
  | 'server'
  | 'name'
  | 'check'
  | 'agent'
  | 'certificate'
  | 'address';

export type PlanChange = {
  readonly kind: ThingKind;
  /** `web`; of a route, a server or a name `web/api`; of a check or an agent its pool's. */
  readonly name: string;
  readonly change: 'added' | 'removed' | 'changed';
  /** Of what was changed; empty of what came or went. */
  readonly fields: readonly FieldChange[];
  /** Sentences on what it means for connections; empty where it means nothing to them. */
  readonly effects: readonly string[];
};
