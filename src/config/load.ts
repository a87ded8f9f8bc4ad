import { dirname, resolve } from 'node:path';
import { warnMissingFiles } from './check-files.ts';
import type { ConfigPath, Diagnostic, Finding } from './diagnostic.ts';
import { compareDiagnostics } from './diagnostic.ts';
import type { ReadFile } from './files.ts';
import { readFiles } from './files.ts';
import { IssueTranslator } from './issues.ts';
import type { IssueFinding } from './issues.ts';
import { lower, stateFolder } from './lower.ts';
import type { Plan } from './plan.ts';
import { PrunedTree } from './pruned-tree.ts';
import { RULES } from './rules/rules.ts';
import type { Config } from './schema.ts';
import { configSchema } from './schema.ts';
import { standInFor } from './stand-ins.ts';
import { YamlFile } from './yaml-file.ts';

/** Most rounds of taking wrong parts away; each takes at least one level of the tree. */
const ROUNDS_MAX = 16;

/** What loading needs from outside. */
export type LoadOptions = {
  /** Bytes of a file by its absolute path, or null where it cannot be read. */
  readonly readFile: ReadFile;
  /** Number of workers that `workers: auto` stands for, at least 1. */
  readonly cores: number;
  /**
   * What `state: auto` stands for: the text of $STATE_DIRECTORY, which systemd sets (systemd.exec(5)).
   * Undefined or without an absolute path, nothing is kept.
   */
  readonly stateDirectory?: string | undefined;
  /**
   * Whether the file is only looked at, maybe by another user than the one that will run it: what
   * the surroundings lack is a warning then.
   */
  readonly isRehearsal?: boolean;
};

/** The plan, or null where there is an error; diagnostics in the order of the file. */
export type LoadResult = {
  readonly plan: Plan | null;
  readonly diagnostics: readonly Diagnostic[];
};

type Checked = { readonly config: Config | null; readonly findings: Finding[] };

/**
 * Checks the tree by the schema. What is wrong is cut away until the rest is right, so that the
 * rules can look at that. What cutting, or a gap in the file, can have caused is not complained of.
 */
function checkSchema(tree: PrunedTree, hasGaps: boolean): Checked {
  const findings: Finding[] = [];
  for (let round = 0; round < ROUNDS_MAX; round++) {
    const result = configSchema.safeParse(tree.value);
    if (result.success) return { config: result.data, findings };
    const found = new IssueTranslator(configSchema, tree.value).translate(result.error.issues);
    for (const { finding } of found) {
      const isAftermath =
        finding.code === 'BAL_CONFIG_MISSING_KEY' || finding.code === 'BAL_CONFIG_EMPTY';
      if ((round > 0 || hasGaps) && isAftermath) continue;
      findings.push({ ...finding, path: tree.originalPath(finding.path) });
    }
    const cuts = withoutFilled(found, tree);
    if (cuts.some((cut) => cut.length === 0)) break;
    tree.cut(cuts);
  }
  return { config: null, findings };
}

/** Fills in what is missing or has a replacement; returns what is to be cut. */
function withoutFilled(found: readonly IssueFinding[], tree: PrunedTree): ConfigPath[] {
  const cuts: ConfigPath[] = [];
  for (const { cut, missingKey, replacement } of found) {
    if (replacement !== undefined) {
      tree.fill(cut, replacement);
      continue;
    }
    const path = missingKey === undefined ? null : [...cut, missingKey];
    const value = path === null ? undefined : standInFor(path);
    if (path === null || value === undefined) cuts.push(cut);
    else tree.fill(path, value);
  }
  return cuts;
}

/** Keys of the map under `key` at the top level of the file; empty where there is none. */
function keysOf(root: unknown, key: string): readonly string[] {
  const map =
    typeof root === 'object' && root !== null ? (root as Record<string, unknown>)[key] : 0;
  const isMap = typeof map === 'object' && map !== null && !Array.isArray(map);
  return isMap ? Object.keys(map) : [];
}

/**
 * Reads a configuration: YAML (or JSON) text to a plan, or to every mistake in it. `file` is the
 * name that diagnostics begin with and that relative paths start from. Never throws for a mistake
 * in the text. Called by `ballast run`, `ballast check` and at each reload.
 */
export function loadConfig(text: string, file: string, options: LoadOptions): LoadResult {
  const yaml = new YamlFile(text, file);
  const diagnostics = [...yaml.diagnostics];
  const done = (plan: Plan | null): LoadResult => {
    const hasError = diagnostics.some((diagnostic) => diagnostic.severity === 'error');
    return { plan: hasError ? null : plan, diagnostics: diagnostics.sort(compareDiagnostics) };
  };
  if (yaml.value === undefined) return done(null);
  if (yaml.value === null) {
    if (diagnostics.length > 0) return done(null);
    const message = 'the file is empty';
    const hint = 'begin with listeners and pools';
    diagnostics.push(yaml.place({ code: 'BAL_CONFIG_EMPTY', message, hint, path: [] }));
    return done(null);
  }
  const pools = keysOf(yaml.value, 'pools');
  const listeners = keysOf(yaml.value, 'listeners');
  const certificates = keysOf(yaml.value, 'certificates');
  const names = {
    listeners,
    pools,
    poolSet: new Set(pools),
    certificates,
    certificateSet: new Set(certificates),
  };
  const tree = new PrunedTree(yaml.value);
  const { config, findings } = checkSchema(tree, yaml.hasGaps);
  for (const finding of findings) diagnostics.push(yaml.place(finding));
  if (config === null) return done(null);
  const report = (finding: Finding): void => {
    diagnostics.push(yaml.place({ ...finding, path: tree.originalPath(finding.path) }));
  };
  const isWhole = tree.isWhole.bind(tree);
  const isGiven = tree.isGiven.bind(tree);
  const { cores, stateDirectory, isRehearsal = false } = options;
  const state = stateFolder(config.state, stateDirectory);
  const context = { config, report, names, isWhole, isGiven, stateFolder: state, isRehearsal };
  for (const rule of RULES) rule(context);
  const folder = dirname(resolve(file));
  const files = readFiles(context, folder, options.readFile);
  warnMissingFiles(context, folder, options.readFile);
  const hasError = diagnostics.some((diagnostic) => diagnostic.severity === 'error');
  return done(hasError ? null : lower(config, { cores, files, folder, stateDirectory }));
}
