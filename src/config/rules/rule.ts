import type { ConfigPath, Report } from '../diagnostic.ts';
import type { Config } from '../schema.ts';

/**
 * What a rule looks at: the configuration with its defaults, without the parts that the schema
 * refused. Paths are those of this configuration.
 */
export type RuleContext = {
  readonly config: Config;
  readonly report: Report;
  /** Names in the file, those included whose value the schema refused. */
  readonly names: { readonly listeners: readonly string[]; readonly pools: readonly string[] };
  /** Whether the part at `path` is complete: nothing at or below it was refused. */
  readonly isWhole: (path: ConfigPath) => boolean;
};

/** A check of something that one key alone cannot tell. Runs once per load. */
export type Rule = (context: RuleContext) => void;
